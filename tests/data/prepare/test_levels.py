"""Series on the pages of a run: their origin, their meaning, and findings about them."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import load
from backtest.errors import DataError
from support.command_line import command

pytestmark = pytest.mark.usefixtures("without_figures")

DAYS = pd.date_range("2022-01-03", periods=400, freq="B")


@pytest.fixture
def spiked(tmp_path: Path) -> Path:
    """Write two assets, one of which is quoted in pence for a day."""
    rng = np.random.default_rng(11)
    levels = 100 * np.cumprod(1 + 0.01 * rng.standard_normal((400, 2)), axis=0)
    levels[200, 1] *= 100
    frame = pd.DataFrame(levels, index=DAYS, columns=["A", "B"])
    frame.rename_axis("date").to_csv(tmp_path / "p.csv", date_format="%Y-%m-%d")
    (tmp_path / "run.yaml").write_text(
        "name: run\ndata: {source: csv, path: p.csv, assets: [A, B], cash: 0.02}\n"
        "strategy: {name: equal_weight}\nbenchmark: other.yaml\n"
    )
    (tmp_path / "other.yaml").write_text(
        "name: other\ndata: {source: csv, path: p.csv, assets: [B], cash: 0.02}\nstrategy: {name: equal_weight}\n"
    )
    return tmp_path


def test_a_warning_is_in_the_log_on_the_terminal_in_the_page_and_in_the_manifest(
    spiked: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It appears once in each, although the benchmark holds the series too; the price is used unchanged."""
    with caplog.at_level(logging.WARNING, logger="backtest"):
        result = bt.run(spiked / "run.yaml")
    (warning,) = result.warnings
    assert warning.startswith("B: ")
    assert f"{DAYS[200]:%Y-%m-%d}" in warning
    assert caplog.messages == [warning]
    answer = command("run", spiked / "run.yaml", "--output", spiked / "report")
    assert (answer.code, answer.err) == (0, f"warning: {warning}\n")
    assert warning in (spiked / "report" / "tearsheet.html").read_text(encoding="utf-8")
    assert warning in (spiked / "report" / "manifest.json").read_text(encoding="utf-8")
    verified = command("data", "verify", spiked / "run.yaml")
    assert (verified.code, verified.err) == (0, f"warning: {warning}\n" * 2)
    assert verified.out == "2 series of run checked: 1 warning\n1 series of other checked: 1 warning\n"


def test_warnings_outside_the_runs_dates_are_dropped(spiked: Path) -> None:
    chosen = DataSettings.model_validate(
        {"source": "csv", "path": "p.csv", "assets": ["A", "B"], "cash": 0.02, "end": DAYS[150].date()}
    )
    assert load(chosen, spiked).warnings == ()


def test_the_page_states_the_origin_of_each_series(spiked: Path) -> None:
    command("run", spiked / "run.yaml", "--output", spiked / "report")
    page = (spiked / "report" / "tearsheet.html").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if '<th scope="row">A</th><td class="text">csv</td>' in line]
    assert all(text in row for text in ("2022-01-03", f"{DAYS[-1]:%Y-%m-%d}", "400", "total-return level, as given"))


def test_a_series_that_ends_early_is_reported(tmp_path: Path) -> None:
    levels = np.linspace(100, 120, 400) + np.sin(np.arange(400))
    frame = pd.DataFrame({"A": levels, "B": np.where(np.arange(400) < 380, levels, np.nan)}, index=DAYS)
    frame.rename_axis("date").to_csv(tmp_path / "p.csv", date_format="%Y-%m-%d")
    chosen = DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": ["A", "B"], "cash": 0.02})
    assert any(warning.startswith("B: ends on ") for warning in load(chosen, tmp_path).warnings)


def test_a_rate_cannot_be_held(tmp_path: Path) -> None:
    """A rate is not a price, nor is a series that the settings quote as a rate."""
    frame = pd.DataFrame({"A": np.linspace(1, 2, 400), "R": 5.0}, index=DAYS)
    frame.rename_axis("date").to_csv(tmp_path / "p.csv", date_format="%Y-%m-%d")
    assets = {"A": "equities", "R": {"class": "bonds", "rate": {"quoted": "overnight"}}}
    chosen = DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": assets, "cash": 0.02})
    with pytest.raises(DataError, match=r"R is a rate, not a price; it can be data\.cash, but cannot be held"):
        load(chosen, tmp_path)


def test_cash_of_a_quoted_rate_earns_by_its_formula(tmp_path: Path) -> None:
    """5 % overnight earns three days of interest over a weekend, at the previous day's quotation."""
    frame = pd.DataFrame({"A": np.linspace(1, 2, 400), "R": np.arange(400) / 100}, index=DAYS)
    frame.rename_axis("date").to_csv(tmp_path / "p.csv", date_format="%Y-%m-%d")
    cash = {"symbol": "R", "rate": {"quoted": "overnight"}}
    data = load(
        DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": ["A"], "cash": cash}), tmp_path
    )
    days = np.diff(DAYS.to_numpy()).astype("timedelta64[D]").astype(int)
    assert data.origins[1].meaning == "rate: overnight rate"
    np.testing.assert_allclose(data.cash_returns.iloc[1:], np.arange(399) / 1e4 * days / 360, rtol=1e-9, atol=1e-15)


def test_a_name_for_two_series_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"A": np.linspace(1, 2, 400), "cash": 5.0}, index=DAYS)
    frame.rename_axis("date").to_csv(tmp_path / "p.csv", date_format="%Y-%m-%d")
    settings = {"source": "csv", "path": "p.csv", "assets": ["A", "cash"], "cash": {"symbol": "A"}}
    with pytest.raises(DataError, match="data: cash names more than one series"):
        load(DataSettings.model_validate(settings), tmp_path)
