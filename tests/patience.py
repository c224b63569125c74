"""The limit of everything that tests wait for: it ends what hangs, and no test passes or fails by how fast it is."""

HANG = 600.0  # seconds
