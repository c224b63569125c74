"""Addresses of files on other machines."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StrictStr

from backtest.errors import UNPRINTABLE
from backtest.redaction import redact_address

_LONGEST_NAME, _LONGEST_PATH = 255, 4_096  # bytes, on most file systems


def is_address(path: str) -> bool:
    """Return whether a path is an address such as `s3://bucket/prices.parquet` rather than a file on this machine.

    >>> is_address("https://example.org/prices.csv"), is_address("prices.csv"), is_address("C:/prices.csv")
    (True, False, False)
    """
    return "://" in path


def _check_path(path: str) -> str:
    """Return the path of a file or folder, or an address, if it can be one.

    Raises:
        ValueError: it cannot be. An address is not quoted, because it may hold a password.
    """
    if UNPRINTABLE.search(path):
        raise ValueError("a path with a character that cannot be printed; expected text")
    if is_address(path):
        try:
            _ = urlsplit(path).port
        except ValueError:  # its message may quote the address
            raise ValueError("not a valid address; expected one such as https://example.org/prices.csv") from None
        return path
    if path.startswith("~") and os.path.expanduser(path).startswith("~"):  # noqa: PTH111 - Path raises RuntimeError
        raise ValueError(f"there is no home folder {Path(path).parts[0]}; expected a path such as ~/prices.csv")
    longest = max((len(part.encode()) for part in path.split("/")), default=0)
    if longest > _LONGEST_NAME or len(path.encode()) > _LONGEST_PATH:
        raise ValueError(
            f"a path with a name of {longest:,} bytes; expected names of {_LONGEST_NAME} bytes and paths of "
            f"{_LONGEST_PATH:,} bytes at most"
        )
    return path


PathOrAddress = Annotated[StrictStr, AfterValidator(_check_path)]


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
