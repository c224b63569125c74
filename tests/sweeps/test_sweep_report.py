"""The page that a sweep leaves in its folder, and the command on it that makes a tearsheet."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config.manifest_config import load_finished
from backtest.errors import ReportError
from backtest.sweeps.sweep_numbers import NUMBERS
from backtest.sweeps.sweep_report import write_sweep_page
from support.pages.read_page import Page
from support.pages.swept_page import embedded

CONFIG = Path(__file__).parents[2] / "configs/erc.yaml"
GRID = {"costs.trading_bps": [50, 5], "estimation.window": ["2Y", "3Y"], "rebalance.bands": [None, {"absolute": 0.05}]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweeps") / "it's"
    bt.sweep(CONFIG, GRID, {"costs.half_spread_bps": 1}, folder=folder, workers=1)
    return folder


def test_the_page_has_the_numbers_of_the_frame(folder: Path) -> None:
    frame = bt.sweep(CONFIG, GRID, {"costs.half_spread_bps": 1}).frame
    page = Page((folder / "sweep.html").read_text(encoding="utf-8"))
    found, settings = embedded(page), {each["name"]: each for each in page.data["settings"]}
    assert {"sharpe", "cagr", "volatility", "max_drawdown"} <= set(found)
    for key in NUMBERS:
        if key in found:  # metrics that no run has are left out
            np.testing.assert_array_equal(found[key], frame[key].to_numpy().astype(np.float32))
    for name, setting in settings.items():
        values = setting["texts"] or setting["values"]
        assert [values[code] for code in found[name]] == list(frame[name])
    assert settings["costs.trading_bps"]["values"] == [5, 50]  # ascending on the page
    assert settings["rebalance.bands"]["texts"] == ["none", "absolute: 0.05"]
    assert [each["best"][0] for each in page.data["metrics"] if each["key"] == "sharpe"] == [frame["sharpe"].idxmax()]


def test_the_own_values_of_the_configuration_are_marked(folder: Path) -> None:
    """Its window of three years is written as 36, and its costs are not among the varied ones."""
    page = Page((folder / "sweep.html").read_text(encoding="utf-8"))
    assert {each["name"]: each["configured"] for each in page.data["settings"]} == {
        "costs.trading_bps": None,
        "estimation.window": 1,
        "rebalance.bands": 0,
    }


def test_a_run_of_the_manifest_with_the_settings_of_a_row_is_that_run(folder: Path) -> None:
    page = Page((folder / "sweep.html").read_text(encoding="utf-8"))
    assert page.data["command"] == "python -m backtest run " + "'" + folder.as_posix().replace("'", "'\"'\"'") + (
        "/manifest.json'"
    )
    config = load_finished(folder)
    assert config.file == CONFIG
    result = bt.run(config, {"costs.trading_bps": 50, "estimation.window": "2Y", "rebalance.bands": {"absolute": 0.05}})
    assert np.float32(result.headline()["sharpe"]) == embedded(page)["sharpe"][1]


def test_market_data_in_memory_has_no_command(tmp_path: Path) -> None:
    dates = pd.date_range("2000-01-31", periods=60, freq="ME")
    returns = np.random.default_rng(5).normal(0.0, 0.03, (60, 2))
    prices = pd.DataFrame(np.exp(returns.cumsum(axis=0)), dates, ["a", "b"])
    market = bt.MarketData.from_prices(prices, cash=0.0)
    bt.sweep(
        {"name": "memory", "strategy": "erc"}, {"estimation.window": [12, 24]}, market=market, folder=tmp_path / "s"
    )
    assert Page((tmp_path / "s/sweep.html").read_text(encoding="utf-8")).data["command"] == ""


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    found = bt.sweep(CONFIG, {"costs.trading_bps": [5, 50]})
    (tmp_path / "sweep.html").mkdir()
    with pytest.raises(ReportError, match=r"sweep\.html: cannot be written"):
        write_sweep_page(found, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.html"]
