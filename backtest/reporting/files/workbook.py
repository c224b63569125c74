"""Tables of a report as sheets of one Excel workbook, with the optional package XlsxWriter."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.errors import ReportError
from backtest.reporting.files.table_files import no_formula

WORKBOOK = "tables.xlsx"
_MOST_ROWS, _MOST_COLUMNS = 2**20 - 1, 2**14 - 1  # of a sheet, without the header and the dates
_MONEY = ("nav", "costs", "orders")
"""Tables of amounts, in units of the first NAV or in money; the numbers of the others are shown in percent."""

_FORMATS = {"date": "yyyy-mm-dd", "percent": "0.00%", "money": "0.0000"}
_WIDTHS = {"date": 11, "number": 14}  # characters


def check_workbook() -> None:
    """Raise `ReportError` if XlsxWriter is not installed."""
    try:
        import xlsxwriter  # noqa: F401 - only whether it can be imported
    except ImportError as error:
        raise ReportError(
            "a workbook needs the package XlsxWriter, which is not installed. "
            "Hint: pip install 'risk-parity-backtest[xlsx]'"
        ) from error


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write a workbook with a sheet for each table: dates, percentages, and a header that stays in view.

    Texts are stored as texts, never as formulas, and begin with an apostrophe where those in CSV do. NaN is an empty
    cell, and numbers have 16 digits. The same tables give the same bytes.

    Args:
        tables: (P, n) numbers and texts by date, by name of the sheet.
        path: file to write.

    Raises:
        ReportError: XlsxWriter is not installed, or a table has more rows or columns than a sheet can have.
    """
    check_workbook()
    from xlsxwriter import Workbook

    for name, table in tables.items():
        if len(table) > _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
            raise ReportError(
                f"{WORKBOOK}: {name} has {len(table):,} rows and {len(table.columns):,} columns; expected at most "
                f"{_MOST_ROWS:,} and {_MOST_COLUMNS:,} in a sheet. Hint: leave --xlsx out and read the other files."
            )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": datetime(1980, 1, 1)})  # noqa: DTZ001 - as in its archive: any fixed time
        formats = {name: workbook.add_format({"num_format": text}) for name, text in _FORMATS.items()}
        bold = workbook.add_format({"bold": True})
        for name, table in tables.items():
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, 0, _WIDTHS["date"])
            sheet.set_column(1, max(len(table.columns), 1), _WIDTHS["number"])
            for column, header in enumerate(("date", *table.columns)):
                sheet.write_string(0, column, str(no_formula(header)), bold)
            _write_rows(sheet, table, formats["date"], formats["money" if name in _MONEY else "percent"])


def _write_rows(sheet: Any, table: pd.DataFrame, day: Any, number: Any) -> None:
    for row, (date, *values) in enumerate(table.itertuples(name=None), start=1):
        sheet.write_datetime(row, 0, date.to_pydatetime(), day)
        for column, value in enumerate(values, start=1):
            if isinstance(value, str):
                sheet.write_string(row, column, no_formula(value))
            elif math.isfinite(value):
                sheet.write_number(row, column, value, number)
            elif math.isinf(value):
                sheet.write_string(row, column, str(value))
