"""Excel workbooks as tables: several sheets, serial dates, saved values of formulas, and texts around the table."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from backtest.data.market_data import MarketData, load
from backtest.errors import DataError
from support.files.bad_files import good_lines
from support.files.loaded_files import csv_settings

ROWS = [line.split(",") for line in good_lines()[1:]]
DAYS = [datetime.fromisoformat(row[0]) for row in ROWS]
PRICES = [[float(cell) for cell in row[1:]] for row in ROWS]
HEADER = ["date", "a", "b", "c"]
Sheet = list[list[Any]]


def save(path: Path, **sheets: Sheet) -> None:
    """Write a workbook with these rows by sheet."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def prices(folder: Path, **stated: Any) -> list[list[float]]:
    return loaded(folder, **stated).prices.to_numpy().tolist()


def loaded(folder: Path, **stated: Any) -> MarketData:
    return load(csv_settings(source="excel", path="p.xlsx", **stated), folder)


def table(dates: list[Any]) -> Sheet:
    return [HEADER, *([day, *row] for day, row in zip(dates, PRICES, strict=True))]


EXPECTED = [row[:2] for row in PRICES]


@pytest.mark.parametrize(
    "dates",
    [
        DAYS,
        [day.date() for day in DAYS],
        [day + timedelta(hours=16) for day in DAYS],
        [(day - datetime.fromisoformat("1899-12-30")).days for day in DAYS],  # serial numbers without a date format
        [f"{day:%d.%m.%Y}" for day in DAYS],
        [int(f"{day:%Y%m}") for day in DAYS],
    ],
)
def test_dates_of_any_type_are_read(tmp_path: Path, dates: list[Any]) -> None:
    save(tmp_path / "p.xlsx", Sheet1=table(dates))
    assert prices(tmp_path) == EXPECTED
    assert loaded(tmp_path).dates.tolist() == DAYS


def test_the_only_sheet_with_a_table_is_read_below_its_title(tmp_path: Path) -> None:
    rows: Sheet = [["Prices"], [], *table(DAYS), [], ["Source: own"]]
    save(tmp_path / "p.xlsx", Notes=[["nothing here"], ["or here"]], Data=rows, Empty=[])
    assert prices(tmp_path) == EXPECTED


def test_a_sheet_is_asked_for_if_several_have_tables(tmp_path: Path) -> None:
    save(tmp_path / "p.xlsx", Old=table(DAYS[::-1]), New=table(DAYS))
    with pytest.raises(DataError, match=r"^p\.xlsx: 2 sheets with tables \(Old, New\); expected one\. Hint: .* sheet"):
        loaded(tmp_path)


def test_a_cell_that_is_not_a_number_is_named_by_its_row(tmp_path: Path) -> None:
    rows = table(DAYS)
    rows[5][1] = "n.m."
    save(tmp_path / "p.xlsx", Sheet1=rows)
    with pytest.raises(DataError, match=r"^p\.xlsx: row 6: a: 'n\.m\.' is not a number"):
        loaded(tmp_path)


def test_a_file_that_is_not_a_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.xlsx").write_text("\n".join(good_lines()))
    with pytest.raises(DataError, match=r"^p\.xlsx: not an Excel workbook; expected a file that was saved as \.xlsx"):
        loaded(tmp_path)


def test_without_openpyxl_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "p.xlsx", Sheet1=table(DAYS))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(
        DataError, match=r"needs the package openpyxl, .* Hint: pip install 'risk-parity-backtest\[xlsx\]"
    ):
        loaded(tmp_path)


def test_a_formula_without_a_saved_value_is_named(tmp_path: Path) -> None:
    """Programs write formulas without their values; a spreadsheet saves both."""
    rows = table(DAYS)
    rows[7][2] = "=B8*2"
    save(tmp_path / "p.xlsx", Sheet1=rows)
    with pytest.raises(DataError, match=r"^p\.xlsx: row 8: a formula without a saved value\. Hint: open the file in a"):
        loaded(tmp_path)


def test_saved_values_of_formulas_are_read(tmp_path: Path) -> None:
    workbook = xlsxwriter.Workbook(str(tmp_path / "p.xlsx"))
    sheet = workbook.add_worksheet()
    for row, cells in enumerate(table([f"{day:%Y-%m-%d}" for day in DAYS])):
        sheet.write_row(row, 0, cells)
        if row:
            sheet.write_formula(row, 1, f"=C{row + 1}*1", None, cells[1])
    workbook.close()
    assert prices(tmp_path) == EXPECTED


def test_serial_dates_counted_from_1904_need_a_date_format(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in table([(day - datetime.fromisoformat("1904-01-01")).days for day in DAYS]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    with pytest.raises(DataError, match=r"^p\.xlsx: its days are counted from 1904; expected cells with a date format"):
        loaded(tmp_path)
