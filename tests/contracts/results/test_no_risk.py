"""No risk has one definition (`backtest.numerics.tolerances`): growth at one rate has no risk in any number of a run.

1. Runs: strategies and leverage refuse assets that vary by rounding alone, as they refuse a constant price.
2. Measures of a run that earns one rate are null; rounding would make them enormous.
3. Risk that is small, but larger than rounding, remains.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.distribution import histogram
from backtest.analysis.metrics.drawdown import drawdown, worst_drawdowns
from backtest.analysis.metrics.forecasts import bias_statistic
from backtest.analysis.metrics.rolling_measures import rolling_correlation, rolling_sharpe
from backtest.analysis.uncertainty.confidence import confidence
from backtest.analysis.uncertainty.differences import differences
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference
from backtest.errors import BacktestError
from backtest.numerics.tolerances import NO_RISK, has_risk
from support.builders.market_files import write_config, write_csv

MONTHS = 72
DATES = pd.date_range("2010-01-31", periods=MONTHS, freq="ME")
STEPS = np.arange(MONTHS)
CASH = np.cumprod(1 + 0.002 + 0.001 * np.sin(STEPS))
ROUNDING: dict[str, np.ndarray] = {
    "growth by a power": 100 * (1 + 1 / 300) ** STEPS,
    "growth step by step": 100 * np.cumprod(np.full(MONTHS, 1 + 1 / 300)),
    "12 decimals": np.round(100 * 1.0033**STEPS, 12),
    "15 digits": np.array([float(f"{level:.15g}") for level in 37.123 * 1.0033**STEPS]),
    "cash in another unit": CASH * 3.7 / 1.3,
    "small prices": 1e-8 * (1 + 1 / 300) ** STEPS,
    "large prices": 1e8 * (1 + 1 / 300) ** STEPS,
    "a loss at one rate": 100 * (1 - 1 / 300) ** STEPS,
}
"""Levels whose excess returns over cash vary by rounding alone."""


def run(folder: Path, level: np.ndarray, strategy: dict[str, Any], **sections: Any) -> bt.BacktestResult:
    """A run on two assets that move and the level of a third, C; cash is constant, or moves as C does."""
    rng = np.random.default_rng(0)
    moving = 100 * np.cumprod(1 + rng.normal(0.005, [0.04, 0.015], (MONTHS, 2)), axis=0)
    frame = pd.DataFrame(moving, index=DATES, columns=["A", "B"]).assign(C=level, bills=CASH)
    write_csv(frame, folder / "prices.csv")
    cash: str | float = "bills" if level is ROUNDING["cash in another unit"] else 0.0
    assets = {"A": "equities", "B": "bonds", "C": "commodities"}
    given: dict[str, Any] = {"estimation": {"window": 36}, "rebalance": {"frequency": "monthly"}, **sections}
    data = {"source": "csv", "path": "prices.csv", "assets": assets, "cash": cash}
    return bt.run(write_config(folder / "run.yaml", data=data, strategy=strategy, **given))


# ----------------------------------------------------------------------------------------------------------- 1. runs

BY_RISK: dict[str, dict[str, Any]] = {
    "erc": {},
    "erc, bounded": {"max_weight": 0.9},
    "risk_budgeting": {},
    "levered_erc": {},
    "inverse_volatility": {},
    "inverse_variance": {},
    "hierarchical_risk_parity": {},
    "minimum_variance": {},
    "maximum_diversification": {},
    "erc_expected_shortfall": {"window": 36, "distribution": "gaussian"},
}


@pytest.mark.parametrize("kind", ROUNDING)
@pytest.mark.parametrize("strategy", BY_RISK)
def test_strategies_refuse_assets_that_vary_by_rounding_alone(tmp_path: Path, strategy: str, kind: str) -> None:
    """The message is the same as for a constant price: it names the asset and advises leaving it out."""
    settings = {"name": strategy.partition(",")[0], **BY_RISK[strategy]}
    with pytest.raises(
        BacktestError, match=r"the variance of C is 0, expected a variance above zero; hint: .*leave the asset out"
    ):
        run(tmp_path, ROUNDING[kind], settings)


@pytest.mark.parametrize("window", [None, 24])
@pytest.mark.parametrize("kind", ROUNDING)
def test_leverage_refuses_a_portfolio_that_varies_by_rounding_alone(
    tmp_path: Path, kind: str, window: int | None
) -> None:
    """The covariance and a separate window have the same limit."""
    leverage = {"target_volatility": 0.1, **({} if window is None else {"window": window})}
    with pytest.raises(
        BacktestError, match=r"a gross exposure of 1 and a volatility of 0; expected a volatility above zero"
    ):
        run(tmp_path, ROUNDING[kind], {"name": "sixty_forty", "weights": {"C": 1.0}}, leverage=leverage)
    if window is None:
        with pytest.raises(
            BacktestError, match=r"a gross exposure of 1 and a volatility of 0; expected a volatility above zero"
        ):
            run(tmp_path, ROUNDING[kind], {"name": "volatility_target", "weights": {"C": 1.0}})


@pytest.mark.parametrize("window", [None, 24])
def test_leverage_refuses_a_long_and_a_short_position_that_cancel_out(tmp_path: Path, window: int | None) -> None:
    """Long one asset and short another one at a third of its price: only rounding is left."""
    rng = np.random.default_rng(0)
    twin = 100 * np.cumprod(1 + rng.normal(0.005, [0.04, 0.015], (MONTHS, 2)), axis=0)[:, 0] / 3
    leverage = {"target_volatility": 0.1, **({} if window is None else {"window": window})}
    with pytest.raises(
        BacktestError, match=r"a gross exposure of 2 and a volatility of 0; expected a volatility above zero"
    ):
        run(tmp_path, twin, {"name": "sixty_forty", "weights": {"A": 1.0, "C": -1.0}}, leverage=leverage)


@pytest.mark.parametrize("kind", ROUNDING)
@pytest.mark.parametrize(
    "strategy",
    [
        {"name": "risk_budgeting"},
        {"name": "erc_expected_shortfall", "window": 36},
        {"name": "erc_expected_shortfall", "window": 36, "distribution": "gaussian"},
    ],
)
def test_a_budget_of_zero_leaves_out_an_asset_that_varies_by_rounding_alone(
    tmp_path: Path, kind: str, strategy: dict[str, Any]
) -> None:
    """The other assets get the same weights as when C moves."""
    given = {**strategy, "budgets": {"A": 0.5, "B": 0.5, "C": 0}}
    found = run(tmp_path, ROUNDING[kind], given).target_weights
    assert (found["C"] == 0).all()
    cash = ROUNDING["cash in another unit"]
    moving = run(tmp_path, ROUNDING[kind] * np.exp(0.1 * np.sin(7 * STEPS)), given).target_weights
    if ROUNDING[kind] is not cash:  # there cash is another
        np.testing.assert_allclose(found, moving, rtol=0, atol=1e-12)


def test_an_asset_that_is_cash_up_to_rounding_has_no_expected_shortfall(tmp_path: Path) -> None:
    settings = {"name": "erc_expected_shortfall", "window": 36}
    with pytest.raises(
        BacktestError, match="all returns of C are zero up to rounding, so it has no expected shortfall"
    ):
        run(tmp_path, ROUNDING["cash in another unit"], settings)


# ---------------------------------------------------------------------------------------- 2. measures of one rate


def one_rate(rate: float = 1 / 300, count: int = 60) -> np.ndarray:
    levels = (1 + rate) ** np.arange(count + 1)
    return np.asarray(levels[1:] / levels[:-1] - 1)


def test_measures_of_returns_at_one_rate_are_null() -> None:
    """Rounding would make a Sharpe ratio of 10^13, a skew, a beta, a test and an interval."""
    flat, other = one_rate(), np.random.default_rng(3).normal(0.01, 0.03, 60)
    assert 0 < np.std(flat) < 1e-15
    assert performance.volatility(flat, 12) == 0
    for value in (
        performance.sharpe(flat, 12),
        performance.sortino(-1e-17 * np.abs(other), 12),
        performance.standardised_moment(flat, 3),
        performance.standardised_moment(flat, 4),
        *performance.beta_alpha(other, flat, 12),
        performance.correlation(other, flat),
        performance.correlation(flat, other),
        performance.capture(other, 1e-17 * other, up=True),
        performance.capture(other, 1e-17 * other, up=False),
        sharpe_difference(other, flat, 12).difference,
        sharpe_difference(flat, other, 12).robust.p_value,
        bias_statistic(other[:, None], np.full((60, 1), 8e-17))[0],
    ):
        assert np.isnan(value)
    assert histogram(pd.Series(flat)).empty
    dates = pd.date_range("2010-01-31", periods=60, freq="ME")
    assert rolling_sharpe(pd.Series(flat, index=dates), 12, 12).isna().all()
    assert rolling_correlation(pd.Series(flat, index=dates), pd.Series(other, index=dates), 12).isna().all()
    assert confidence(flat, flat, 5.0, 12).sharpe is None


def test_excess_returns_of_rounding_have_no_intervals_and_no_tests() -> None:
    """A run earns cash plus rounding."""
    rng = np.random.default_rng(4)
    cash = 0.002 + 0.001 * np.cumsum(rng.normal(0, 0.1, 120)) / 10
    rounding = 1e-17 * np.cumsum(rng.normal(size=120))
    assert set(confidence(cash, rounding, 10.0, 12).missing.values()) == {
        "the returns do not vary, or only as cash does"
    }
    found = differences(rounding, 2 * rounding[::-1], 12)
    assert [one.p_value for one in found.values()] == pytest.approx([np.nan] * 3, nan_ok=True)


def test_a_fall_by_rounding_is_not_a_drawdown() -> None:
    nav = np.array([1.0, 1 - 1.1e-16, 1.0, 1 - 3e-13, 1.0])
    assert not drawdown(nav).any()
    assert worst_drawdowns(pd.Series(nav, index=DATES[:5])) == []


def test_a_run_at_one_rate_has_no_ratios(tmp_path: Path) -> None:
    """This holds from a file to the summary."""
    summary = run(tmp_path, ROUNDING["growth by a power"], {"name": "sixty_forty", "weights": {"C": 1.0}}).summary()
    assert summary["volatility"] == 0
    for name in ("sharpe", "sortino", "skew", "excess_kurtosis", "calmar", "autocorrelation", "bias_statistic"):
        assert summary[name] is None or np.isnan(summary[name]), name
    assert summary["max_drawdown"] == 0
    assert summary["worst_drawdowns"] == []
    assert summary["confidence"]["sharpe"] is None


# ------------------------------------------------------------------------------------ 3. small risk is risk


@pytest.mark.parametrize("strategy", [name for name in BY_RISK if "shortfall" not in name])
def test_a_deposit_whose_rate_changes_by_a_basis_point_has_risk(tmp_path: Path, strategy: str) -> None:
    """One change in six years of months is a deviation of 4e-6, so the deposit gets nearly the whole portfolio."""
    returns = np.where(STEPS < 40, 0.0200, 0.0201) / 12
    settings = {"name": strategy.partition(",")[0], **BY_RISK[strategy]}
    rebalance = {"frequency": "never"}
    found = run(
        tmp_path, 100 * np.cumprod(1 + returns), settings, estimation={"window": 60}, rebalance=rebalance
    ).target_weights
    assert found["C"].iloc[0] > 0.5


def test_the_limit_lies_between_rounding_and_risk() -> None:
    """In twenty years of days, rounding stays below a thousandth of the limit, and cents are a million times it."""
    levels = 100 * 1.0001 ** np.arange(5041)
    returns = levels[1:] / levels[:-1] - 1
    assert not has_risk(1000 * np.std(returns))
    cents = np.round(levels, 2)
    assert np.std(cents[1:] / cents[:-1] - 1) > 1e6 * NO_RISK


# ------------------------------------------------------------------------------------ 4. an asset that hardly moves

CALM = "of the target weights are in assets that hardly move: C (volatility "


def calm_notes(result: bt.BacktestResult) -> list[str]:
    return [note for note in result.notes if "hardly move" in note]


@pytest.mark.parametrize(
    "strategy", [name for name in BY_RISK if name not in {"erc, bounded", "erc_expected_shortfall"}]
)
@pytest.mark.parametrize("rounded", [lambda levels: np.round(levels, 2), np.float32], ids=["cents", "single precision"])
def test_a_portfolio_of_mostly_rounded_prices_is_noted(
    tmp_path: Path, strategy: str, rounded: Callable[[np.ndarray], np.ndarray]
) -> None:
    """A deposit at one rate whose value was rounded before publication: it moves less than any asset that is sold."""
    settings = {"name": strategy.partition(",")[0], **BY_RISK[strategy]}
    level = np.asarray(rounded(100 * (1 + 1 / 300) ** STEPS), np.float64)
    result = run(tmp_path, level, settings)
    (note,) = calm_notes(result)
    assert note.startswith("on 36 of 36 dates more than 90 % ")
    assert CALM in note
    gross = result.target_weights.abs().sum(axis=1)
    assert (result.target_weights["C"].abs() > 0.9 * gross).all()


@pytest.mark.parametrize(
    ("deviation", "strategy"),
    [
        (8e-4, {"name": "erc"}),  # bills next to stocks: 2 % of their volatility
        (8e-4, {"name": "inverse_variance"}),
        (4e-5, {"name": "equal_weight"}),
        (4e-5, {"name": "sixty_forty", "weights": {"A": 0.05, "C": 0.95}}),  # meant, whatever it does
    ],
)
def test_assets_that_move_like_bills_or_are_held_on_purpose_are_not_noted(
    tmp_path: Path, deviation: float, strategy: dict[str, Any]
) -> None:
    moves = np.random.default_rng(8).normal(0.002, deviation, MONTHS)
    assert not calm_notes(run(tmp_path, 100 * np.cumprod(1 + moves), strategy))
