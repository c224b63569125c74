"""Bytes of a text file, unpacked from gzip or zip, and their encoding."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, NamedTuple, cast
from zipfile import ZipFile

from backtest.data.sources.tables.regular_file import LARGEST, larger_than
from backtest.errors import DataError

Opener = Callable[[], BinaryIO]

_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHERS = (
    (b"PAR1", "a Parquet file", "source: parquet"),
    (b"\xd0\xcf\x11\xe0", "a workbook of Excel 2003 or before", "save it as .xlsx, and set source: excel"),
    (b"%PDF", "a PDF", "save the table as CSV"),
)


class UnpackedText(NamedTuple):
    """A file of unpacked bytes, their encoding, and the reader that knows the last bytes it gave."""

    file: "BufferedReader[_Unpacked]"
    encoding: str
    unpacked: "_Unpacked"


class _Unpacked(RawIOBase):
    """Unpacked bytes of a file: not more than `LARGEST`; the last bytes are remembered."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name, self._size, self._last = file, name, 0, b""

    @property
    def ends_with_line(self) -> bool:
        """Return whether the last letter that was read is a line end; each letter of UTF-16 has two bytes."""
        return self._last.strip(b"\0")[-1:] in (b"\n", b"\r")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        content = self._file.read(len(view))
        view[: len(content)] = content
        self._size += len(content)
        if self._size > LARGEST:  # a small compressed file can be huge
            raise DataError(f"{self._name}: {larger_than()}; expected a file of prices")
        self._last = (self._last + content[-2:])[-2:]
        return len(content)


@contextmanager
def unpack(opened: Opener, name: str, member: str | None = None) -> Iterator[UnpackedText]:
    """Yield the unpacked bytes of a text file.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.
        member: file in a zip archive; not needed if there is only one.

    Raises:
        DataError: it is a file of another kind, too large, or an archive with several files.
    """
    with opened() as file:
        begin = file.read(4)
        file.seek(0)
        other = next(((what, hint) for magic, what, hint in _OTHERS if begin.startswith(magic)), None)
        if other is not None:
            raise DataError(f"{name}: {other[0]}; expected a table as text. Hint: {other[1]}")
        if begin.startswith(b"PK\x03\x04"):
            with ZipFile(file) as archive, archive.open(_member(archive, name, member)) as inner:
                yield _text(cast("BinaryIO", inner), name)
            return
        if member is not None:
            raise DataError(f"{name}: sheet stated for a text, which has none. Hint: remove the setting.")
        if begin.startswith(b"\x1f\x8b") or name.lower().endswith(".gz"):
            yield _text(cast("BinaryIO", gzip.GzipFile(fileobj=file)), name)
        else:
            yield _text(file, name)


def _member(archive: ZipFile, name: str, member: str | None) -> str:
    """Return the file of an archive that has the table."""
    names = [file.filename for file in archive.infolist() if not file.is_dir()]
    if "[Content_Types].xml" in names:
        raise DataError(f"{name}: an Excel workbook; expected a table as text. Hint: source: excel")
    names = [each for each in names if not each.startswith("__MACOSX/") and not each.rpartition("/")[2].startswith(".")]
    if member is not None and member not in names:
        raise DataError(f"{name}: no file {member} in this archive; it has {', '.join(names)}")
    if member is None and len(names) != 1:
        what = f"{len(names)} files ({', '.join(names[:12])})" if names else "no file"
        raise DataError(f"{name}: an archive with {what}; expected one. Hint: name it by the setting sheet")
    return member or names[0]


def _text(file: BinaryIO, name: str) -> UnpackedText:
    unpacked = _Unpacked(file, name)
    buffered = BufferedReader(unpacked, 2**16)
    return UnpackedText(buffered, _encoding(buffered.peek(4)[:4]), unpacked)


def _encoding(begin: bytes) -> str:
    """Return the encoding of a text that begins with these bytes.

    >>> _encoding("date".encode("utf-16-le")[:4]), _encoding(b"date")
    ('utf-16-le', 'utf-8-sig')
    """
    marked = next((encoding for mark, encoding in _ENCODINGS if begin.startswith(mark)), None)
    if marked is not None or len(begin) < 4:
        return marked or "utf-8-sig"
    zeros = [byte == 0 for byte in begin]
    return {(False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}.get(
        (zeros[0], zeros[1], zeros[2], zeros[3]), "utf-8-sig"
    )
