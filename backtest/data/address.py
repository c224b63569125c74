"""Addresses of files elsewhere."""

import hashlib
from urllib.parse import urlsplit


def is_address(path: str) -> bool:
    """Whether a path is an address such as `s3://bucket/prices.parquet`, and not one on this machine.

    >>> is_address("https://example.org/prices.csv"), is_address("prices.csv"), is_address("C:/prices.csv")
    (True, False, False)
    """
    return "://" in path


def public(address: str) -> str:
    """An address without what may be a secret in it: user, password and query, in whose place a few digits stand.

    >>> public("s3://bucket/prices.csv")
    's3://bucket/prices.csv'
    >>> public("https://me:secret@example.org/p.csv?token=abc").partition("#")[0]
    'https://example.org/p.csv'
    """
    parts = urlsplit(address)
    if not (parts.query or "@" in parts.netloc):
        return address
    digits = hashlib.sha256(address.encode()).hexdigest()[:8]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}#{digits}"
