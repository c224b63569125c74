"""One table of prices in the forms in which services, spreadsheets and programs write it."""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from openpyxl import Workbook

DAYS = pd.date_range("2015-01-31", periods=30, freq="ME")
NAMES = ("a", "b", "c")
_DRAWS = np.random.default_rng(5).normal([0.004, 0.002, 0.001], [0.04, 0.02, 0.0003], (30, 3))
PRICES = np.round(np.array([1000.0, 100.0, 50.0]) * np.cumprod(1 + _DRAWS, axis=0), 2)
"""(30, 3) prices; the first column lies on both sides of 1,000."""

Rows = Sequence[Sequence[str]]
Number = Callable[[float], str]
Settings = Mapping[str, Any]


class Rendering(NamedTuple):
    """A form of the table: its name, its files, and the settings that differ from a CSV file `p.csv`."""

    name: str
    files: Mapping[str, bytes]
    settings: Settings = MappingProxyType({})


DATES: Mapping[str, Callable[[datetime], str]] = {
    "ISO": lambda day: f"{day:%Y-%m-%d}",
    "eight digits": lambda day: f"{day:%Y%m%d}",
    "six digits": lambda day: f"{day:%Y%m}",
    "year and month": lambda day: f"{day:%Y-%m}",
    "German": lambda day: f"{day:%d.%m.%Y}",
    "British": lambda day: f"{day:%d/%m/%Y}",
    "American": lambda day: f"{day.month}/{day.day}/{day.year}",
    "by name": lambda day: f"{day:%d-%b-%Y}",
    "investing.com": lambda day: f"{day:%b %d, %Y}",
    "Google": lambda day: f"{day.month}/{day.day}/{day.year} 16:00:00",
    "with a zone": lambda day: f"{day:%Y-%m-%d} 00:00:00-05:00",
    "serial number": lambda day: str((day - pd.Timestamp(1899, 12, 30)).days),
}
NUMBERS: Mapping[str, Number] = {
    "point": lambda value: f"{value:.2f}",
    "comma": lambda value: f"{value:.2f}".replace(".", ","),
}
THOUSANDS: Mapping[str, Number] = {
    "1,234.50": lambda value: f"{value:,.2f}",
    "1.234,50": lambda value: f"{value:,.2f}".translate(str.maketrans(".,", ",.")),
    "1 234,50": lambda value: f"{value:,.2f}".translate(str.maketrans(".,", ",\u00a0")),
    "1'234.50": lambda value: f"{value:,.2f}".replace(",", "'"),
    "$1,234.50": lambda value: f"${value:,.2f}",
}


def table(date: str = "ISO", number: Number = NUMBERS["point"]) -> list[list[str]]:
    """Return the header and the rows as texts."""
    rows = [[DATES[date](day), *map(number, row)] for day, row in zip(DAYS, PRICES, strict=True)]
    return [["date", *NAMES], *rows]


def text(rows: Rows, separator: str = ",", end: str = "\n") -> bytes:
    """Return rows as a text; cells are quoted where they have to be."""
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator=end).writerows(rows)
    return written.getvalue().encode()


def zipped(*files: tuple[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return written.getvalue()


def workbook(rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    written = io.BytesIO()
    frame.to_parquet(written, **options)
    return written.getvalue()


def renderings() -> Iterator[Rendering]:
    """Yield all forms, each with a name of its own."""
    yield from _texts()
    yield from _encodings_and_containers()
    yield from _surroundings()
    yield from _layouts()
    yield from _workbooks()
    yield from _parquets()
    yield from _folders()


def _texts() -> Iterator[Rendering]:
    for separator in ",;\t|":
        for number, write in NUMBERS.items():
            for date in list(DATES)[: 12 if separator in ",;" else 4]:
                name = f"separator {separator!r}, decimal {number}, dates {date}"
                yield Rendering(name, {"p.csv": text(table(date, write), separator)})
    for number, write in THOUSANDS.items():
        yield Rendering(f"thousands {number}", {"p.csv": text(table("ISO", write), ";")})
    for date, form in (("German", "%d.%m.%Y"), ("six digits", "%Y%m")):
        yield Rendering(f"stated {form}", {"p.csv": text(table(date), ";")}, {"date_format": form, "separator": ";"})


def _encodings_and_containers() -> Iterator[Rendering]:
    whole = text(table())
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        yield Rendering(encoding, {"p.csv": whole.decode().encode(encoding)})
    for end in ("\r\n", "\r"):
        yield Rendering(f"line end {end!r}", {"p.csv": text(table(), end=end)})
    yield Rendering("upper-case ending", {"P.CSV": whole}, {"path": "P.CSV"})
    yield Rendering("gzip", {"p.csv.gz": gzip.compress(whole)}, {"path": "p.csv.gz"})
    yield Rendering("gzip by content", {"p.csv": gzip.compress(whole)})
    archive = zipped(("__MACOSX/._p.csv", b"x"), ("p.csv", whole))
    yield Rendering("zip", {"p.zip": archive}, {"path": "p.zip"})
    several = zipped(("read me.txt", b"Prices"), ("p.csv", whole))
    yield Rendering("file of a zip", {"p.zip": several}, {"path": "p.zip", "sheet": "p.csv"})


def _surroundings() -> Iterator[Rendering]:
    header, *rows = table()
    wide = [[*row, "", ""] for row in (header, *rows)]
    forms: Mapping[str, Rows] = {
        "newest first": [header, *rows[::-1]],
        "trailing columns": wide,
        "trailing columns of rows": [header, *([*row, ""] for row in rows)],
        "trailing rows": [*wide, [""] * 6, [""] * 6],
        "title": [["My prices, since 2015"], [], header, *rows],
        "comment": [["# own"], header, *rows],
        "header as a comment": [["# date", *NAMES], *rows],
        "notes below": [header, *rows, [], ["Source: own, without guarantee"]],
        "row numbers": [["", *header], *([str(i), *row] for i, row in enumerate(rows))],
        "date in the last column": [[*NAMES, "date"], *([*row[1:], row[0]] for row in rows)],
    }
    for name, form in forms.items():
        yield Rendering(name, {"p.csv": text(form)})


def _layouts() -> Iterator[Rendering]:
    _, *rows = table()
    by_date = [[row[0], name, cell] for row in rows for name, cell in zip(NAMES, row[1:], strict=True)]
    longs: Mapping[str, Rows] = {
        "long by date": [["date", "symbol", "close"], *by_date],
        "long by symbol": [
            ["Ticker", "Date", "Close"],
            *([n, d, v] for d, n, v in sorted(by_date, key=lambda r: r[1])),
        ],
        "long, newest first": [["date", "variable", "value"], *by_date[::-1]],
    }
    twice = [cell for _ in range(2) for cell in NAMES]
    fields = ["Close"] * 3 + ["Volume"] * 3
    body = [[*row, "1", "2", "3"] for row in rows]
    levels: Mapping[str, Rows] = {
        "yfinance": [["Price", *fields], ["Ticker", *twice], ["Date", *[""] * 6], *body],
        "yfinance by ticker": [["Ticker", *twice], ["Price", *fields], ["Date", *[""] * 6], *body],
        "two levels without a name": [["", *fields], ["", *twice], *body],
    }
    for name, form in {**longs, **levels}.items():
        yield Rendering(name, {"p.csv": text(form)})


def _workbooks() -> Iterator[Rendering]:
    stamps = [[day.to_pydatetime(), *row] for day, row in zip(DAYS, PRICES.tolist(), strict=True)]
    numbers = [[(row[0] - datetime(1899, 12, 30)).days, *row[1:]] for row in stamps]  # noqa: DTZ001 - the first serial number
    header = ["date", *NAMES]
    for name, rows in {
        "dates": [header, *stamps],
        "serial dates": [header, *numbers],
        "texts": table("German", NUMBERS["comma"]),
        "newest first": [["Prices"], [], header, *stamps[::-1]],
    }.items():
        yield Rendering(f"Excel: {name}", {"p.xlsx": workbook(rows)}, {"source": "excel", "path": "p.xlsx"})


def _parquets() -> Iterator[Rendering]:
    frame = pd.DataFrame(PRICES, index=pd.DatetimeIndex(DAYS, name="Date"), columns=list(NAMES))
    columns = frame.reset_index()
    both = pd.concat({"Close": frame, "Volume": frame * 0 + 1}, axis=1)
    settings = {"source": "parquet", "path": "p.parquet"}
    for name, content in {
        "index": parquet(frame),
        "first column": parquet(columns, index=False),
        "middle column": parquet(columns[["a", "Date", "b", "c"]], index=False),
        "texts": parquet(columns.assign(Date=columns["Date"].dt.strftime("%d.%m.%Y")), index=False),
        "two levels": parquet(both),
        "levels swapped": parquet(both.swaplevel(axis=1)),
        "long": parquet(columns.melt("Date", var_name="symbol", value_name="close"), index=False),
        "newest first": parquet(frame[::-1]),
    }.items():
        yield Rendering(f"Parquet: {name}", {"p.parquet": content}, settings)


def _folders() -> Iterator[Rendering]:
    _, *rows = table()

    def folder(name: str, file: str, write: Callable[[str, int], Rows]) -> Rendering:
        files = {f"d/{file.format(symbol)}": text(write(symbol, i)) for i, symbol in enumerate(NAMES, 1)}
        return Rendering(f"folder: {name}", files, {"path": "d"})

    yield folder("one column", "{}.CSV", lambda s, i: [["date", s], *([row[0], row[i]] for row in rows)])
    yield folder(
        "investing.com",
        "{} Historical Data.csv",
        lambda _, i: [
            ["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"],
            *([DATES["American"](day), f"{x:,.2f}", "1", "1", "1", "12.5M", "0.1%"] for day, x in _column(i)[::-1]),
        ],
    )
    stooq = ["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>", "<OPENINT>"]
    yield folder(
        "Stooq",
        "{}.us.txt",
        lambda name, i: [
            stooq,
            *(
                [f"{name.upper()}.US", "D", f"{day:%Y%m%d}", "000000", *"111", str(x), "9", "0"]
                for day, x in _column(i)
            ),
        ],
    )
    yield folder(
        "symbol in the file",
        "prices of {}.csv",
        lambda name, i: [["symbol", "date", "close"], *([name, row[0], row[i]] for row in rows)],
    )
    yield folder(
        "Nasdaq",
        "{}.csv",
        lambda _, i: [
            ["Date", "Close/Last", "Volume", "Open", "High", "Low"],
            *([f"{day:%m/%d/%Y}", f"${x:,.2f}", "5", "$1", "$1", "$1"] for day, x in _column(i)[::-1]),
        ],
    )


def _column(i: int) -> list[tuple[pd.Timestamp, float]]:
    return list(zip(DAYS, PRICES[:, i - 1].tolist(), strict=True))
