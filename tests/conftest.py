"""What all tests share: hypothesis without clock, chance or a database, so that a run is the same everywhere."""

from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
settings.load_profile("same-everywhere")
