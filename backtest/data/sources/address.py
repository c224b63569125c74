"""Addresses of files on other machines."""

from pathlib import Path

from backtest.redaction import redact_address


def is_address(path: str) -> bool:
    """Return whether a path is an address such as `s3://bucket/prices.parquet` rather than a file on this machine.

    >>> is_address("https://example.org/prices.csv"), is_address("prices.csv"), is_address("C:/prices.csv")
    (True, False, False)
    """
    return "://" in path


def public(address: str) -> str:
    """Return a path or address without secret or personal parts.

    Secrets in an address are hidden (`backtest.redaction`); the home folder in a path is replaced by `~`, which can be
    read again.

    >>> public("https://me:secret@example.org/p.csv?token=abc").partition("#")[0]
    'https://example.org/p.csv'
    """
    if is_address(address):
        return redact_address(address)
    home = str(Path.home())
    return f"~{address.removeprefix(home)}" if address.startswith(home + "/") else address
