"""The harness of the look-ahead contract catches runs that look ahead, and accepts honest ones."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtest.data.market_data import MarketData
from backtest.estimation.methods.sample_covariance import Sample
from support.builders import lookahead
from support.builders.lookahead import (
    Case,
    Harness,
    write_files,
)
from support.builders.market_files import write_strategy

HEAD = """
import sys
from pathlib import Path
from typing import ClassVar
import numpy as np
import pandas as pd
from backtest.strategy import MarketView, Strategy

def tilted(returns, view):
    returns = returns[list(view.assets)]
    return 0.25 + returns - returns.mean()
"""

CHEATS = {
    "reads_the_file": """
class Cheat(Strategy):
    '''Opens the input file and looks up the next returns.'''
    def target_weights(self, view):
        prices = pd.read_csv(Path(__file__).parents[1] / "market.csv", index_col=0, parse_dates=True)
        later = prices.loc[prices.index > view.as_of, list(view.assets)]
        if len(later) < 2:
            return pd.Series(0.2, index=list(view.assets))
        return tilted(later.iloc[1] / later.iloc[0], view)
""",
    "remembers_elsewhere": """
class Cheat(Strategy):
    '''Stores later dates that it saw as the benchmark, and uses them on earlier dates.'''
    def target_weights(self, view):
        seen = sys._planted_memory
        seen[view.as_of] = view.prices.iloc[-1]
        later = [prices for date, prices in seen.items() if date > view.as_of and set(view.assets) <= set(prices.index)]
        if not later:
            return pd.Series(0.25, index=list(view.assets))
        return tilted(later[-1] / view.prices.iloc[-1], view)
""",
}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_planted_cheating_strategy_is_caught(
    tmp_path: Path, cheat: str, lag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the harness missed one of these, the contract would prove nothing."""
    monkeypatch.setattr(sys, "_planted_memory", {}, raising=False)
    write_strategy(tmp_path, "cheat", HEAD + CHEATS[cheat])
    case = Case("cheat", {}, "daily", lag)
    if cheat == "remembers_elsewhere":
        write_cheating_benchmark(tmp_path, monkeypatch)
    harness = Harness(tmp_path, case)
    expected = (
        {"target_weights"} if lag else {"target_weights", "trades", "weights"}
    )  # with a lag of 1 it is traded after D
    assert harness.caught() >= expected


def write_cheating_benchmark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the cheat as the benchmark too; the benchmark runs first, over all dates."""
    written = write_files

    def with_such_a_benchmark(place: Path, case: Case) -> Path:
        config = written(place, case)
        text = config.read_text(encoding="utf-8").replace('"benchmark": "benchmark.yaml"', '"report": {}')
        (folder / "benchmark.yaml").write_text(text, encoding="utf-8")
        return config

    monkeypatch.setattr(lookahead, "write_files", with_such_a_benchmark)


HONEST = Sample.estimate


@pytest.mark.parametrize("lag", [0, 1])
def test_a_cheating_estimator_is_caught(tmp_path: Path, lag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A covariance whose window reaches one row past its date: the commonest slip, an index off by one."""

    def one_late(own: Sample, excess: np.ndarray, rows: Sequence[int], periods_per_year: int) -> np.ndarray:
        shifted = np.vstack([excess[1:], excess[-1:]])
        return HONEST(own, shifted, rows, periods_per_year)

    monkeypatch.setattr(Sample, "estimate", one_late)
    harness = Harness(tmp_path, Case("inverse_volatility", {}, "daily", lag))
    expected = {"target_weights", "risk_contributions"}
    assert harness.caught() >= (expected if lag else expected | {"weights", "trades", "nav"})


def test_an_estimator_of_the_whole_sample_is_caught_even_with_fixed_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fixed weights NAV does not depend on the covariance, but the compared risk contributions do."""

    def whole(own: Sample, excess: np.ndarray, rows: Sequence[int], periods_per_year: int) -> np.ndarray:
        honest = HONEST(own, excess, rows, periods_per_year)
        return np.where(np.isfinite(honest), np.cov(excess[1:].T), honest)

    monkeypatch.setattr(Sample, "estimate", whole)
    harness = Harness(tmp_path, Case("equal_weight", {}))
    assert harness.caught() == {"risk_contributions", "forecast_volatility"}


def test_leverage_smoothed_in_hindsight_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The multiple is smoothed over the whole run, so it uses later decisions."""
    monkeypatch.setattr(
        "backtest.strategy.scaling.smooth_multiples",
        lambda multiples, *_: np.full_like(multiples, np.nanmean(multiples)),
    )
    harness = Harness(tmp_path, Case("equal_weight", {}, leverage={"target_volatility": 0.1, "smoothing": 0.5}))
    assert harness.caught() >= {"target_weights", "risk_contributions"}


def test_data_cleaned_in_hindsight_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns clipped to quantiles of the whole sample, as careless outlier cleaning does."""
    from backtest.data.market_data import load

    def cleaned(*settings: Any) -> MarketData:
        data = load(*settings)
        returns = data.returns.clip(data.returns.quantile(0.1), data.returns.quantile(0.9), axis=1)
        return replace(data, prices=(1 + returns.fillna(0.0)).cumprod(), returns=returns)

    monkeypatch.setattr("backtest.runs.steps.load", cleaned)
    harness = Harness(tmp_path, Case("equal_weight", {}))
    assert harness.caught() >= {"nav", "returns", "contributions"}


def test_an_honest_custom_strategy_passes(tmp_path: Path) -> None:
    """There are no false alarms: momentum on past prices, written in the same way as the cheats, passes."""
    honest = "class Honest(Strategy):\n    '''More of past winners.'''\n    def target_weights(self, view):\n"
    honest += "        return tilted(view.prices.iloc[-1] / view.prices.iloc[0], view)\n"
    write_strategy(tmp_path, "honest", HEAD + honest)
    harness = Harness(tmp_path, Case("honest", {}))
    assert harness.caught() == set()
