"""Bootstrap intervals and tests of differences."""
