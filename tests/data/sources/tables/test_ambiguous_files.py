"""Files that can be read in two ways: the message names the setting that decides; wrong files stay refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backtest.config import load_config
from backtest.data.market_data import load
from backtest.errors import ConfigError, DataError
from support.builders.market_files import write_config
from support.files.loaded_files import csv_settings
from support.files.renderings import table, text, zipped

HEADER, *ROWS = table()
FIRST_DAYS = [f"0{month}/01/2015" for month in range(1, 10)]


def refusal(folder: Path, content: bytes | str, name: str = "p.csv", **settings: Any) -> str:
    """Return the message of a load of a file with this content."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        load(csv_settings(path=name, **settings), folder)
    return str(caught.value)


def rows(dates: list[str], cell: str = "1{}.5") -> bytes:
    return text([HEADER, *([day, *[cell.format(10 + i)] * 3] for i, day in enumerate(dates))])


def test_days_and_months_that_cannot_be_told_apart_need_a_date_format(tmp_path: Path) -> None:
    message = refusal(tmp_path, rows(FIRST_DAYS))
    assert message == (
        "p.csv:3: '02/01/2015' may have the day or the month first, as all dates of the file may; expected dates that "
        "can be told apart. Hint: date_format: '%d/%m/%Y' or '%m/%d/%Y'"
    )
    assert load(csv_settings(date_format="%m/%d/%Y"), tmp_path).periods_per_year == 12
    assert load(csv_settings(date_format="%d/%m/%Y"), tmp_path).dates[1].day == 2


def test_commas_that_may_separate_thousands_need_a_decimal_mark(tmp_path: Path) -> None:
    content = rows([row[0] for row in ROWS], "1,1{}")
    message = refusal(tmp_path, content)
    assert message == (
        "p.csv: in '1,110' the comma may separate thousands or decimals; expected numbers that can be told apart. "
        "Hint: decimal: '.' or decimal: ','"
    )
    assert load(csv_settings(decimal="."), tmp_path).prices.iloc[0, 0] == 1110
    assert load(csv_settings(decimal=","), tmp_path).prices.iloc[0, 0] == 1.11


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows(["190101", "190201", "190301"]), "p.csv:2: '190101' may be a month or a day; expected ISO dates"),
        (rows(["31.01.15", "28.02.15"]), "Hint: data.date_format: '%d/%m/%y', for example, states another form"),
        (rows(["2015.1", "2015.2"]), "'2015.1' is not a date: it may be month 1, or month 10 without its zero"),
        (rows(["31/01/2015", "31/02/2015"]), "p.csv:3: '31/02/2015' is not a date; expected dates such as 31/01/2020"),
        (text([HEADER, *ROWS[::-1], ROWS[3]]), "p.csv:3: date 2017-05-31 comes after 2017-06-30"),
        (text([HEADER, *ROWS, ["Total", "1", "2", "3"]]), "p.csv:32: 'Total' is not a date"),
        (text([HEADER, *ROWS, ["total", "", "", ""], ROWS[1]]), "p.csv:32: 'total' is not a date"),
        (text([["Date", *HEADER], *([row[0], *row] for row in ROWS)]), "columns Date and date; expected one column of"),
        (text([[*HEADER, ""], *([*row, "1"] for row in ROWS)]), "p.csv:1: column 5 has no name; expected a name for"),
        (text([HEADER, *([row[0], "0.5%", *row[2:]] for row in ROWS)]), "p.csv: a: percentages; expected prices. Hint"),
        (text([HEADER, *ROWS], ":"), "separator: ';'"),
        (b"date,symbol,x\n2015-01-31,,1\n2015-02-28,a,1\n", "p.csv:2: no symbol; expected the symbol of each row"),
        (b"PAR1 and more", "p.csv: a Parquet file; expected a table as text. Hint: source: parquet"),
        (b"\xd0\xcf\x11\xe0 and more", "a workbook of Excel 2003 or before; expected a table as text. Hint: save it"),
        (zipped(("[Content_Types].xml", b"")), "p.csv: an Excel workbook; expected a table as text. Hint: source: exc"),
        (zipped(("a.csv", b""), ("b.csv", b"")), "an archive with 2 files (a.csv, b.csv); expected one. Hint: name it"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_unclear_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(tmp_path, content)


def test_a_file_of_several_symbols_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in "abc":
        (tmp_path / "d" / f"{name}.csv").write_bytes(
            text([["date", "symbol", "x"], ["2015-01-31", "p", "1"], ["2015-02-28", "q", "1"]])
        )
    with pytest.raises(DataError, match=r"^a\.csv: symbols p, q; expected a alone"):
        load(csv_settings(path="d"), tmp_path)


def test_two_files_of_one_symbol_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("A.csv", "A Historical Data.csv"):
        (tmp_path / "d" / name).write_bytes(text([["date", "x"], ["2015-01-31", "1"]]))
    with pytest.raises(DataError, match=r"^d: 2 files of a in this folder"):
        load(csv_settings(path="d"), tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"separator": ";;"}, "got ';;', expected one character such as ';', or tab"),
        ({"date_format": "dd/mm/yyyy"}, "got 'dd/mm/yyyy', expected codes of a date with its year"),
        ({"decimal": ":"}, "Input should be '.' or ','"),
        ({"source": "fred", "path": None, "decimal": ","}, "a decimal can only come from source: csv, excel"),
        ({"cash": {"source": "fred", "symbol": "X", "sheet": "S"}}, "cash: a sheet can only come from source: csv"),
    ],
)  # fmt: skip
def test_settings_of_files_are_checked(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        csv_settings(**settings)
    assert words in str(caught.value)


def test_settings_of_a_section_hold_for_its_series_and_not_for_other_sources(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(text(table("German"), ";"))
    (tmp_path / "opens.csv").write_bytes(text(table("American"), "\t"))
    data = load(
        csv_settings(
            separator=";", date_format="%d.%m.%Y", assets={"a": {"class": "x"}, "b": {"date_format": "%d.%m.%Y"}},
            opens={"path": "opens.csv", "separator": "tab", "date_format": "%m/%d/%Y"},
        ),
        tmp_path,
    )  # fmt: skip
    assert data.opens is not None
    assert data.opens.equals(data.prices)


def test_a_configuration_names_symbols_as_they_are_in_a_folder_or_in_its_files(tmp_path: Path) -> None:
    """The names are checked when the configuration is read, before any price is."""
    (tmp_path / "d").mkdir()
    for name, column in {"spy.us.txt": 1, "TLT Historical Data.csv": 2}.items():
        (tmp_path / "d" / name).write_bytes(text([["date", "x"], *([row[0], row[column]] for row in ROWS)]))
    long = [["symbol", "date", "x"], *(["QQQ", row[0], row[3]] for row in ROWS)]
    (tmp_path / "d" / "bills.csv").write_bytes(text(long))
    data = {"source": "csv", "path": "d", "assets": ["SPY", "tlt", "qqq"], "cash": 0.02}
    config = write_config(tmp_path / "x.yaml", data=data, strategy="equal_weight")
    assert load_config(config).data.names == ("SPY", "tlt", "qqq")
    config.write_text(config.read_text().replace("qqq", "IEF"))
    with pytest.raises(ConfigError, match=r"data\.assets\[2\]: no series IEF; available: TLT, bills, spy"):
        load_config(config)


def test_a_column_of_the_only_symbol_of_a_table_is_read_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(text([["date", "ticker", "a", "b", "c"], *([r[0], "X", *r[1:]] for r in ROWS)]))
    (tmp_path / "q.csv").write_bytes(text([HEADER, *ROWS]))
    assert load(csv_settings(), tmp_path).prices.equals(load(csv_settings(path="q.csv"), tmp_path).prices)


@pytest.mark.parametrize(
    ("name", "source", "setting", "form"),
    [
        ("p.parquet", "parquet", {"separator": ";"}, "separator stated for a Parquet file"),
        ("p.parquet", "parquet", {"sheet": "A"}, "sheet stated for a Parquet file"),
        ("p.xlsx", "excel", {"separator": ";"}, "separator stated for an Excel workbook"),
        ("p.csv", "csv", {"sheet": "A"}, "sheet stated for a text"),
    ],
)
def test_a_setting_that_means_nothing_for_the_format_is_refused(
    name: str, source: str, setting: dict[str, str], form: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text(table()))
    with pytest.raises(DataError) as caught:
        load(csv_settings(path=name, source=source, **setting), tmp_path)
    assert str(caught.value) == f"{name}: {form}, which has none. Hint: remove the setting."
