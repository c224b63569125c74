"""Data sources; each module lists its sources in `RECORDS`."""
