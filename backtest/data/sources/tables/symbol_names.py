"""Symbols in the names of files, as vendors write them."""

import re
from pathlib import Path

_VENDORS = re.compile(r"( Historical (Data|Prices)|_us_d|\.us|_d)?( ?\(\d+\))?$", re.IGNORECASE)
"""What investing.com, Stooq and browsers add to a symbol."""


def own_name(path: str) -> str:
    """Return the symbol of a file: its name without what follows a point.

    >>> own_name("data/SPY.csv.gz")
    'SPY'
    """
    return Path(path).name.partition(".")[0]


def without_vendor(name: str) -> str:
    """Return the name of a file without what vendors and browsers add to a symbol.

    >>> without_vendor("SPY Historical Data (1)"), without_vendor("spy_us_d"), without_vendor("SPY.US")
    ('SPY', 'spy', 'SPY')
    """
    return _VENDORS.sub("", name)


def plain_name(name: str) -> str:
    """Return a symbol or the name of a file in small letters, without what vendors add."""
    return without_vendor(name).lower()
