"""Ex-ante risk against covariances computed independently; sums over classes; diversification over time.

1. a stack of dates equals each date alone, bit for bit; unknown risk is left out or NaN;
2. for a run: forecasts, diversification ratio and number of bets from NumPy's covariance of the window;
3. classes: sums of assets, and the volatilities of classes on their own.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.metrics.ex_ante import by_class, class_members, diversification, ex_ante_risk
from backtest.analysis.metrics.forecasts import PORTFOLIO, volatility_forecasts
from backtest.risk import risk_contributions
from support.builders.synthetic_result import synthetic_result

CONFIGS = Path(__file__).parents[3] / "configs"
WINDOW = 36  # of configs/erc.yaml


def problem(dates: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(dates * count)
    loadings = rng.normal(size=(dates, count, count + 2))
    members = rng.integers(3, size=count) == np.arange(3)[:, None]
    return rng.normal(size=(dates, count)), loadings @ loadings.swapaxes(1, 2), members


class TestOfOneDate:
    """`ex_ante_risk`."""

    @pytest.mark.parametrize("count", [1, 3, 8, 17])
    def test_a_stack_equals_each_date_alone_bit_for_bit(self, count: int) -> None:
        targets, covariances, members = problem(9, count)
        together = ex_ante_risk(targets, covariances, members)
        for k in range(9):
            alone = ex_ante_risk(targets[k : k + 1], covariances[k : k + 1].copy(), members)
            for name in ("contributions", "asset_volatilities", "class_volatilities"):
                assert getattr(alone, name)[0].tobytes() == getattr(together, name)[k].tobytes(), name
        np.testing.assert_array_equal(together.contributions, risk_contributions(targets, covariances))

    def test_an_asset_without_a_covariance_adds_nothing_if_it_is_not_held(self) -> None:
        targets, covariances, members = problem(3, 4)
        targets[:, 2] = 0.0
        known = ex_ante_risk(targets, covariances, members)
        covariances[1, 2, :] = covariances[1, :, 2] = np.nan
        risk = ex_ante_risk(targets, covariances, members)
        np.testing.assert_allclose(risk.contributions, known.contributions, rtol=1e-12)
        np.testing.assert_allclose(risk.class_volatilities, known.class_volatilities, rtol=1e-12)
        assert np.argwhere(np.isnan(risk.asset_volatilities)).tolist() == [[1, 2]]

    def test_risk_is_unknown_if_nothing_is_held_or_a_held_asset_has_no_covariance(self) -> None:
        targets, covariances, members = problem(3, 4)
        targets[0] = 0.0
        covariances[1, 3, :] = covariances[1, :, 3] = np.nan
        risk = ex_ante_risk(targets, covariances, members)
        for table in (risk.contributions, risk.class_volatilities):
            assert np.isnan(table).all(axis=1).tolist() == [True, True, False]
            assert np.isfinite(table[2]).all()
        assert np.isfinite(risk.asset_volatilities[0]).all()  # assets have a volatility, held or not

    def test_unknown_covariances_give_unknown_risk(self) -> None:
        targets, covariances, members = problem(2, 3)
        risk = ex_ante_risk(targets, np.full_like(covariances, np.nan), members)
        assert np.isnan(risk.contributions).all()
        assert ex_ante_risk(targets[:0], covariances[:0], members).contributions.shape == (0, 3)

    def test_without_classes_there_are_no_class_volatilities(self) -> None:
        targets, covariances, members = problem(2, 3)
        assert ex_ante_risk(targets, covariances, members[:0]).class_volatilities.shape == (2, 0)


class TestOfARun:
    """Ex-ante risk stored with a run equals NumPy's covariance of the same returns."""

    @pytest.mark.parametrize("name", ["60_40", "erc", "levered_erc", "all_weather"])
    def test_forecasts_and_diversification_equal_numpy(self, name: str) -> None:
        result = bt.run(CONFIGS / f"{name}.yaml")
        excess = result.asset_returns.sub(result.cash_returns, axis=0)
        members = class_members(result.assets, result.classes)[1]
        spread, forecasts = diversification(result), volatility_forecasts(result)
        assert result.target_weights.index[WINDOW:].isin(forecasts.index).all()
        for date in pd.DatetimeIndex(result.target_weights.index)[WINDOW:][::23]:
            window = excess.loc[:date].iloc[-WINDOW:]
            covariance = 12 * np.cov(window.to_numpy().T)
            weights = result.target_weights.loc[date].to_numpy()
            volatility, alone = np.sqrt(weights @ covariance @ weights), np.sqrt(np.diagonal(covariance))
            np.testing.assert_allclose(forecasts.loc[date], [volatility, *alone], rtol=1e-11)
            shares = weights * (covariance @ weights) / volatility**2
            sleeves = [np.sqrt(w @ covariance @ w) for w in members * weights]
            np.testing.assert_allclose(result.class_volatilities.loc[date], sleeves, rtol=1e-10)
            expected = [
                np.abs(weights) @ alone / volatility,
                1 / (shares**2).sum(),
                sum(sleeves) / volatility,
                1 / ((members @ shares) ** 2).sum(),
            ]
            np.testing.assert_allclose(spread.loc[date], expected, rtol=1e-10)

    def test_equal_contributions_count_as_one_bet_per_asset(self) -> None:
        result = bt.run(CONFIGS / "erc.yaml")
        np.testing.assert_allclose(diversification(result)["effective_number_of_bets"], 4, rtol=1e-9)

    @pytest.mark.parametrize("weight", [1.0, 0.5, -1.0])
    def test_a_single_position_is_not_diversified(self, weight: float) -> None:
        """Its volatility is the portfolio's, so both ratios are 1 and there is one bet, however large the position."""
        targets, covariance = np.array([[weight, 0.0]]), np.array([[[0.04, 0.01], [0.01, 0.09]]])
        members = np.array([[True, False], [False, True]])
        risk = ex_ante_risk(targets, covariance, members)
        result = synthetic_result(3, ("a", "b"), benchmark=False)
        dates = result.nav.index[:1]
        single = replace(
            result,
            classes={"a": "equities", "b": "bonds"},
            target_weights=pd.DataFrame(targets, dates, result.assets),
            target_scales=pd.Series(1.0, dates),
            risk_contributions=pd.DataFrame(risk.contributions, dates, result.assets),
            asset_volatilities=pd.DataFrame(risk.asset_volatilities, dates, result.assets),
            class_volatilities=pd.DataFrame(risk.class_volatilities, dates, ["equities", "bonds"]),
        )
        np.testing.assert_allclose(diversification(single).to_numpy(), np.ones((1, 4)), rtol=1e-15)

    def test_a_truncated_result_keeps_the_numbers_of_its_dates(self) -> None:
        result = bt.run(CONFIGS / "erc.yaml")
        end = result.nav.index[100]
        pd.testing.assert_frame_equal(diversification(result.until(end)), diversification(result).loc[:end])

    def test_diversification_is_empty_or_undefined_without_risk(self) -> None:
        assert diversification(synthetic_result(30, risk=False)).empty
        still = synthetic_result(3, ("a",), benchmark=False)
        still.risk_contributions.iloc[:] = 0.0
        assert diversification(still).iloc[:, :2].isna().all(axis=None)


class TestClasses:
    """Sums over classes."""

    def test_classes_are_sums_in_the_order_of_their_first_assets(self) -> None:
        table = pd.DataFrame({"a": [1.0, np.nan], "b": [2.0, 2.0], "c": [4.0, 4.0], "d": [8.0, 8.0]})
        sums = by_class(table, {"a": "bonds", "c": "bonds", "d": "equities"})
        assert list(sums.columns) == ["bonds", "unclassified", "equities"]
        assert sums.iloc[0].tolist() == [5.0, 2.0, 8.0]
        assert sums["bonds"].isna().tolist() == [False, True]

    def test_without_classes_there_are_no_columns(self) -> None:
        assert by_class(pd.DataFrame({"a": [1.0]}), {}).shape == (1, 0)
        assert diversification(bt.run(CONFIGS / "erc.yaml")).shape[1] == 4
        result = synthetic_result(30)
        result.classes.clear()  # type: ignore[attr-defined]  # a dict in fact
        spread = diversification(result)
        assert spread.isna().all().tolist() == [False, False, True, True]

    def test_contributions_of_classes_add_up_to_the_volatility(self) -> None:
        result = bt.run(CONFIGS / "erc.yaml")
        sums = by_class(result.risk_contributions, result.classes).sum(axis=1)
        np.testing.assert_allclose(sums, volatility_forecasts(result)[PORTFOLIO], rtol=1e-14)
