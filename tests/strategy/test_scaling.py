"""Scaling of a strategy: multiples follow the formulas, on each date from the data known on that date."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import ConfigError, InsufficientHistory, NoOptimalPortfolio
from support.builders.market_files import random_levels, write_csv
from support.strategies.scaled_runs import (
    ALL_IN,
    CLASSES,
    FREE,
    SIXTY_FORTY,
    UNBOUND,
    assert_same_tables,
    excess_returns,
    gross,
    write_run,
)

# ------------------------------------------------------------------------------------------------------- what they mean


def test_a_multiple_scales_all_target_weights(run: Callable[..., bt.BacktestResult]) -> None:
    """Every target weight and every risk contribution doubles, exactly, as 2 is a power of two."""
    one, two = run(SIXTY_FORTY), run(SIXTY_FORTY, {"multiple": 2})
    assert (two.target_weights == 2 * one.target_weights).all(axis=None)
    pd.testing.assert_frame_equal(two.risk_contributions, 2 * one.risk_contributions, check_exact=True)


@pytest.mark.parametrize("strategy", [{"name": "erc"}, SIXTY_FORTY])
def test_levered_targets_have_the_target_volatility(
    run: Callable[..., bt.BacktestResult], strategy: dict[str, Any]
) -> None:
    """The volatility is measured by the covariance of each date; risk contributions refer to the scaled weights."""
    result = run(strategy, {"target_volatility": 0.12, **UNBOUND})
    np.testing.assert_allclose(result.risk_contributions.sum(axis=1), 0.12, rtol=1e-13)
    assert np.ptp(gross(result)) > 0.1


def test_gross_exposure_stays_within_its_bounds(run: Callable[..., bt.BacktestResult]) -> None:
    free = gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **UNBOUND}))
    least, most = np.quantile(free, [0.3, 0.7])
    bounds = {"min_gross_exposure": float(least), "max_gross_exposure": float(most)}
    np.testing.assert_allclose(
        gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **bounds})), np.clip(free, least, most), rtol=1e-14
    )


def test_a_separate_window_uses_the_sample_volatility_of_its_rows(
    run: Callable[..., bt.BacktestResult], prices: pd.DataFrame
) -> None:
    """sqrt(wᵀSw) = σ_target / sqrt(252) with NumPy's S of the last 15 excess returns; the run begins after 15."""
    result = run(SIXTY_FORTY, {"target_volatility": 0.12, "window": 15, **UNBOUND}, rebalance={"frequency": "daily"})
    excess = excess_returns(prices)
    assert result.target_weights.index[0] == excess.index[15]
    for date, weights in result.target_weights.iterrows():
        risk = np.cov(excess.loc[:date].tail(15).to_numpy().T)
        assert np.sqrt(252 * weights @ risk @ weights) == pytest.approx(0.12, rel=1e-12)


def test_months_of_a_window_are_rows(run: Callable[..., bt.BacktestResult]) -> None:
    """Daily data has 252 / 12 rows a month."""
    one, other = (run(SIXTY_FORTY, {"target_volatility": 0.12, "window": window}) for window in ("2M", 42))
    assert one.target_weights.equals(other.target_weights)


@pytest.mark.parametrize("window", [None, 15])
def test_the_volatilities_of_run_and_benchmark_are_measured_alike(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame, window: int | None
) -> None:
    """Both portfolios have the same wᵀSw, where S is the covariance of the run or of the window."""
    write_run(tmp_path, "other", {"name": "sixty_forty", "weights": {"gold": 0.7, "spx": 0.3}}, None)
    leverage = {"target_volatility": "benchmark", "window": window, **UNBOUND}
    result = run(SIXTY_FORTY, leverage, benchmark="other.yaml")
    excess, benchmark = excess_returns(prices), np.array([0.3, 0.0, 0.7, 0.0])
    for date, weights in result.target_weights.iterrows():
        risk = np.cov(excess.loc[:date].tail(window or 25).to_numpy().T)
        assert weights @ risk @ weights == pytest.approx(benchmark @ risk @ benchmark, rel=1e-11)


def test_smoothing_follows_its_recursion(run: Callable[..., bt.BacktestResult]) -> None:
    """L_k = 0.8 L_{k-1} + 0.2 target_k from the run's first decision on; bounds apply after smoothing.

    Bounds applied before smoothing would also limit L on later dates.
    """
    leverage = {"target_volatility": 0.12, "smoothing": 0.8}
    targets = gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **UNBOUND}))
    by_hand = [targets[0]]
    for value in targets[1:]:
        by_hand.append(0.8 * by_hand[-1] + 0.2 * value)
    np.testing.assert_allclose(gross(run(SIXTY_FORTY, leverage | UNBOUND)), by_hand, rtol=1e-14)
    most = float(np.median(by_hand))
    bounded = gross(run(SIXTY_FORTY, leverage | {"max_gross_exposure": most}))
    np.testing.assert_allclose(bounded, np.minimum(by_hand, most), rtol=1e-14)


def test_smoothing_begins_with_the_run(run: Callable[..., bt.BacktestResult], tmp_path: Path) -> None:
    """A run that begins later because of its benchmark starts with its target multiple, not with an earlier one."""
    write_run(tmp_path, "late", {"name": "erc"}, None, estimation={"window": 60})
    leverage = {"target_volatility": 0.12, "smoothing": 0.9, **UNBOUND}
    late = run(SIXTY_FORTY, leverage, benchmark="late.yaml")
    at_once = run(SIXTY_FORTY, leverage | {"smoothing": 0}, benchmark="late.yaml")
    assert late.target_weights.iloc[0].equals(at_once.target_weights.iloc[0])
    assert not late.target_weights.iloc[1].equals(at_once.target_weights.iloc[1])
    early = run(SIXTY_FORTY, leverage)
    assert early.target_weights.index[0] < late.target_weights.index[0]
    assert not early.target_weights.loc[late.target_weights.index[0]].equals(late.target_weights.iloc[0])


# ------------------------------------------------------------------------------------------------ names of combinations


@pytest.mark.parametrize("ragged", [False, True])
def test_levered_erc_is_erc_with_leverage(
    run: Callable[..., bt.BacktestResult], prices: pd.DataFrame, tmp_path: Path, ragged: bool
) -> None:
    """Every table of the report is equal to the byte, also if assets join and leave."""
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES, "ragged": ragged}
    if ragged:
        prices.loc[prices.index[:50], "gold"] = np.nan
        prices.loc[prices.index[110:], "oil"] = np.nan
        write_csv(prices, tmp_path / "market.csv")
    settings = {"target_volatility": 0.10, "max_gross_exposure": 1.3}
    one, other = run({"name": "levered_erc", **settings}, data=data), run({"name": "erc"}, settings, data=data)
    assert {True, False} == set(np.isclose(gross(one), 1.3, rtol=1e-12)), "the cap binds on some dates"
    assert_same_tables(one, other)


def test_levered_erc_is_erc_with_the_benchmarks_or_the_default_volatility(
    run: Callable[..., bt.BacktestResult], tmp_path: Path
) -> None:
    write_run(tmp_path, "other", SIXTY_FORTY, None)
    follow = {"target_volatility": "benchmark"}
    assert_same_tables(
        run({"name": "levered_erc", **follow}, benchmark="other.yaml"),
        run({"name": "erc"}, follow, benchmark="other.yaml"),
    )
    assert_same_tables(run({"name": "levered_erc"}), run({"name": "erc"}, {"target_volatility": 0.10}))


def test_volatility_target_is_fixed_weights_with_leverage(run: Callable[..., bt.BacktestResult]) -> None:
    """Every table of the report is equal to the byte."""
    weights = {"weights": {"equities": 0.5, "bonds": 0.3, "commodities": 0.2}}
    settings = {"target_volatility": 0.08, "max_gross_exposure": 1.2}
    assert_same_tables(
        run({"name": "volatility_target", **weights, **settings}), run({"name": "sixty_forty", **weights}, settings)
    )


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("window", [None, 10])
def test_a_portfolio_without_risk_is_named_with_its_date(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame, window: int | None
) -> None:
    """Gold, the only holding, earns exactly the cash return from row 101 on; ten such rows end at row 110."""
    prices.loc[prices.index[100:], "gold"] = prices["bills"].iloc[100:] * 2.0
    write_csv(prices, tmp_path / "market.csv")
    leverage = {"target_volatility": 0.1, "window": window}
    daily: dict[str, Any] = {"estimation": {"window": 10}, "rebalance": {"frequency": "daily"}}
    with pytest.raises(NoOptimalPortfolio) as caught:
        run({"name": "sixty_forty", "weights": {"gold": 1.0}}, leverage, **daily)
    said = str(caught.value)
    assert "the portfolio has a gross exposure of 1 and a volatility of 0; expected a volatility above zero" in said
    assert said.startswith(f"leverage on {prices.index[110]:%Y-%m-%d}: ")


def test_a_run_begins_once_it_has_the_history_it_needs(
    run: Callable[..., bt.BacktestResult], prices: pd.DataFrame
) -> None:
    """Fixed weights need only a price; with leverage they also need the full window of the covariance."""
    daily: dict[str, Any] = {"rebalance": {"frequency": "daily"}}
    assert run(SIXTY_FORTY, **daily).target_weights.index[0] == prices.index[0]
    first = run(SIXTY_FORTY, {"target_volatility": 0.1}, **daily).target_weights.index[0]
    assert first == prices.index[25]
    with pytest.raises(InsufficientHistory, match="not all assets to be held have 400 excess returns"):
        run(SIXTY_FORTY, {"target_volatility": 0.1, "window": 400})


def test_a_window_of_months_in_quarterly_data_is_refused(tmp_path: Path) -> None:
    """3M is one quarter, and a single return has no standard deviation."""
    dates = pd.date_range("2000-03-31", periods=12, freq="QE")
    rng = np.random.default_rng(3)
    write_csv(
        pd.DataFrame(random_levels(dates, [0.2, 0.01], rng), index=dates, columns=["spx", "bills"]),
        tmp_path / "market.csv",
    )
    rebalance = {"frequency": "quarterly", "execution_lag": 0}
    config = write_run(
        tmp_path,
        "run",
        ALL_IN,
        {"target_volatility": 0.1, "window": "3M"},
        **{**FREE, "rebalance": rebalance, "estimation": {"window": 2}},
    )
    with pytest.raises(ConfigError, match=r"leverage\.window: 3M is 1 of the data's periods, of 4 a year; expected 2"):
        bt.run(config)
