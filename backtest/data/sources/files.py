"""Files of prices or returns: one wide file, a folder of one file for each symbol, or an address of either kind."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, partial
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from urllib.parse import urlsplit

import pandas as pd

from backtest.data.quality.adjusted_closes import NO_DIVIDENDS, caveat_of_close, is_adjusted, plain
from backtest.data.raw_series import Kind, RawSeries
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.address import is_address, public
from backtest.data.sources.source import CatalogueEntry, Source, SourceRecord
from backtest.data.sources.tables.cells import Cells
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.layouts import Layout, is_one_symbol, layout_of, symbol_column, with_close
from backtest.data.sources.tables.number_cells import is_percentage
from backtest.data.sources.tables.regular_file import LARGEST, check_exists, clear_errors, larger_than, open_regular
from backtest.data.sources.tables.symbol_names import own_name, plain_name, without_vendor
from backtest.errors import DataError, DataUnavailableError, UnknownSeries

_CLOSES = {
    "close": "close",
    "dividends": "dividends",
    "capitalgains": "capital_gains",
    "stocksplits": "splits",
    "splits": "splits",
}
_SHOWN = 12  # columns listed in a message
_KINDS: Mapping[str, Kind] = {"close": "closes", "level": "levels", "return": "returns"}


Opener = Callable[[], BinaryIO]


@dataclass(frozen=True)
class FileFormat:
    """Format of table files.

    Args:
        endings: endings of file names, in small letters; new files get the first.
        columns: function that returns the names of the columns after the date. Arguments: a function that opens the
            file, its name, and what the settings state about it.
        cells: function that returns all cells, with the same arguments.
    """

    endings: tuple[str, ...]
    columns: Callable[[Opener, str, Dialect], pd.Index]
    cells: Callable[[Opener, str, Dialect], Cells]

    def record(self, name: str) -> SourceRecord:
        """Return the record of the source that reads files of this format."""
        return SourceRecord(name, open=self._open, endings=self.endings)

    def _open(self, spec: SeriesSpec, folder: Path, _: Path) -> "Files":
        path = spec.path or ""
        place = path if is_address(path) else str(folder / Path(path).expanduser())
        return Files(self, place, spec.values, spec.dialect)


class Files(Source):
    """A table, a folder of one table for each symbol, or an address that fsspec opens.

    A table has a column for each series, a row for each date and symbol, or columns for each symbol and field. The
    columns of one symbol are its level alone, or `Adj Close`, or `Close` with `Dividends`, from which the total return
    is computed.

    Args:
        form: format of the files.
        path: path of the file or folder, or an address.
        values: `prices` or `returns`.
        dialect: what the settings state about the files.
    """

    def __init__(self, form: FileFormat, path: str, values: str = "prices", dialect: Dialect | None = None) -> None:
        self._form, self._path, self._values, self._dialect = form, path, values, dialect or Dialect()
        self._ending = form.endings[0]
        self.cached = self._address = is_address(path)  # a file on this machine is read again each time
        self._is_folder = path.endswith("/") if self._address else os.path.isdir(path)  # noqa: PTH112 - Path raises if it is too long
        self._label = public(path) if self._address else Path(path).name
        self._layout: Layout | None = None
        self._reading = Lock()

    def catalogue(self) -> list[CatalogueEntry] | None:
        """Return the names of a table's series, or of the folder's files; None for an address, which is not fetched.

        Raises:
            DataError: there is no such file or folder, or the file has no header of unique names.
        """
        if self._address:
            return None
        with clear_errors(self._label):
            check_exists(Path(self._path))
            return [CatalogueEntry(name, "asset") for name in self._names()]

    def _names(self) -> list[str]:
        if self._is_folder:
            return list(dict.fromkeys(without_vendor(name) for name in self._in_folder))
        found = Path(self._path).stat()
        state = found.st_mtime_ns, found.st_size, found.st_ino
        columns = _header_of(self._form.columns, self._path, self._label, self._dialect, state)
        if not isinstance(columns, pd.MultiIndex) and symbol_column(list(columns)) is None:
            return [*columns, *([own_name(self._path)] if is_one_symbol(list(columns)) else [])]
        return list(self._read(0.0).symbols)

    def knows(self, symbol: str) -> bool:
        """Return whether a folder has a file of a symbol under another name, or with other letters in capitals."""
        if self._address or not self._is_folder:
            return False
        try:
            return bool(self._alike(symbol, 0.0))
        except UnknownSeries:
            return False

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - always the whole history
        """Return the series of one column, or of one file of the folder; always the whole history.

        Raises:
            UnknownSeries: there is no such column or file.
            DataError: the file, or a date or number in it, cannot be read.
            DataUnavailableError: the address cannot be read.
        """
        with clear_errors(self._label):
            return self._own_file(symbol, seconds) if self._is_folder else self._column(symbol, seconds)

    def layout_of_one(self, seconds: float) -> Layout:
        """Return the layout of the file, or of the first file of a folder.

        Raises:
            DataError: it cannot be read.
        """
        with clear_errors(self._label):
            if not self._is_folder:
                return self._read(seconds)
            place = next(iter(self._in_folder.values()))
            return layout_of(self._cells(place, Path(place).name, seconds))

    def has_one_symbol(self, names: Sequence[str]) -> bool:
        """Return whether the names in a file are columns of one symbol, whose own name is the last of them."""
        return not self._is_folder and names[-1] == own_name(self._path) and is_one_symbol(names[:-1])

    def _read(self, seconds: float) -> Layout:
        with self._reading:  # read once for all series, which share one index
            if self._layout is None:
                self._layout = layout_of(self._cells(self._path, self._label, seconds))
        return self._layout

    def _column(self, symbol: str, seconds: float) -> RawSeries:
        layout = self._read(seconds)
        if symbol in layout.symbols:
            others = () if layout.has_symbols else layout.symbols
            return self._series(layout.part(symbol), self._label, caveat_of_close(symbol, list(others)))
        if is_one_symbol(layout.symbols) and own_name(self._path) == symbol:
            return self._series(layout.cells, self._label)
        if layout.has_symbols and len(layout.symbols) == 1:  # a column of the only symbol
            only = layout.part(layout.symbols[0])
            if symbol in only.values.columns:
                return self._series(only.part(only.values[[symbol]]), self._label)
        columns = list(layout.symbols)
        more = f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else ""
        raise UnknownSeries(f"{self._label}: no column {symbol}; it has {', '.join(columns[:_SHOWN])}{more}")

    @cached_property
    def _in_folder(self) -> dict[str, str]:
        """Return the files by symbol. Only these can be read, so that no symbol leads out of the folder."""
        files = {}
        for file in sorted(Path(self._path).iterdir()):
            ending = next((each for each in self._form.endings[::-1] if file.name.lower().endswith(each)), None)
            if ending is not None and not file.name.startswith(".") and file.is_file():
                files[file.name[: -len(ending)]] = str(file)
        if not files:
            raise DataError(
                f"{self._path}: a folder without files that end in {self._ending}; expected one for each symbol"
            )
        return files

    def _own_file(self, symbol: str, seconds: float) -> RawSeries:
        if self._address:
            if not all(letter.isalnum() or letter in "._-^=" for letter in symbol):
                raise UnknownSeries(f"{self._label}: {symbol!r} cannot be the name of a file in this folder")
            place = f"{self._path}{symbol}{self._ending}"
        else:
            place = self._in_folder.get(symbol) or self._alike(symbol, seconds)
        label = f"{symbol}{self._ending}" if self._address else Path(place).name
        with clear_errors(label):
            layout = layout_of(self._cells(place, label, seconds))
            return self._series(_own_part(layout, symbol, label), label)

    def _alike(self, symbol: str, seconds: float) -> str:
        """Return the file of a symbol that is not a file's exact name: by its name at a vendor, or by its content.

        Raises:
            UnknownSeries: there is no such file, or there are several.
        """
        found = [place for name, place in self._in_folder.items() if plain_name(name) == plain_name(symbol)]
        found = found or [place for place in self._in_folder.values() if self._has(place, symbol, seconds)]
        if len(found) != 1:
            what = f"{len(found)} files of {symbol}" if found else f"no file {symbol}{self._ending}"
            raise UnknownSeries(f"{self._label}: {what} in this folder")
        return found[0]

    def _has(self, place: str, symbol: str, seconds: float) -> bool:
        """Return whether a file of the folder has rows or columns of a symbol."""
        label = Path(place).name
        with clear_errors(label):
            columns = self._form.columns(partial(open_regular, Path(place), label), label, self._dialect)
            if not isinstance(columns, pd.MultiIndex) and symbol_column(list(columns)) is None:
                return False
            return plain_name(symbol) in map(plain_name, layout_of(self._cells(place, label, seconds)).symbols)

    def _cells(self, place: str, label: str, seconds: float) -> Cells:
        if self._address:
            content = _download(place, label, seconds)
            return self._form.cells(lambda: BytesIO(content), label, self._dialect)
        return self._form.cells(partial(open_regular, Path(place), label), label, self._dialect)

    def _series(self, cells: Cells, label: str, caveats: tuple[str, ...] = ()) -> RawSeries:
        """Return the series of one symbol's columns, with caveats if it is one of levels."""
        cells = with_close(cells)
        columns, notes = _columns(list(cells.values.columns), label, self._values)
        for name, as_ in columns.items():
            if as_ != "return" and (cells.in_percent or is_percentage(cells.values[name])):
                raise DataError(
                    f"{label}: {name}: percentages; expected prices. Hint: values: returns, or a rate without the signs"
                )
        numbers = {as_: cells.numbers(name) for name, as_ in columns.items()}
        values = pd.DataFrame(numbers, index=cells.date_column.dates, copy=False)
        kind = _KINDS[values.columns[0]]
        notes = (*notes, *caveats) if kind == "levels" else notes
        return RawSeries(values, label, kind, places=cells.places, notes=notes, facts=_facts(cells))


def _own_part(layout: Layout, symbol: str, label: str) -> Cells:
    """Return the columns of the symbol that a file of a folder belongs to.

    Raises:
        DataError: the file has several symbols, and this is not one of them.
    """
    if not layout.has_symbols:
        return layout.cells
    own = [each for each in layout.symbols if len(layout.symbols) == 1 or plain_name(each) == plain_name(symbol)]
    if len(own) != 1:
        raise DataError(f"{label}: symbols {', '.join(layout.symbols[:_SHOWN])}; expected {symbol} alone")
    return layout.part(own[0])


def _facts(cells: Cells) -> dict[str, str]:
    """Return facts about a file: times of day that were dropped, a last line that is cut."""
    clock = cells.date_column.clock
    facts = {} if clock is None else {"clock": clock}
    return facts if cells.ends_with_line else {**facts, "open_end": "true"}


@lru_cache(maxsize=64)
def _header_of(
    columns: Callable[[Opener, str, Dialect], pd.Index],
    path: str,
    label: str,
    dialect: Dialect,
    state: tuple[int, ...],  # noqa: ARG001 - a file in another state is read again
) -> pd.Index:
    """Return the names of a file's columns after the date; a sweep checks thousands of settings against them."""
    return columns(partial(open_regular, Path(path), label), label, dialect)


def _columns(names: list[str], label: str, values: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the columns of a symbol's own file by their meaning, the price first, and a caveat."""
    known = {plain(name): name for name in reversed(names)}
    if values == "returns":
        if len(names) != 1:
            raise DataError(f"{label}: {len(names)} columns in addition to the date; expected one column of returns")
        return {names[0]: "return"}, ()
    if "close" in known and "dividends" in known:
        return {known[name]: column for name, column in _CLOSES.items() if name in known}, ()
    adjusted = [name for name in names if is_adjusted(name)]
    if len(names) == 1:
        return {names[0]: "level"}, ()
    if adjusted:
        return {adjusted[0]: "level"}, (f"the column {adjusted[0]} is taken as total return",)
    if "close" in known:
        return {known["close"]: "level"}, (NO_DIVIDENDS,)
    raise DataError(
        f"{label}: columns {', '.join(names)}; expected Close with Dividends, or Adj Close, or one column of levels"
    )


def _download(address: str, label: str, seconds: float) -> bytes:
    """Return the whole content of an address."""
    if urlsplit(address).scheme in ("http", "https"):
        from backtest.data.sources.network.http_download import download

        return download(address, label=label, seconds=seconds)
    try:
        return _content(address, label)
    except FileNotFoundError as problem:
        raise UnknownSeries(f"{label}: nothing at {public(address)}") from problem
    except ImportError as problem:
        raise DataError(f"{label}: {problem}. Hint: install that package too.") from problem
    except DataError:
        raise
    except Exception as problem:  # each file system raises its own errors
        raise DataUnavailableError(
            f"{label}: {public(address)} could not be read ({type(problem).__name__})"
        ) from problem


def _content(address: str, label: str) -> bytes:
    import fsspec

    system, path = fsspec.url_to_fs(address)
    if system.info(path)["type"] in ("directory", "other"):  # `file://` leads to pipes and devices too
        raise DataError(f"{label}: not a file; expected a file of prices")
    with system.open(path, "rb") as file:
        content: bytes = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(f"{label}: {larger_than()}; expected a file of prices")
    return content
