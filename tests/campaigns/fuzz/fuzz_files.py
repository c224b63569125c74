"""Data files by structure and by bytes: CSV, plain or packed, Excel and Parquet, wide or one file a symbol."""

import gzip
import io
import random
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pyarrow import parquet

from campaigns.fuzz.fuzz_case import Case
from campaigns.fuzz.fuzz_configs import as_yaml
from campaigns.fuzz.odd_values import FLOATS, TEXTS, odd_bytes
from campaigns.fuzz.whole_runs import problems_of

Rows = list[list[str]]

_FORMS = (
    "{:%d/%m/%Y}", "{:%m/%d/%y}", "{:%Y%m%d}", "{:%b %d, %Y}", "{:%Y-%m}", "{:%Y-%m-%dT%H:%M:%SZ}", "0{:%Y-%m-%d}",
    "{0.year}", "{:%Y-%m-%d 16:00+05:00}", "9{:%Y-%m-%d}",
)  # fmt: skip
_HEADERS: tuple[list[str], ...] = (["Date", "Close", "Dividends"], ["a"], [], ["date", "a", "a", "cash"])
_TYPES = (
    pa.string(), pa.float32(), pa.int8(), pa.timestamp("ns", "UTC"), pa.date64(), pa.decimal128(38, 6), pa.bool_(),
    pa.list_(pa.float64()), pa.binary(), pa.duration("s"), pa.null(), pa.dictionary(pa.int32(), pa.string()),
)  # fmt: skip
_PANDAS = ("{}", "[]", "x", "", '{"index_columns": ["nothing"], "columns": []}', '{"index_columns": [{}]}')


def file_case(seed: int, number: int) -> Case:
    """Return the data file of a case, and a configuration that reads it."""
    rng = random.Random(f"file {seed} {number}")
    ending = rng.choice(("csv", "csv", "csv.gz", "zip", "xlsx", "parquet"))
    rows = _table(rng)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        rows = _odd(rows, rng)
    content = {"parquet": _parquet, "xlsx": _workbook}.get(ending, _csv)(rows, rng)
    if rng.random() < 0.2:
        content = odd_bytes(content, rng)
    if ending in ("csv.gz", "zip"):
        content = gzip.compress(content, mtime=0) if ending == "csv.gz" else _archive(content, rng)
        if rng.random() < 0.3:
            content = odd_bytes(content, rng)
    config, files = _config(rng, ending), {}
    if rng.random() < 0.15:  # a folder of one file for each symbol
        config["data"]["path"] = "p"
        files = {f"p/{name}.{ending}": content for name in ("a", "b", "cash")}
    else:
        config["data"]["path"] = f"p.{ending}"
        files = {f"p.{ending}": content}
    files["mine.yaml"] = as_yaml(config).encode()
    return Case(files, problems_of(number), f"{files['mine.yaml'].decode()}\n{content[:3000]!r}")


def _config(rng: random.Random, ending: str) -> dict[str, Any]:
    source = {"parquet": "parquet", "xlsx": "excel"}.get(ending, "csv")
    data: dict[str, Any] = {"source": source, "assets": ["a", "b"], "cash": "cash"}
    extra: dict[str, Any] = {
        "frequency": "monthly",
        "calendar": rng.choice(("union", "intersection")),
        "ragged": True,
        "periods_per_year": 12,
        "values": "returns",
        "opens": {"path": f"p.{ending}"},
        "cash": 0.02,
        "loan_rate": "cash",
        "start": "2010-06-30",
        "separator": rng.choice((",", ";", "tab")),
        "decimal": rng.choice(".,"),
        "date_format": rng.choice(("%d/%m/%Y", "%Y%m", "%Y-%m-%d")),
        "sheet": rng.choice(("Sheet", "p.csv")),
        "consumer_prices": "cash",
    }
    data |= {name: extra[name] for name in extra if rng.random() < 0.06}
    strategy = rng.choice(
        ({"name": "inverse_volatility"}, {"name": "erc"}, {"name": "sixty_forty", "weights": {"a": 1}})
    )
    config = {"name": "mine", "data": data, "estimation": {"window": 12}, "strategy": strategy}
    if "opens" in data and rng.random() < 0.5:
        config["rebalance"] = {"execution": "open", "execution_lag": 1}
    return config


def _table(rng: random.Random) -> Rows:
    """Return a header and rows of dates and prices, by month or by business day, as the texts of a CSV."""
    days = pd.date_range("2010-01-31", periods=60, freq=rng.choice(("ME", "B")))
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0.002, 0.01, (60, 3)) * (1, 2, 0.05)
    prices = 100 * np.exp(np.cumsum(noise, axis=0))
    rows = [[f"{day:%Y-%m-%d}", *(f"{price:.6f}" for price in row)] for day, row in zip(days, prices, strict=True)]
    return [["date", "a", "b", "cash"], *rows]


def _odd(rows: Rows, rng: random.Random) -> Rows:
    """Return a table with another cell, row, column, order, header or form of dates."""
    at = rng.randrange(len(rows))
    row = rows[at]
    column = rng.randrange(len(row) + 1)
    form = rng.choice(_FORMS)

    def with_rows(*new: list[str]) -> Rows:
        return [*rows[:at], *new, *rows[at + 1 :]]

    def with_cells(*new: str) -> Rows:
        return with_rows([*row[:column], *new, *row[column + 1 :]])

    changes: tuple[Callable[[], Rows], ...] = (
        lambda: with_cells(rng.choice(TEXTS)),
        lambda: with_cells(str(rng.choice(FLOATS))),
        lambda: with_cells(*(f"-{cell}" for cell in row[column : column + 1])),
        lambda: with_cells(""),
        with_cells,
        lambda: with_rows([*row, rng.choice(("", "1", "x"))]),
        lambda: with_rows(row, row),
        with_rows,
        lambda: rows[: at + 1] + rows[at + rng.choice((5, 60)) :],
        lambda: [rows[0], *rows[:0:-1]],
        lambda: [["" if n == 0 else str(n), *cells] for n, cells in enumerate(rows)],
        lambda: [cells[::-1] for cells in rows],
        lambda: [rows[0], *([_in_form(cell, form) for cell in cells] for cells in rows[1:])],
        lambda: [*rows[:at], *([*cells[:1], rng.choice(("", "nan", "0", "5")), *cells[2:]] for cells in rows[at:])],
        lambda: [rng.choice(_HEADERS), *rows[1:]],
    )
    return rng.choice(changes)() or [[]]


def _in_form(cell: str, form: str) -> str:
    """Return a date in another form; other cells as they are."""
    try:
        return form.format(date.fromisoformat(cell))
    except ValueError:
        return cell


def _csv(rows: Rows, rng: random.Random) -> bytes:
    separator = rng.choice((",",) * 12 + (";", "\t", ", ", ",\x00"))
    end = rng.choice(("\n",) * 6 + ("\r\n", "\r", "\n\n", "\u2028"))
    quote = rng.choice(("",) * 8 + ('"', "'"))
    if rng.random() < 0.1:
        rows = [[cell.replace(".", ",") for cell in row] for row in rows]
    text = end.join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    encoding = rng.choice(("utf-8",) * 8 + ("utf-16", "utf-16-be"))
    return (text + rng.choice((end, end, end, "", ","))).encode(encoding, "surrogatepass")


def _archive(content: bytes, rng: random.Random) -> bytes:
    """Return a zip archive of the file, and sometimes of another one."""
    written = io.BytesIO()
    with ZipFile(written, "w") as archive:
        for name in ("p.csv", *rng.choice(((), (), ("notes.txt",), ("[Content_Types].xml",)))):
            archive.writestr(ZipInfo(name), content)
    return written.getvalue()


def _workbook(rows: Rows, rng: random.Random) -> bytes:
    """Return an Excel file of the table, with cells of numbers, dates and texts, and now and then another sheet."""
    book = Workbook()
    for _ in range(rng.choice((1, 1, 1, 2))):
        sheet = book.create_sheet() if book.active.max_row > 1 else book.active
        for row in rows:
            sheet.append([_typed(cell, rng) for cell in row])
    written = io.BytesIO()
    book.save(written)
    return _without_times(written)


def _without_times(workbook: io.BytesIO) -> bytes:
    """Return an Excel file without the time of its writing."""
    written = io.BytesIO()
    with ZipFile(workbook) as given, ZipFile(written, "w") as archive:
        for name in given.namelist():
            archive.writestr(
                ZipInfo(name), re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2020-01-01T00:00:00Z", given.read(name))
            )
    return written.getvalue()


def _typed(cell: str, rng: random.Random) -> Any:
    """Return a cell as a date or a number if it is one, or as a text that a workbook can hold."""
    for kind in rng.choice(((date.fromisoformat, float), (float,), ())):
        try:
            return kind(cell)
        except ValueError:
            continue
    return ILLEGAL_CHARACTERS_RE.sub("?", cell)[:30_000].encode("utf-8", "replace").decode()


def _parquet(rows: Rows, rng: random.Random) -> bytes:
    """Return a Parquet file of the table, with columns of numbers, dates, texts or odd types, or with odd metadata."""
    width = max(map(len, rows))
    columns = [[row[n] if n < len(row) else None for row in rows[1:]] for n in range(width)]
    names = [rows[0][n] if n < len(rows[0]) else f"c{n}" for n in range(width)]
    table = pa.table([_column(cells, rng) for cells in columns], names=names)
    if rng.random() < 0.3:
        table = table.replace_schema_metadata({b"pandas": rng.choice(_PANDAS).encode()})
    elif rng.random() < 0.5 and names and len(set(names)) == len(names):
        table = pa.Table.from_pandas(table.to_pandas(ignore_metadata=True).set_index(rng.choice(names)))
    written = io.BytesIO()
    parquet.write_table(table, written, compression=rng.choice(("snappy", "none", "gzip")))
    return written.getvalue()


def _column(cells: list[str | None], rng: random.Random) -> Any:
    """Return cells as numbers or dates if they are, and now and then as another type."""
    column = pa.array(cells, pa.string())
    for kind in (pa.float64(), pa.date32()):
        try:
            column = column.cast(kind)
            break
        except pa.ArrowInvalid:
            continue
    if rng.random() < 0.15:
        odd = rng.choice(_TYPES)
        try:
            return column.cast(odd, safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return pa.nulls(len(cells), odd)
    return column
