"""What all tests share: hypothesis without clock, chance or a database, and no way out of this machine."""

import os

from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, deadline=None, database=None)
settings.load_profile("same-everywhere")

# pytest-socket keeps Python's sockets to 127.0.0.1; curl has its own, which a proxy where nobody listens keeps in.
os.environ.update(dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"))
