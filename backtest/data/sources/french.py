"""Kenneth French's data library: factors, the market, bills and portfolios, each a column of a zipped file."""

import re
from calendar import monthrange
from datetime import date
from io import BytesIO
from threading import Lock
from time import monotonic
from typing import Literal
from zipfile import ZipFile

import numpy as np
import pandas as pd

from backtest.data.raw_series import RawSeries
from backtest.data.sources.network.http_download import download, refuse_page
from backtest.data.sources.source import Source, SourceRecord
from backtest.errors import SourceDown, TimedOut, UnknownSeries

_FACTORS = "F-F_Research_Data_Factors"
_LONG_SHORT = {"SMB", "HML", "RMW", "CMA", "Mom", "WML", "ST_Rev", "LT_Rev"}
_MISSING = (-99.99, -999.0)  # percent, as stated at the head of each file
_LARGEST = 256 * 2**20  # bytes of an unpacked file, some ten times the size of the largest


class French(Source):
    """Returns of Kenneth French's data library (Tuck School, Dartmouth), revised as a whole with each release of CRSP.

    A symbol is a column of his three factors, `Mkt-RF`, `SMB`, `HML` or `RF` (the one-month bill), or `DATASET/COLUMN`
    of any other file, such as `10_Industry_Portfolios/NoDur`; `Mkt` is `Mkt-RF` + `RF`, the market itself. The first
    table of a file is used; if there are several, it is the value-weighted table.

    Args:
        frequency: `monthly` or `daily`; `daily` adds `_daily` to the name of a data set that does not end with it.
        base: address of the folder with his files.
    """

    def __init__(
        self,
        frequency: Literal["monthly", "daily"],
        base: str = "https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/ftp",
    ) -> None:
        self._daily, self._base = frequency == "daily", base
        self._name = "french_daily" if self._daily else "french"
        self._tables: dict[str, pd.DataFrame] = {}  # one download for all columns of a file
        self._locks: dict[str, Lock] = {}

    def fetch(self, symbol: str, since: date | None, seconds: float) -> RawSeries:  # noqa: ARG002 - always the whole history
        """Return the returns of one column; always the whole history.

        Raises:
            UnknownSeries: there is no such file, or no such column in it.
            DataUnavailableError: the file could not be fetched.
        """
        label = f"{self._name} {symbol}"
        dataset, column = self._parts(symbol)
        table = self._table(dataset, label, seconds)
        if column == "Mkt" and "Mkt" not in table.columns and {"Mkt-RF", "RF"} <= set(table.columns):
            percent = table["Mkt-RF"] + table["RF"]
        elif column in table.columns:
            percent = table[column]
        else:
            more = " and more" if len(table.columns) > 12 else ""
            raise UnknownSeries(
                f"{label}: {dataset} has no column {column}; it has {', '.join(table.columns[:12])}{more}"
            )
        values = (percent / 100).to_frame("return")
        return RawSeries(values, label, "returns", notes=_notes(column))

    def _parts(self, symbol: str) -> tuple[str, str]:
        """Return data set and column. Only the data set is part of a URL, and it cannot lead out of the folder."""
        match = re.fullmatch(r"(?:([A-Za-z0-9][A-Za-z0-9_-]*)/)?([^/\x00-\x1f]+)", symbol)
        if match is None:
            raise UnknownSeries(
                f"{self._name}: {symbol!r} is not the name of a series; expected a column of {_FACTORS}, "
                "or DATASET/COLUMN"
            )
        dataset, column = match[1] or _FACTORS, match[2].strip()
        if self._daily and not dataset.lower().endswith("_daily"):  # some names end in _Daily
            dataset += "_daily"
        return dataset, column

    def _table(self, dataset: str, label: str, seconds: float) -> pd.DataFrame:
        """Return a file's first table, downloaded once; wait if another thread is downloading it."""
        end = monotonic() + seconds
        lock = self._locks.setdefault(dataset, Lock())
        if not lock.acquire(timeout=seconds):
            raise TimedOut(
                f"{label}: another download of {dataset} did not finish in {seconds:.3g} s. "
                "Hint: try again, or raise data.timeout."
            )
        try:
            if dataset not in self._tables:
                self._tables[dataset] = self._download(dataset, label, max(end - monotonic(), 0.01))
            return self._tables[dataset]
        finally:
            lock.release()

    def _download(self, dataset: str, label: str, seconds: float) -> pd.DataFrame:
        try:
            content = download(f"{self._base}/{dataset}_CSV.zip", label=label, seconds=seconds)
        except UnknownSeries as problem:
            ending = " (daily ones end in _daily or _Daily)" if self._daily else ""
            raise UnknownSeries(
                f"{label}: no data set {dataset} (status 404). "
                f"Hint: use the name of the zip file in the library, without _CSV.zip{ending}."
            ) from problem
        refuse_page(content, label)
        return _first_table(_unzipped(content, label), 8 if self._daily else 6, label)


def _unzipped(content: bytes, label: str) -> str:
    try:
        with ZipFile(BytesIO(content)) as archive:
            [member] = (file for file in archive.infolist() if file.filename.lower().endswith((".csv", ".txt")))
            return archive.read(member).decode("latin-1") if member.file_size <= _LARGEST else ""
    except Exception as problem:  # each part of a damaged zip file raises different errors
        raise SourceDown(f"{label}: no usable zip file with one CSV was returned. Hint: try again later.") from problem


def _first_table(text: str, digits: int, label: str) -> pd.DataFrame:
    """Return the first table whose dates have the given number of digits, in percent; its header is above it."""
    lines = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    dated = [bool(re.fullmatch(r"\d{6}(\d\d)?", row[0])) and len(row) > 1 for row in lines]
    if True not in dated:
        raise SourceDown(f"{label}: no table of returns in the file; expected rows such as 192607,2.96")
    begin = dated.index(True)
    end = begin + [*dated[begin:], False].index(False)
    header, rows = next((row for row in reversed(lines[:begin]) if any(row)), []), lines[begin:end]
    if len(rows[0][0]) != digits:
        frequency, source = ("daily", "french_daily") if digits == 6 else ("monthly", "french")
        raise UnknownSeries(f"{label}: the file is {frequency}. Hint: use source: {source}.")
    if len(header) < 2 or header[0] or any(len(row) != len(header) for row in rows):
        raise SourceDown(f"{label}: rows and header of the table in the file do not match")
    try:
        values = np.array([row[1:] for row in rows]).astype(float)
        dates = pd.DatetimeIndex([_day(row[0]) for row in rows], dtype="datetime64[s]", name="date")
    except ValueError as problem:
        raise SourceDown(f"{label}: the file has a cell that is not a number or a date") from problem
    values[np.isin(values, _MISSING)] = np.nan
    return pd.DataFrame(values, index=dates, columns=header[1:])


def _day(digits: str) -> date:
    """Return a day, or the last day of a month."""
    year, month = int(digits[:4]), int(digits[4:6])
    return date(year, month, int(digits[6:]) if len(digits) == 8 else monthrange(year, month)[1])


def _notes(column: str) -> tuple[str, ...]:
    if column == "Mkt-RF":
        return ("a return above cash: what cash earns is not in it",)
    if column in _LONG_SHORT:
        return ("the return of a long-short portfolio: no capital is tied up in it, and what cash earns is not added",)
    return ()


RECORDS = (
    SourceRecord("french", open=lambda *_: French("monthly"), is_monthly=True),
    SourceRecord("french_daily", open=lambda *_: French("daily")),
)
