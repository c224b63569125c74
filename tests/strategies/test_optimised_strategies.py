"""Strategies built on an optimiser: the history they read, the settings they take, and the inputs they reject.

Target weights of a run equal the functions of `backtest.risk`, given windows that are cut from the file by hand.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import backtest as bt
from backtest.risk import (
    gaussian_shortfall_parity_weights,
    hierarchical_risk_parity_weights,
    historical_shortfall_parity_weights,
    inverse_variance_weights,
    maximum_diversification_weights,
    minimum_variance_weights,
    risk_parity_weights,
)
from support.builders.market_files import dates_of, random_levels, write_config, write_csv

NAMES = ["aa", "bb", "cc", "dd"]
CLASSES = {"aa": "equities", "bb": "bonds", "cc": "gold", "dd": "equities"}
WINDOW = 15


def market() -> pd.DataFrame:
    """Write monthly prices of four assets, and cash with a return."""
    rng = np.random.default_rng(5)
    dates = dates_of("monthly", 70, rng)
    levels = random_levels(dates, [0.18, 0.05, 0.14, 0.26, 0.004], rng, drift=0.02)
    return pd.DataFrame(levels, index=dates, columns=[*NAMES, "bills"])


def run(folder: Path, strategy: dict[str, Any], prices: pd.DataFrame | None = None, **data: Any) -> bt.BacktestResult:
    write_csv(market() if prices is None else prices, folder / "market.csv")
    config = write_config(
        folder / "run.yaml",
        data={"source": "csv", "path": "market.csv", "cash": "bills", "assets": NAMES, "classes": CLASSES, **data},
        estimation={"window": WINDOW},
        strategy=strategy,
        rebalance={"frequency": "monthly", "execution_lag": 0},
    )
    return bt.run(config)


def excess(prices: pd.DataFrame) -> pd.DataFrame:
    returns = prices.pct_change(fill_method=None)
    return returns[NAMES].sub(returns["bills"], axis=0)


def window_until(date: Any, rows: int) -> NDArray[np.float64]:
    """Return the (rows, 4) last excess returns on a date."""
    return excess(market()).loc[:date].iloc[-rows:].to_numpy()


@pytest.mark.parametrize(
    ("strategy", "solve"),
    [
        ({"name": "inverse_variance"}, inverse_variance_weights),
        ({"name": "minimum_variance"}, minimum_variance_weights),
        ({"name": "minimum_variance", "max_weight": 0.4}, lambda c: minimum_variance_weights(c, 0.4)),
        ({"name": "maximum_diversification"}, maximum_diversification_weights),
        ({"name": "hierarchical_risk_parity"}, hierarchical_risk_parity_weights),
        (
            {"name": "hierarchical_risk_parity", "linkage": "ward"},
            lambda c: hierarchical_risk_parity_weights(c, "ward"),
        ),
    ],
)
def test_run_holds_the_weights_of_the_function(tmp_path: Path, strategy: dict[str, Any], solve: Any) -> None:
    """The function is applied to the sample covariance of the window's excess returns, on each date."""
    targets = run(tmp_path, strategy).target_weights
    assert len(targets) == 70 - WINDOW
    for date, weights in targets.iterrows():
        expected = solve(np.cov(window_until(date, WINDOW), rowvar=False))
        np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("distribution", ["historical", "gaussian"])
@pytest.mark.parametrize("budgets", [None, {"aa": 0.4, "bb": 0.1, "cc": 0.0, "dd": 0.5}])
def test_expected_shortfall_uses_the_strategys_own_window(
    tmp_path: Path, distribution: str, budgets: dict[str, float] | None
) -> None:
    """Excess returns of `window`, longer than the covariance's; `2Y` is 24 months. The run begins when it is full."""
    strategy = {"name": "erc_expected_shortfall", "window": "2Y", "level": 0.9, "distribution": distribution}
    targets = run(tmp_path, strategy if budgets is None else {**strategy, "budgets": budgets}).target_weights
    assert targets.index[0] == market().index[24]
    shares = None if budgets is None else list(budgets.values())
    for date, weights in targets.iterrows():
        history = window_until(date, 24)
        if distribution == "historical":
            expected = historical_shortfall_parity_weights(history, shares, 0.9)
        else:
            covariance = np.cov(history[-WINDOW:], rowvar=False)
            expected = gaussian_shortfall_parity_weights(covariance, history.mean(axis=0), shares, 0.9)
        np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-9)


def test_an_asset_joins_when_its_own_window_is_full(tmp_path: Path) -> None:
    """Ragged: the covariance may know it long before. Until then nothing of it is held, and the others are as alone."""
    prices = market()
    prices.loc[prices.index[:20], "cc"] = np.nan
    strategy = {"name": "erc_expected_shortfall", "window": 24, "level": 0.9}
    targets = run(tmp_path, strategy, prices, ragged=True).target_weights
    joined = prices.index[20 + 24]
    assert (targets["cc"] > 0).tolist() == (targets.index >= joined).tolist()
    before = targets.index[targets.index < joined][-1]
    others = historical_shortfall_parity_weights(window_until(before, 24)[:, [0, 1, 3]], level=0.9)
    np.testing.assert_allclose(targets.loc[before, ["aa", "bb", "dd"]], others, rtol=0, atol=1e-9)


def test_bounds_may_name_an_asset_that_joins_later(tmp_path: Path) -> None:
    """Ragged: a bound holds from when its asset may be held; until then the others are as without it."""
    prices = market()
    prices.loc[prices.index[:20], "cc"] = np.nan
    targets = run(tmp_path, {"name": "erc", "max_weight": {"cc": 0.1}}, prices, ragged=True).target_weights
    joined = targets.index >= prices.index[20 + WINDOW]
    np.testing.assert_allclose(targets["cc"], np.where(joined, 0.1, 0.0), rtol=0, atol=1e-12)
    date = targets.index[~joined][-1]
    others = risk_parity_weights(np.cov(window_until(date, WINDOW)[:, [0, 1, 3]], rowvar=False))
    np.testing.assert_allclose(targets.loc[date, ["aa", "bb", "dd"]], others, rtol=1e-9)  # what is promised


def test_messages_name_the_right_asset_next_to_one_without_a_budget(tmp_path: Path) -> None:
    """Also in messages of bounded problems: positions count all assets, not only assets with a budget."""
    prices = market()
    prices["cc"] = prices["bills"]
    strategy = {"name": "erc", "budgets": {"aa": 0, "bonds": 0.5, "gold": 0.3, "dd": 0.2}, "max_weight": 0.9}
    with pytest.raises(bt.BacktestError, match="variance of cc is 0"):
        run(tmp_path, strategy, prices)


def test_a_window_without_losses_names_date_and_assets(tmp_path: Path) -> None:
    """An asset that only rose has no expected shortfall: the message names the asset and the date."""
    prices = market()
    prices["bb"] = prices["bills"] * 1.01 ** np.arange(70)
    with pytest.raises(
        bt.BacktestError, match=r"ERCExpectedShortfall on 2019-.*portfolio of .* of bb.* over the 10 periods"
    ):
        run(tmp_path, {"name": "erc_expected_shortfall", "window": 10, "level": 0.9}, prices)


def test_cap_without_a_feasible_portfolio_is_rejected_before_data_is_read(tmp_path: Path) -> None:
    """The check uses the number of assets, and names the smallest feasible cap."""
    with pytest.raises(
        bt.BacktestError, match=r"max_weight: 4 assets of at most 0\.2 add up to 0\.8; expected 1 or more"
    ):
        run(tmp_path, {"name": "minimum_variance", "max_weight": 0.2})


def test_zero_variance_is_an_error_that_names_the_asset(tmp_path: Path) -> None:
    """With a constant price no optimiser has a solution, and each error names the asset and the date."""
    prices = market()
    prices["cc"] = prices["bills"]
    for name in ("minimum_variance", "maximum_diversification", "hierarchical_risk_parity", "inverse_variance"):
        with pytest.raises(bt.BacktestError, match=r" on 2020-02-29: .*the variance of cc is "):
            run(tmp_path, {"name": name}, prices)


# ---------------------------------------------------------------------------------------------------- volatility target


def test_fixed_weights_are_scaled_to_the_target(tmp_path: Path) -> None:
    """The result is the weights times k, with volatility at the target or gross exposure at the cap; both occur."""
    fixed = np.array([0.25, 0.4, 0.0, 0.25])
    strategy = {
        "name": "volatility_target",
        "weights": {"equities": 0.5, "bonds": 0.4},
        "target_volatility": 0.12,
        "max_gross_exposure": 1.3,
    }
    targets = run(tmp_path, strategy).target_weights
    capped = 0
    for date, weights in targets.iterrows():
        covariance = np.cov(window_until(date, WINDOW), rowvar=False)
        leverage = min(0.12 / np.sqrt(12 * fixed @ covariance @ fixed), 1.3 / 0.9)
        np.testing.assert_allclose(weights, leverage * fixed, rtol=1e-10)
        capped += weights.sum() == pytest.approx(1.3, abs=1e-12)
    assert 0 < capped < len(targets), "the case is meant to have both"


def test_portfolio_is_cash_until_an_asset_is_available(tmp_path: Path) -> None:
    """With ragged data, if the only asset with a weight has not begun, NAV is all in cash instead of an error."""
    prices = market()
    prices.loc[prices.index[:40], "cc"] = np.nan
    strategy = {"name": "volatility_target", "weights": {"gold": 1.0}}
    targets = run(tmp_path, strategy, prices, ragged=True).target_weights
    assert ((targets == 0).all(axis=1) == (targets.index < prices.index[40 + WINDOW])).all()


def test_equal_volatility_targets_of_erc(tmp_path: Path) -> None:
    """`levered_erc` is scaled by the same function: its ex-ante volatility is the target, as no cap is met."""
    targets = run(tmp_path, {"name": "levered_erc", "target_volatility": 0.08, "max_gross_exposure": 5}).target_weights
    for date, weights in targets.iterrows():
        covariance = np.cov(window_until(date, WINDOW), rowvar=False)
        assert np.sqrt(12 * weights @ covariance @ weights) == pytest.approx(0.08, rel=1e-10)
        np.testing.assert_allclose(weights / weights.sum(), risk_parity_weights(covariance), rtol=0, atol=1e-10)
