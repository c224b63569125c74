"""Addresses of files on other machines."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit


def is_address(path: str) -> bool:
    """Return whether a path is an address such as `s3://bucket/prices.parquet` rather than a file on this machine.

    >>> is_address("https://example.org/prices.csv"), is_address("prices.csv"), is_address("C:/prices.csv")
    (True, False, False)
    """
    return "://" in path


def public(address: str) -> str:
    """Return a path or address without secret or personal parts.

    User, password and query of an address are replaced by a few digits of their checksum; the home folder in a path is
    replaced by `~`, which can be read again.

    >>> public("s3://bucket/prices.csv")
    's3://bucket/prices.csv'
    >>> public("https://me:secret@example.org/p.csv?token=abc").partition("#")[0]
    'https://example.org/p.csv'
    """
    if not is_address(address):
        home = str(Path.home())
        return f"~{address.removeprefix(home)}" if address.startswith(home + "/") else address
    parts = urlsplit(address)
    if not (parts.query or "@" in parts.netloc):
        return address
    digits = hashlib.sha256(address.encode()).hexdigest()[:8]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}#{digits}"
