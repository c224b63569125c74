"""Given weights: a row of the file holds from its date, or the next date of the data, until the next row."""

# ruff: noqa: E501 - each message is one line

import pickle
import sys
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.errors import ConfigError
from backtest.reporting.files.report_files import tables, write_report
from backtest.reporting.files.table_files import csv_bytes
from support.builders.market_files import write_config

ASSETS = ["us_stocks", "us_treasury_10y", "gold"]
ROWS = """date,us_stocks,gold
1990-01-31,0.6,0.4
1990-03-15,0.25,0.5
1991-05-31,-0.25,1.5
"""


def config(folder: Path, text: str = ROWS, **settings: Any) -> Path:
    (folder / "weights.csv").write_text(text, encoding="utf-8")
    data = {"source": "sample", "assets": ASSETS, "cash": "us_tbill", "start": "1989-12-31", "end": "1992-12-31"}
    return write_config(
        folder / "run.yaml", data=data, strategy={"name": "given_weights", "file": "weights.csv"}, **settings
    )


def decided(result: bt.BacktestResult) -> dict[str, list[float]]:
    targets = result.target_weights
    return {f"{date:%Y-%m-%d}": targets.loc[date].tolist() for date in targets.index}


def test_it_decides_on_the_dates_of_the_file(tmp_path: Path) -> None:
    """A date that the data does not have counts from the next one; an asset without a column is not held."""
    result = bt.run(config(tmp_path))
    assert decided(result) == {
        "1990-01-31": [0.6, 0.0, 0.4],
        "1990-03-31": [0.25, 0.0, 0.5],
        "1991-05-31": [-0.25, 0.0, 1.5],
        "1992-12-31": [-0.25, 0.0, 1.5],  # the last date of the data, whose decision shows what to hold now
    }
    assert (
        "1 of 3 dates of given weights are not dates of the data; such weights count from the next one: "
        "1990-03-15 from 1990-03-31" in result.notes
    )


def workbook(folder: Path, **sheets: str) -> Path:
    """Write sheets with rows of text as a workbook, whose dates are dates and whose weights are numbers."""
    with pd.ExcelWriter(folder / "weights.xlsx", engine="openpyxl") as book:
        for name, text in sheets.items():
            pd.read_csv(StringIO(text), parse_dates=["date"]).to_excel(book, sheet_name=name, index=False)
    return folder / "weights.xlsx"


def of_workbook(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        **load_config(config(folder)).resolved(),
        "strategy": {"name": "given_weights", "file": str(folder / "weights.xlsx"), **settings},
    }


def test_a_workbook_gives_the_weights_of_the_same_text(tmp_path: Path) -> None:
    workbook(tmp_path, Fund=ROWS, Notes="date\n2020-01-01\n")
    result = bt.run(of_workbook(tmp_path))
    assert result.target_weights.equals(bt.run(config(tmp_path)).target_weights)
    assert list(result.strategy_files) == [str(tmp_path / "weights.xlsx")]


def test_the_sheet_of_a_workbook_with_several_is_named(tmp_path: Path) -> None:
    workbook(tmp_path, Old=ROWS.replace("0.6", "0.7"), New=ROWS)
    assert bt.run(of_workbook(tmp_path, sheet="New")).target_weights.iloc[0].tolist() == [0.6, 0.0, 0.4]
    for sheet, message in (
        ({}, r"2 sheets with tables \(Old, New\); expected one. Hint: name it by the setting sheet"),
        ({"sheet": "Newer"}, "no sheet Newer; it has Old, New"),
    ):
        with pytest.raises(ConfigError, match=rf"strategy\.file: weights\.xlsx: {message}"):
            bt.run(of_workbook(tmp_path, **sheet))


def test_a_workbook_without_openpyxl_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path, Fund=ROWS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigError, match=r"strategy\.file: weights\.xlsx: .* needs the package openpyxl.*\[xlsx\]'$"):
        bt.run(of_workbook(tmp_path))


def test_a_rebalance_frequency_wins_over_the_dates_of_the_file(tmp_path: Path) -> None:
    """Each decision takes the last row on or before its date."""
    result = bt.run(config(tmp_path, rebalance={"frequency": "quarterly"}))
    assert {date: weights for date, weights in decided(result).items() if date < "1991-07"} == {
        "1990-03-31": [0.25, 0.0, 0.5],
        "1990-06-30": [0.25, 0.0, 0.5],
        "1990-09-30": [0.25, 0.0, 0.5],
        "1990-12-31": [0.25, 0.0, 0.5],
        "1991-03-31": [0.25, 0.0, 0.5],
        "1991-06-30": [-0.25, 0.0, 1.5],
    }


def test_later_rows_change_nothing_before_them(tmp_path: Path) -> None:
    """No look-ahead into the file: the same bytes up to the day before the date of the rows that change."""
    before = tables(bt.run(config(tmp_path, rebalance={"frequency": "monthly"})))
    after = tables(bt.run(config(tmp_path, ROWS.replace("-0.25,1.5", "0.1,0.2"), rebalance={"frequency": "monthly"})))
    dated = [name for name, table in before.items() if isinstance(table.index, pd.DatetimeIndex)]
    assert len(dated) > 5
    for name in dated:
        assert csv_bytes(after[name].loc[:"1991-05-30"]) == csv_bytes(before[name].loc[:"1991-05-30"]), name
    assert not after["nav"].equals(before["nav"])


def test_weights_by_class_are_split_equally(tmp_path: Path) -> None:
    result = bt.run(config(tmp_path, "date,equities,bonds,commodities\n1990-01-31,0.5,0.3,0.1\n"))
    assert decided(result)["1990-01-31"] == [0.5, 0.3, 0.1]


def test_dates_outside_the_data_are_noted(tmp_path: Path) -> None:
    notes = bt.run(config(tmp_path, "date,gold\n1980-01-31,1\n1990-01-31,0.5\n2001-01-31,0\n")).notes
    assert "1 of 3 dates of given weights are before the data, which begins on 1989-12-31" in notes
    assert "1 of 3 dates of given weights are after the data, which ends on 1992-12-31" in notes


def test_parquet_and_unsorted_rows_give_the_same_run(tmp_path: Path) -> None:
    wanted = bt.run(config(tmp_path)).nav
    frame = pd.read_csv(tmp_path / "weights.csv", index_col="date", parse_dates=True)
    frame.iloc[::-1].to_parquet(tmp_path / "weights.parquet")
    assert bt.run(tmp_path / "run.yaml", {"strategy.file": "weights.parquet"}).nav.equals(wanted)


@pytest.mark.usefixtures("without_figures")
def test_the_manifest_has_the_hash_of_the_file(tmp_path: Path) -> None:
    result = bt.run(config(tmp_path))
    expected = {str(tmp_path / "weights.csv"): sha256(ROWS.encode()).hexdigest()}
    assert result.strategy_files == expected
    folder = write_report(result, tmp_path / "report").parent
    assert f'"{expected[str(tmp_path / "weights.csv")]}"' in (folder / "manifest.json").read_text(encoding="utf-8")


def test_the_path_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    wanted = bt.run(config(tmp_path)).nav
    (tmp_path / "inner/other.yaml").write_text("extends: ../run.yaml\nname: other\n", encoding="utf-8")
    assert bt.run(tmp_path / "inner/other.yaml").nav.equals(wanted)


def test_settings_survive_their_plain_form_and_a_pickle(tmp_path: Path) -> None:
    loaded = load_config(config(tmp_path))
    assert loaded.rebalance.frequency == "given"
    assert RunConfig.model_validate({**loaded.resolved(), "file": loaded.file}) == loaded
    assert pickle.loads(pickle.dumps(loaded)) == loaded  # noqa: S301 - its own


def test_another_content_is_another_strategy(tmp_path: Path) -> None:
    """`bt.prepare` keeps decisions by equal settings, and an edited file has to be decided again."""
    before = load_config(config(tmp_path)).strategy
    assert load_config(config(tmp_path)).strategy == before
    assert load_config(config(tmp_path, ROWS.replace("0.6", "0.5"))).strategy != before


def test_a_benchmark_of_the_same_schedule_has_no_dates_of_its_own(tmp_path: Path) -> None:
    result = bt.run(config(tmp_path, rebalance={"frequency": "given"}, benchmark="us_stocks"))
    assert result.benchmark is not None
    with pytest.raises(ConfigError, match=r"rebalance\.frequency: given, but erc has no dates of its own; expected"):
        bt.run(tmp_path / "run.yaml", {"strategy": "erc", "rebalance.frequency": "given"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,us_stock\n1990-01-31,1\n", "weights.csv: us_stock: neither an asset nor a class of this run. Did you mean us_stocks?"),
        ("date,spx\n1990-01-31,1\n", "weights.csv: spx: neither a class nor an asset of this run (classes: bonds, commodities, equities; assets: gold, us_stocks, us_treasury_10y)"),
        ("date,gold,bonds\n1990-01-31,1,0\n", "weights.csv: gold is an asset and the others are classes; expected one kind"),
        ("date,gold\n1990-01-31,\n", "weights.csv:2: gold: no weight; expected a number. Hint: 0 for what is not held"),
        ("date,gold\n1990-01-31,60\n", "weights.csv:2: weights: their sizes add up to 60, which means 60 times NAV; expected fractions of NAV. Hint: {gold: 0.6}"),
        ("date,gold\n1990-01-31,1\n1990-01-31,0\n", "weights.csv:3: 1990-01-31 appears twice; expected each date once"),
        ("date,gold\n1990-01-31,all\n", "weights.csv:2: gold: 'all' is not a number. Hint: use a decimal point, no thousands separators, and an empty cell for no value."),
        ("date,gold\n31.1.90,1\n", "weights.csv:2: '31.1.90' is not a date; expected ISO dates such as 2020-01-31. Hint: data.date_format: '%d/%m/%y', for example, states another form"),
        ("date,gold\n", "weights.csv: no rows; expected a row of weights for each date"),
        ("", "weights.csv: empty; expected a header and a row for each date"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_reported_at_the_setting_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    path = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (line,) = caught.value.problems
    place, _, words = line.partition(" strategy.file: ")
    assert place.startswith(f"{path}:")
    assert words == message


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("none.csv", "none.csv: no such file. Hint: paths are relative to the configuration."),
        (".", "a folder; expected a csv, excel or parquet file of dates and weights"),
        ("https://example.org/w.csv", "an address; expected the path of a file on this machine"),
        (7, "got 7, expected text"),
    ],
)
def test_a_wrong_path_is_reported(tmp_path: Path, file: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path), {"strategy.file": file})
    assert str(caught.value).startswith("overrides: strategy.file: ")
    assert str(caught.value).endswith(message)
