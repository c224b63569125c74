"""Sheets of Excel workbooks, with the optional package openpyxl: their cells as text, read as other texts are."""

import csv
import re
import warnings
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, is_zipfile

import pandas as pd

from backtest.data.sources.tables.cells import Cells, Places
from backtest.data.sources.tables.dialect import Dialect
from backtest.data.sources.tables.regular_file import LARGEST, larger_than
from backtest.data.sources.tables.text_table import text_cells, text_columns
from backtest.data.sources.tables.unpacking import Opener
from backtest.errors import DataError

if TYPE_CHECKING:
    from openpyxl import Workbook

Rows = Sequence[Sequence[str]]
_USED = ("decimal", "date_format", "sheet")
_AS_TEXT = Dialect(separator=",", decimal=".")


def workbook_columns(opened: Opener, name: str, dialect: Dialect) -> pd.Index:
    """Return the names of the columns after the dates, or two levels of symbols and fields.

    Raises:
        DataError: the sheet has no header of unique names.
    """
    dialect.check_used(_USED, "an Excel workbook", name)
    text = sheet_as_text(opened, name, dialect.sheet).encode()
    return text_columns(lambda: BytesIO(text), name, _AS_TEXT)


def workbook_cells(opened: Opener, name: str, dialect: Dialect) -> Cells:
    """Return all cells of a sheet: values of formulas as they were saved, and dates also as serial numbers.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.
        dialect: what the settings state about the file.

    Raises:
        DataError: openpyxl is not installed, or the sheet is not a table.
    """
    dialect.check_used(_USED, "an Excel workbook", name)
    text = sheet_as_text(opened, name, dialect.sheet).encode()
    stated = Dialect(",", dialect.decimal, dialect.date_format)
    cells = text_cells(lambda: BytesIO(text), name, stated)
    sheet = "" if dialect.sheet is None else f", sheet {dialect.sheet}"
    places = Places(f"{name}: row ", cells.places.numbers)
    return Cells(cells.dates, cells.values, places, name, stated, f"an Excel workbook{sheet}")


def sheet_as_text(opened: Opener, name: str, sheet: str | None = None) -> str:
    """Return a sheet of a workbook as CSV with a line for each row; dates are ISO dates.

    Args:
        opened: function that opens the file.
        name: name of the file, for messages.
        sheet: name of the sheet; not needed if only one has a table.

    Raises:
        DataError: openpyxl is not installed, the file is not a workbook, or the sheet is not known.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as problem:
        raise DataError(
            f"{name}: an Excel file needs the package openpyxl, which is not installed. "
            "Hint: pip install 'risk-parity-backtest[xlsx]'"
        ) from problem
    with opened() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations, which no number depends on
        _check_size(file, name)
        workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        title, rows = _rows(workbook, name, sheet)
        _check_serial_dates(workbook, rows, name)
        if not all(map(all, rows)):
            file.seek(0)
            _check_formulas(load_workbook(file, read_only=True, keep_links=False)[title], rows, name)
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _check_size(file: Any, name: str) -> None:
    if not is_zipfile(file):
        raise DataError(f"{name}: not an Excel workbook; expected a file that was saved as .xlsx")
    with ZipFile(file) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST:
            raise DataError(f"{name}: {larger_than()}; expected a file of prices")
    file.seek(0)


def _rows(workbook: "Workbook", name: str, sheet: str | None) -> tuple[str, list[list[str]]]:
    """Return the title and the rows of the sheet that is named, or of the only one with two columns or more."""
    sheets = {each.title: each for each in workbook.worksheets}
    if sheet is not None and sheet not in sheets:
        raise DataError(f"{name}: no sheet {sheet}; it has {', '.join(sheets)}")
    tables = {}
    for title in [sheet] if sheet is not None else sheets:
        sheets[title].reset_dimensions()  # some programs write wrong ones
        rows = [[_text(value) for value in row] for row in sheets[title].iter_rows(values_only=True)]
        if title == sheet or sum(sum(map(bool, row)) > 1 for row in rows) > 1:
            tables[title] = rows
    if len(tables) != 1:
        what = f"{len(tables)} sheets with tables ({', '.join(tables)})" if tables else "no sheet with a table"
        raise DataError(f"{name}: {what}; expected one. Hint: name it by the setting sheet")
    return next(iter(tables.items()))


def _check_serial_dates(workbook: "Workbook", rows: Rows, name: str) -> None:
    """Raise `DataError` for dates without a format in a workbook that counts them from 1904, as old Macs did."""
    if (
        workbook.epoch.year == 1904
        and sum(re.fullmatch(r"\d{5}(\.\d+)?", row[0]) is not None for row in rows if row) > 1
    ):
        raise DataError(f"{name}: its days are counted from 1904; expected cells with a date format")


def _check_formulas(sheet: Any, rows: Rows, name: str) -> None:
    """Raise `DataError` for the first formula whose value was not saved."""
    sheet.reset_dimensions()
    for number, (formulas, values) in enumerate(zip(sheet.iter_rows(values_only=True), rows, strict=False), 1):
        for formula, value in zip(formulas, values, strict=False):
            if not value and isinstance(formula, str) and formula.startswith("="):
                raise DataError(
                    f"{name}: row {number}: a formula without a saved value. "
                    "Hint: open the file in a spreadsheet and save it."
                )


def _text(value: Any) -> str:
    """Return a cell as text, whose number reads back as the same double.

    >>> _text(datetime(2020, 1, 31)), _text(0.1), _text(None)
    ('2020-01-31', '0.1', '')
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == datetime.min.time() else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else " ".join(str(value).split())
