"""Time limit of everything that tests wait for: it ends hanging tests, and no test depends on speed below it."""

HANG = 600.0  # seconds
