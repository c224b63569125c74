"""Portable file names of sources and symbols."""

import hashlib

from backtest.errors import DataError

_LONGEST = 200  # bytes of a name, so that endings fit into the 255 of every file system
_PLAIN = frozenset(b"0123456789_-")
_UPPER = _PLAIN | frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # symbols are mostly in upper case
_LOWER = _PLAIN | frozenset(b"abcdefghijklmnopqrstuvwxyz")  # sources in lower case; mixed case may clash
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(10))}  # on Windows


def file_name(symbol: str) -> str:
    """Return a symbol as a portable file name: bytes other than A-Z, 0-9, `_` and `-` are percent-encoded.

    Different symbols have different names, even on file systems that ignore case, and no name leads out of its folder.
    A name that would be too long ends with a checksum instead.

    Raises:
        DataError: the symbol is empty, or holds control characters.

    >>> file_name("SPY"), file_name("^IRX"), file_name("../X"), file_name("nul")
    ('SPY', '%5EIRX', '%2E%2E%2FX', '%6E%75%6C')
    """
    return _name(symbol, _UPPER)


def folder_name(source: str) -> str:
    """Return a source as a portable folder name, like `file_name` but in lower case.

    Raises:
        DataError: the name is empty, or holds control characters.

    >>> folder_name("yfinance"), folder_name("mine:Own")
    ('yfinance', 'mine%3A%4Fwn')
    """
    return _name(source, _LOWER)


def _name(text: str, plain: frozenset[int]) -> str:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = b""
    if not data or any(byte < 32 or byte == 127 for byte in data):
        raise DataError(f"{text!r} cannot be the name of a series; expected letters, digits and punctuation")
    name = "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in data)
    if name.upper() in _RESERVED:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST:
        digest = hashlib.sha256(data).hexdigest()[:32]
        name = f"{name[: _LONGEST - 33]}~{digest}"
    return name
