"""Measures of a regime are computed from its months alone, with intervals that hold the truth as often as they say.

1. labels follow from the data up to their month; lagged, no later data changes them;
2. measures are computed from the chosen months alone; influences are derivatives of the Sharpe ratio by weights;
3. intervals hold the true Sharpe ratio in 92 to 98 of 100 histories, and equal regimes differ in 2 to 8 of 100.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.origins.regime_labels import regime_labels
from backtest.analysis.origins.regimes import _influences, _measures
from support.builders.synthetic_result import synthetic_result

CLASSES = {"stocks": "equities", "bonds": "bonds", "gold": "commodities"}


def result(periods: int = 120) -> BacktestResult:
    """Return a run with classes, consumer prices and a cash rate that moves."""
    made = replace(synthetic_result(periods), classes=CLASSES)
    rng = np.random.default_rng(3)
    dates = made.nav.index
    cash = pd.Series(0.002 + 0.0005 * np.sin(np.arange(len(dates)) / 9), index=dates)
    prices = pd.Series(np.exp(np.cumsum(rng.normal(0.002, 0.002, len(dates)))), index=dates)
    returns = pd.DataFrame(rng.normal(0.005, 0.03, (len(dates), 3)), index=dates, columns=list(CLASSES))
    return replace(made, cash_returns=cash, consumer_prices=prices, asset_returns=returns)


class TestLabels:
    """Labels of the months."""

    def test_they_are_what_their_definitions_say(self) -> None:
        run = result()
        labels, month = regime_labels(run), run.nav.index[60]
        year = run.asset_returns.loc[:month].iloc[-12:]
        usual = pd.Series([run.asset_returns["stocks"].iloc[end - 12 : end].std() for end in range(13, 122)]).median()
        assert run.consumer_prices is not None
        inflation = run.consumer_prices.pct_change(12)
        assert labels.loc[month].to_dict() == {
            "cash rate": "rising" if run.cash_returns.iloc[60] > run.cash_returns.iloc[48] else "falling",
            "volatility": "high" if year["stocks"].std() > usual else "low",
            "inflation": "rising" if inflation.iloc[60] > inflation.iloc[48] else "falling",
            "stock-bond correlation": "positive" if year["stocks"].corr(year["bonds"]) > 0 else "negative",
        }
        assert labels.iloc[:11].isna().all(axis=None)

    def test_lagged_labels_do_not_change_with_their_month_or_later_ones(self) -> None:
        run = result()
        before = regime_labels(run, lagged=True)
        later = run.asset_returns.copy()
        later.iloc[80:] = np.random.default_rng(9).normal(0, 0.2, later.iloc[80:].shape)
        assert run.consumer_prices is not None
        prices = run.consumer_prices.where(np.arange(121) < 80, run.consumer_prices**3)
        cash = run.cash_returns.where(np.arange(121) < 80, 0.09)
        after = regime_labels(replace(run, asset_returns=later, consumer_prices=prices, cash_returns=cash), lagged=True)
        known = run.nav.index[80]  # its label is the one of the month before
        pd.testing.assert_frame_equal(before.loc[:known], after.loc[:known])
        assert not before.loc[known:].equals(after.loc[known:])

    def test_a_run_without_classes_prices_and_moving_cash_has_volatility_alone(self) -> None:
        run = replace(result(), classes={}, consumer_prices=None)
        still = replace(run, cash_returns=run.cash_returns * 0 + 0.001)
        assert set(still.regimes().index.get_level_values("kind")) == {"volatility"}


class TestMeasures:
    """Measures of the months of a regime."""

    def test_they_are_computed_from_the_chosen_months(self) -> None:
        run = result()
        dates = pd.DatetimeIndex(run.nav.index)
        years = pd.Series(np.where(dates.year % 2, "odd", "even"), index=dates, name="year")
        odd = run.regimes(years).to_dict("index")["year", "odd"]
        chosen = run.returns[dates[1:].year % 2 == 1]
        excess = run.excess_returns[chosen.index]
        assert odd["months"] == len(chosen)
        assert odd["return"] == pytest.approx(
            float(np.prod(1 + chosen.to_numpy())) ** (12 / len(chosen)) - 1, rel=1e-12
        )
        assert odd["volatility"] == pytest.approx(chosen.std() * math.sqrt(12), rel=1e-12)
        assert odd["sharpe"] == pytest.approx(excess.mean() / excess.std() * math.sqrt(12), rel=1e-12)

    def test_labels_are_in_force_until_the_next_and_lag_by_a_month(self) -> None:
        run = result()
        first, turn = run.nav.index[0], run.nav.index[40]
        labels = pd.Series(["before", "after"], index=[first, turn])
        assert run.regimes(labels)["months"].to_list() == [81, 39]  # sorted: after, before
        assert run.regimes(labels, lagged=True)["months"].to_list() == [80, 39]

    def test_influences_are_derivatives_by_the_weights_of_months(self) -> None:
        rng = np.random.default_rng(4)
        excess, inside = rng.normal(0.01, 0.03, 90), rng.random(90) < 0.5
        influences, step = _influences(excess, inside), 1e-6
        assert influences is not None

        def ratio(month: int, more: float) -> float:
            weights = inside.astype(float)
            weights[month] += more * inside[month]
            mean = np.average(excess, weights=weights)
            return float(mean / math.sqrt(np.average((excess - mean) ** 2, weights=weights)))

        slopes = [(ratio(month, step) - ratio(month, -step)) / (2 * step) for month in range(90)]
        np.testing.assert_allclose(influences, 90 * np.array(slopes), atol=1e-6)  # error of the central difference

    def test_coverage_and_size(self) -> None:
        rng = np.random.default_rng(5)
        inside = np.arange(240) // 20 % 2 == 0
        truth, rows = 0.15 * math.sqrt(12), []
        for excess in rng.normal(0.006, 0.04, (400, 240)):
            one = _measures(excess, excess, inside)
            rows.append((one["low"] < truth < one["high"], one["p_value"] < 0.05))
        held, rejected = np.mean(rows, axis=0)
        assert 0.92 < held < 0.98  # three standard errors of 400 histories about 95 %
        assert 0.02 < rejected < 0.08

    def test_few_months_have_no_interval(self) -> None:
        run = result(40)
        labels = pd.Series(["a", "b"], index=run.nav.index[[0, 30]])
        table = run.regimes(labels)
        assert table.loc[("regime", "b"), ["low", "high", "p_value"]].isna().all()
        assert table["sharpe"].notna().all()


class TestErrors:
    """Input that has no regimes."""

    def test_periods_longer_than_a_month(self) -> None:
        with pytest.raises(bt.BacktestError, match=r"the run has 4 periods a year; expected 12 or more"):
            synthetic_result(40, periods_per_year=4).regimes()

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ({"2004-01-31": "a"}, "pandas Series with dates"),
            (pd.Series(["a"], index=[1]), "pandas Series with dates"),
            (pd.Series(["a", "b"], index=pd.to_datetime(["2004-01-31"] * 2)), "one date each"),
            (pd.Series(["a"], index=pd.to_datetime(["2004-01-31"]).tz_localize("UTC")), "without a time zone"),
            (pd.Series(["a"], index=pd.to_datetime(["2050-01-31"])), "no label is on or before the last month"),
        ],
    )
    def test_labels_that_do_not_fit(self, labels: pd.Series, message: str) -> None:
        with pytest.raises(bt.BacktestError, match=message):
            synthetic_result(40).regimes(labels)
