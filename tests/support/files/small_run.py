"""A small run as files: a configuration with prices at a relative path, and its finished report."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from support.builders.market_files import random_levels, write_config, write_csv
from support.command_line import Answer, command

ASSETS = ("stocks", "bonds", "=gold")  # the last one is a formula to a spreadsheet


def write_prices(folder: Path, scale: float = 1.0) -> None:
    """Write five years of monthly prices; `scale` multiplies the gold price of January 2013."""
    dates = pd.date_range("2010-01-31", periods=60, freq="ME")
    levels = random_levels(dates, [0.15, 0.05, 0.15], np.random.default_rng(0))
    levels[36, 2] *= scale
    write_csv(pd.DataFrame(levels, index=dates, columns=list(ASSETS)), folder / "prices.csv")


def write_small_config(folder: Path, name: str = "mine", **sections: object) -> Path:
    """Write prices and the configuration of a levered portfolio with costs, fees and a benchmark."""
    write_prices(folder)
    data = {"source": "csv", "path": "prices.csv", "assets": list(ASSETS), "cash": 0.02}
    given: dict[str, object] = {
        "data": data,
        "strategy": "equal_weight",
        "leverage": {"multiple": 1.5},
        "estimation": {"window": "1Y"},
        "financing": {"spread_bps": 50, "initial_margin": 0.5, "maintenance_margin": 0.25},
        "costs": {"trading_bps": 10},
        "fees": {"management_bps": 50},
        "benchmark": "stocks",
    }
    return write_config(folder / f"{name}.yaml", **{**given, **sections})


def without_figures(*arguments: str | Path) -> Answer:
    """Run a command whose report has no figures, which take most of its time."""
    with (
        patch("backtest.reporting.figures.run_figures.render_all", lambda _: {}),
        patch("backtest.reporting.figures.comparison_figures.render_comparison", lambda _: {}),
    ):
        return command(*arguments)


def run_small(folder: Path, run: Callable[..., Answer] = without_figures) -> Path:
    """Run the small configuration with a command, and return the folder of its report."""
    answer = run("run", write_small_config(folder), "--output", folder / "done")
    assert answer.code == 0, answer.err
    return folder / "done"
