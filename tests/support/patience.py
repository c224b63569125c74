"""Time limit of every wait in the tests: it ends hanging tests, and no test depends on speed below it."""

HANG = 600.0  # seconds
