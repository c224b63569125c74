"""`data inspect` says what a file is taken to be; the section that it prints reads the same prices."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from backtest.data.data_settings import DataSettings
from backtest.data.inspection import inspect_file
from backtest.data.market_data import load
from backtest.data.sources.tables.dialect import Dialect
from support.command_line import command
from support.files.renderings import DAYS, PRICES, Rendering, renderings, table, text

LEFT_OUT = ("decimal point", "symbol in the file")  # many alike, and files without a symbol in their name
SOME = [rendering for rendering in renderings() if not any(part in rendering.name for part in LEFT_OUT)]


def write(folder: Path, rendering: Rendering) -> Path:
    for name, content in rendering.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / str(rendering.settings.get("path", "p.csv"))


@pytest.mark.parametrize("rendering", SOME[::3], ids=[rendering.name for rendering in SOME[::3]])
def test_the_section_that_is_printed_reads_the_same_prices(tmp_path: Path, rendering: Rendering) -> None:
    stated = rendering.settings
    dialect = Dialect(sheet=stated.get("sheet"), date_format=stated.get("date_format"))
    inspected = inspect_file(write(tmp_path, rendering), dialect)
    data = load(DataSettings.model_validate(dict(inspected.settings)), tmp_path)
    assert data.dates.tolist() == DAYS.tolist()
    assert data.prices[["a", "b"]].to_numpy().tobytes() == PRICES[:, :2].tobytes()
    assert "monthly" in inspected.dates
    assert inspected.findings == ()


def test_a_german_file_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    comma = [[cell.replace(".", ",") if i else cell for i, cell in enumerate(row)] for row in table("German")]
    Path("p.csv").write_bytes(text([comma[0], *comma[:0:-1], ["Quelle: eigene"]], ";"))
    answer = command("data", "inspect", "p.csv")
    assert answer.code == 0, answer.err
    described, _, section = answer.out.partition("\ndata:\n")
    assert described.splitlines()[:4] == [
        "p.csv: text separated by semicolons, 1 line below the table",
        "dates: such as 31.01.2020, newest first, monthly",
        "layout: a column for each series",
        "values: prices, decimal mark ','",
    ]
    assert YAML(typ="safe").load(section) == {"source": "csv", "path": "p.csv", "assets": ["a", "b", "c"], "cash": 0.02}


def test_returns_columns_of_one_symbol_and_blanks_are_told_apart(tmp_path: Path) -> None:
    header, *rows = table()
    (tmp_path / "r.csv").write_bytes(text([header, *([row[0], "1.5%", "-0.3%", "0.1%"] for row in rows)]))
    returns = inspect_file(tmp_path / "r.csv", Dialect())
    assert (returns.settings["values"], returns.numbers) == ("returns", "returns in percent, decimal mark '.'")
    quotes = [["Date", "Open", "Close", "Adj Close", "Volume"], *([row[0], *row[1:4], "5"] for row in rows)]
    quotes[5][3] = ""
    (tmp_path / "SPY.csv").write_bytes(text(quotes))
    one = inspect_file(tmp_path / "SPY.csv", Dialect())
    assert one.settings["assets"] == ["SPY"]
    assert one.series[0].missing == 1
    assert "SPY: the column Adj Close is taken as total return" in one.notes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "Hint: date_format: '%d/%m/%Y' or '%m/%d/%Y'"),
        (["--separator", "ab"], "--separator: got 'ab', expected one character such as ';', or tab"),
        (["--date-format", "day"], "--date-format: got 'day', expected codes of a date with its year"),
        (["--sheet", "x"], "p.csv: sheet stated for a text, which has none"),
    ],
)
def test_what_a_file_leaves_open_is_asked_for(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "p.csv").write_text("date,a\n01/02/2015,1\n01/03/2015,2\n")
    answer = command("data", "inspect", tmp_path / "p.csv", *options)
    assert answer.code == 2
    assert words in answer.err
    stated = command("data", "inspect", tmp_path / "p.csv", "--date-format", "%m/%d/%Y")
    assert stated.code == 0
    assert "date_format: '%m/%d/%Y'" in stated.out


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    answer = command("data", "inspect", tmp_path / "none.csv")
    assert (answer.code, answer.err) == (
        2,
        f"error: {tmp_path / 'none.csv'}: no such file. Hint: paths are relative to the configuration.\n",
    )
