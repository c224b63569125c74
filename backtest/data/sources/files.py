"""Files of prices or returns: one wide file, a folder of one file for each symbol, or an address of either kind."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from urllib.parse import urlsplit

import pandas as pd

from backtest.data.quality.adjusted_closes import NO_DIVIDENDS, caveat_of_close, is_adjusted, plain
from backtest.data.raw_series import RawSeries
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.address import is_address, public
from backtest.data.sources.cells import Cells, to_dates, to_numbers
from backtest.data.sources.regular_file import LARGEST, check_exists, clear_errors, larger_than, open_regular
from backtest.data.sources.source import CatalogueEntry, Source, SourceRecord
from backtest.errors import DataError, DataUnavailableError, UnknownSeries

_CLOSES = {
    "close": "close",
    "dividends": "dividends",
    "capitalgains": "capital_gains",
    "stocksplits": "splits",
    "splits": "splits",
}
_SHOWN = 12  # columns listed in a message


@dataclass(frozen=True)
class FileFormat:
    """Format of table files.

    Args:
        endings: endings of file names; new files get the first.
        header: function that returns the names of the columns after the date. Arguments: a function that opens the
            file, and its name.
        cells: function that returns all cells, with the same arguments.
    """

    endings: tuple[str, ...]
    header: Callable[[Callable[[], BinaryIO], str], list[str]]
    cells: Callable[[Callable[[], BinaryIO], str], Cells]

    def record(self, name: str) -> SourceRecord:
        """Return the record of the source that reads files of this format."""
        return SourceRecord(name, open=self._open, endings=self.endings)

    def _open(self, spec: SeriesSpec, folder: Path, _: Path) -> "Files":
        path = spec.path or ""
        return Files(self, path if is_address(path) else str(folder / Path(path).expanduser()), spec.values)


class Files(Source):
    """A wide CSV or Parquet file, a folder of one such file for each symbol, or an address that fsspec opens.

    A wide file has the date first and a column for each series. A symbol's own file has the date and its level in
    the only other column, or in `Adj Close`, or `Close` with `Dividends`, from which the total return is computed.

    Args:
        form: format of the files.
        path: path of the file or folder, or an address.
        values: `prices` or `returns`.
    """

    def __init__(self, form: FileFormat, path: str, values: str = "prices") -> None:
        self._form, self._path, self._values = form, path, values
        self._ending = form.endings[0]
        self.cached = self._address = is_address(path)  # a file on this machine is read again each time
        self._is_folder = path.endswith("/") if self._address else os.path.isdir(path)  # noqa: PTH112 - Path raises if it is too long
        self._label = public(path) if self._address else Path(path).name
        self._wide: tuple[Cells, pd.DatetimeIndex, Mapping[str, str]] | None = None
        self._reading = Lock()

    def catalogue(self) -> list[CatalogueEntry] | None:
        """Return the names in the file's header, or of the folder's files; None for an address, which is not fetched.

        Raises:
            DataError: there is no such file or folder, or the file has no header of unique names.
        """
        if self._address:
            return None
        with clear_errors(self._label):
            check_exists(Path(self._path))
            if self._is_folder:
                names = list(self._in_folder)
            else:
                names = self._form.header(partial(open_regular, Path(self._path), self._label), self._label)
        return [CatalogueEntry(name, "asset") for name in names]

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - always the whole history
        """Return the series of one column, or of one file of the folder; always the whole history.

        Raises:
            UnknownSeries: there is no such column or file.
            DataError: the file, or a date or number in it, cannot be read.
            DataUnavailableError: the address cannot be read.
        """
        with clear_errors(self._label):
            return self._own_file(symbol, seconds) if self._is_folder else self._column(symbol, seconds)

    def _column(self, symbol: str, seconds: float) -> RawSeries:
        with self._reading:  # read once for all series, which share one index
            if self._wide is None:
                cells = self._cells(self._path, self._label, seconds)
                self._wide = cells, *_dated(cells)
        cells, dates, facts = self._wide
        if symbol not in cells.values.columns:
            columns = list(cells.values.columns)
            more = f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else ""
            raise UnknownSeries(f"{self._label}: no column {symbol}; it has {', '.join(columns[:_SHOWN])}{more}")
        numbers = to_numbers(cells.values[symbol], symbol, cells.places)
        kind, column = ("returns", "return") if self._values == "returns" else ("levels", "level")
        values = pd.DataFrame(numbers[:, None], index=dates, columns=[column], copy=False)
        notes = caveat_of_close(symbol, list(cells.values.columns)) if kind == "levels" else ()
        return RawSeries(values, self._label, kind, places=cells.places, notes=notes, facts=facts)  # type: ignore[arg-type]  # one of two literals

    @cached_property
    def _in_folder(self) -> dict[str, str]:
        """Return the files by symbol. Only these can be read, so that no symbol leads out of the folder."""
        files = {}
        for file in sorted(Path(self._path).iterdir()):
            for ending in self._form.endings:
                if file.name.endswith(ending) and not file.name.startswith(".") and file.is_file():
                    files[file.name.removesuffix(ending)] = str(file)
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
        elif symbol not in self._in_folder:
            raise UnknownSeries(f"{self._label}: no file {symbol}{self._ending} in this folder")
        else:
            place = self._in_folder[symbol]
        label = f"{symbol}{self._ending}" if self._address else Path(place).name
        with clear_errors(label):
            return self._symbol_file(place, label, seconds)

    def _symbol_file(self, place: str, label: str, seconds: float) -> RawSeries:
        cells = self._cells(place, label, seconds)
        columns, notes = _columns(list(cells.values.columns), label, self._values)
        numbers = {as_: to_numbers(cells.values[name], name, cells.places) for name, as_ in columns.items()}
        kinds = {"close": "closes", "level": "levels", "return": "returns"}
        dates, facts = _dated(cells)
        values = pd.DataFrame(numbers, index=dates)
        kind = kinds[values.columns[0]]
        return RawSeries(values, label, kind, places=cells.places, notes=notes, facts=facts)  # type: ignore[arg-type]  # of the literals

    def _cells(self, place: str, label: str, seconds: float) -> Cells:
        if self._address:
            content = _download(place, label, seconds)
            return self._form.cells(lambda: BytesIO(content), label)
        return self._form.cells(partial(open_regular, Path(place), label), label)


def _dated(cells: Cells) -> tuple[pd.DatetimeIndex, dict[str, str]]:
    """Return the dates of cells, and facts about the file: times of day that were dropped, a last line that is cut."""
    dates, clock = to_dates(cells.dates, cells.places)
    facts = {} if clock is None else {"clock": clock}
    return dates, facts if cells.ends_with_line else {**facts, "open_end": "true"}


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
