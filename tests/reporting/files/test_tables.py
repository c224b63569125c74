"""Tables above a size are Parquet files, and all tables can be sheets of a workbook."""

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ReportError
from backtest.reporting.files import table_files
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes, read_table, table_file
from backtest.reporting.files.workbook import write_workbook
from support.builders.synthetic_result import synthetic_result
from support.command_line import command
from support.files.small_run import run_small, without_figures, write_small_config

DATES = pd.date_range("2020-01-31", periods=4, freq="ME")
TABLE = pd.DataFrame(
    {"=gold": [0.5, np.nan, -0.25, np.inf], "reason": ["band", "=1+1", "@now", "-x"]}, index=DATES
)  # one name and three texts are formulas to a spreadsheet


# Parquet


@pytest.mark.parametrize(("rows", "name"), [(500_000, "big.csv"), (500_001, "big.parquet")])
def test_a_table_above_half_a_million_cells_is_a_parquet_file(rows: int, name: str) -> None:
    table = pd.DataFrame({"a": np.arange(rows, dtype=float)}, index=pd.RangeIndex(rows))
    assert table_file("big", table)[0] == name


def test_both_formats_hold_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLE.rename(columns={"=gold": "gold"})
    read = []
    for limit in (8, 7):
        monkeypatch.setattr(table_files, "PARQUET_ABOVE", limit)
        name, content = table_file("one", table[["gold", "reason"]].assign(reason="band"))
        (tmp_path / name).write_bytes(content)
        read.append(read_table(tmp_path / name))
    assert {path.name for path in tmp_path.iterdir()} == {"one.csv", "one.parquet"}
    pd.testing.assert_frame_equal(read[0], read[1], check_dtype=False, check_index_type=False, check_freq=False)


def test_a_report_with_parquet_files_is_verified_and_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "PARQUET_ABOVE", 150)
    done = run_small(tmp_path)
    found = {path.name for path in done.iterdir() if path.suffix in (".csv", ".parquet")}
    assert {"weights.parquet", "contributions.parquet", "nav.csv"} <= found
    manifest = json.loads((done / "manifest.json").read_text("utf-8"))
    assert "weights.parquet" in manifest["files"]
    assert manifest["parquet_above_cells"] == 500_000  # as documented; the limit of this test is not
    assert command("verify", done).code == 0
    assert command("replay", done).code == 0
    weights = pd.read_parquet(done / "weights.parquet")
    weights["bonds"] += np.where(weights.index == "2012-07-31", 1e-3, 0.0)
    weights.to_parquet(done / "weights.parquet")
    answer = command("replay", done)
    assert answer.code == 4
    assert "weights.parquet: changed or deleted since the report was written" in answer.out
    manifest.pop("files")
    (done / "manifest.json").write_text(json.dumps(manifest))
    assert "  weights.parquet: row 32 (2012-07-31), bonds: " in command("replay", done).out


# The workbook

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(path: Path) -> Iterator[tuple[str, ET.Element]]:
    """Yield the name and the XML of each sheet."""
    with zipfile.ZipFile(path) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - written by the test itself
        for number, sheet in enumerate(book.iter(f"{_SHEET}sheet"), start=1):
            text = archive.read(f"xl/worksheets/sheet{number}.xml")
            yield sheet.get("name", ""), ET.fromstring(text)  # noqa: S314


def cells_of(sheet: ET.Element) -> dict[str, str | float]:
    """Return the texts and numbers of a sheet by place."""
    cells: dict[str, str | float] = {}
    for cell in sheet.iter(f"{_SHEET}c"):
        value, text = cell.find(f"{_SHEET}v"), cell.find(f"{_SHEET}is/{_SHEET}t")
        if text is not None:
            cells[cell.get("r", "")] = text.text or ""
        elif value is not None:
            cells[cell.get("r", "")] = float(value.text or "nan")
    return cells


def test_a_sheet_has_typed_dates_numbers_and_texts_without_formulas(tmp_path: Path) -> None:
    write_workbook({"trades": TABLE, "nav": TABLE[["=gold"]]}, tmp_path / "t.xlsx")
    (name, trades), (_, nav) = sheets_of(tmp_path / "t.xlsx")
    days = [float((day.date() - date(1899, 12, 30)).days) for day in DATES]  # as Excel counts them
    assert name == "trades"
    assert cells_of(trades) == {
        "A1": "date", "B1": "'=gold", "C1": "reason",
        "A2": days[0], "B2": 0.5, "C2": "band",
        "A3": days[1], "C3": "'=1+1",
        "A4": days[2], "B4": -0.25, "C4": "'@now",
        "A5": days[3], "B5": "inf", "C5": "'-x",
    }  # fmt: skip
    assert not [*trades.iter(f"{_SHEET}f"), *nav.iter(f"{_SHEET}f")]
    (pane,) = trades.iter(f"{_SHEET}pane")
    assert (pane.get("state"), pane.get("topLeftCell")) == ("frozen", "B2")


def test_dates_percentages_and_money_have_their_formats(tmp_path: Path) -> None:
    write_workbook({"weights": TABLE, "nav": TABLE}, tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        styles = ET.fromstring(archive.read("xl/styles.xml"))  # noqa: S314
    codes = {form.get("numFmtId"): form.get("formatCode") for form in styles.iter(f"{_SHEET}numFmt")}
    codes["10"] = "0.00%"  # built in
    (kinds,) = styles.iter(f"{_SHEET}cellXfs")
    shown = {}
    for name, sheet in sheets_of(tmp_path / "t.xlsx"):
        for cell in sheet.iter(f"{_SHEET}c"):
            shown[name, cell.get("r")] = codes.get(kinds[int(cell.get("s", "0"))].get("numFmtId"))
    assert shown["weights", "A2"] == shown["nav", "A2"] == "yyyy-mm-dd"
    assert (shown["weights", "B2"], shown["nav", "B2"]) == ("0.00%", "0.0000")


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook({"weights": TABLE}, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_report_has_a_workbook_with_every_table_on_request(tmp_path: Path) -> None:
    result = synthetic_result()
    bt.write_report(result, tmp_path / "report", xlsx=True)
    expected = tables(result)
    sheets = dict(sheets_of(tmp_path / "report/tables.xlsx"))
    assert list(sheets) == list(expected)
    for name, table in expected.items():
        header = csv_bytes(table).decode().partition("\n")[0].split(",")
        assert list(cells_of(sheets[name]).values())[: len(header)] == header
        assert len([*sheets[name].iter(f"{_SHEET}row")]) == len(table) + 1
    read = pd.read_csv(io.BytesIO(csv_bytes(expected["nav"])))
    in_csv = pytest.approx(read["strategy"].iloc[1], rel=1e-15)  # a workbook has 16 digits
    assert cells_of(sheets["nav"])["B3"] == in_csv
    assert date(1899, 12, 30) + timedelta(int(cells_of(sheets["nav"])["A3"])) == date.fromisoformat(read["date"][1])
    assert "tables.xlsx" in (tmp_path / "report/tearsheet.html").read_text("utf-8")


def test_the_command_writes_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_small_config(tmp_path)
    assert without_figures("run", config, "--output", tmp_path / "done", "--xlsx").code == 0
    assert (tmp_path / "done/tables.xlsx").is_file()
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    answer = without_figures("run", config, "--output", tmp_path / "other", "--xlsx")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: a workbook needs the package XlsxWriter, which is not installed. "
        "Hint: pip install 'risk-parity-backtest[xlsx]'\n"
    )
    assert not (tmp_path / "other").exists()


def test_a_table_that_does_not_fit_into_a_sheet_is_refused(tmp_path: Path) -> None:
    wide = pd.DataFrame(np.zeros((1, 2**14)), index=DATES[:1])
    with pytest.raises(ReportError, match=r"weights has 1 rows and 16,384 columns; expected at most 1,048,575 and "):
        write_workbook({"weights": wide}, tmp_path / "t.xlsx")
    assert not (tmp_path / "t.xlsx").exists()
