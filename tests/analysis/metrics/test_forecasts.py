"""Forecasts of volatility against realised returns: the bias statistic and its band, QLIKE, and forecasts in force.

1. right forecasts have a bias of 1, within the band 95 times of 100; forecasts of half the risk have 2;
2. QLIKE prefers the right forecast;
3. a return is compared with the decision traded before its period, and with none that came later;
4. the table of a run applies this arithmetic by portfolio and asset; missing stays missing;
5. targets beyond the initial margin are neither forecast nor reported as held.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.build import allowed_scales
from backtest.analysis.metrics.ex_ante import diversification
from backtest.analysis.metrics.forecasts import (
    PORTFOLIO,
    bias_statistic,
    forecast_accuracy,
    forecasts_in_force,
    qlike,
    volatility_forecasts,
)
from backtest.analysis.tables.holdings import holdings_now
from backtest.engine.terms import FundTerms, MarginTerms, Terms, TradingTerms
from backtest.reporting.files.report_files import json_bytes, tables
from support.builders.market_files import dates_of, random_levels, write_config, write_csv
from support.builders.synthetic_result import synthetic_result

CONFIGS = Path(__file__).parents[3] / "configs"


class TestBias:
    """Standard deviation of standardised returns."""

    def test_bias_by_hand(self) -> None:
        # standardised: 1, -1, 2, -2; mean 0; (1 + 1 + 4 + 4) / 3
        returns, forecasts = np.array([[0.01], [-0.01], [0.04], [-0.04]]), np.array([[0.01], [0.01], [0.02], [0.02]])
        assert bias_statistic(returns, forecasts) == pytest.approx(np.sqrt(10 / 3), rel=1e-14)

    def test_right_forecasts_lie_in_the_band(self) -> None:
        """1 ± sqrt(2 / T) holds 95 % (two deviations of a normal); 93 to 97 % of 2000 draws allows five deviations."""
        rng = np.random.default_rng(0)
        forecasts = rng.uniform(0.005, 0.05, (120, 2000))
        bias = bias_statistic(rng.standard_normal((120, 2000)) * forecasts, forecasts)
        assert bias.mean() == pytest.approx(1, abs=0.01)
        assert 0.93 < (np.abs(bias - 1) < np.sqrt(2 / 120)).mean() < 0.97

    def test_a_forecast_of_half_the_risk_has_a_bias_of_two(self) -> None:
        rng = np.random.default_rng(1)
        returns, forecasts = rng.normal(size=(50, 3)), rng.uniform(1, 2, (50, 3))
        np.testing.assert_allclose(
            bias_statistic(returns, forecasts / 2), 2 * bias_statistic(returns, forecasts), rtol=1e-13
        )

    def test_missing_and_zero_forecasts_do_not_count(self) -> None:
        returns = np.array([[0.01], [np.nan], [-0.02], [0.5], [0.03], [0.1]])
        forecasts = np.array([[0.01], [0.01], [0.01], [np.nan], [0.02], [0.0]])
        assert bias_statistic(returns, forecasts) == pytest.approx(np.std([1, -2, 1.5], ddof=1), rel=1e-14)
        assert np.isnan(bias_statistic(returns[:2], forecasts[:2])).all()
        assert np.isnan(qlike(returns[3:4], forecasts[3:4])).all()


def test_qlike_prefers_the_right_forecast_to_a_constant_of_the_right_average() -> None:
    rng = np.random.default_rng(2)
    true = np.exp(rng.normal(-4, 0.5, (5000, 1)))
    returns = rng.normal(size=true.shape) * true
    right = qlike(returns, true)
    for wrong in (true * 1.2, true / 1.2, np.full_like(true, np.sqrt((true**2).mean()))):
        assert right < qlike(returns, wrong)
    np.testing.assert_allclose(right, (np.log(true**2) + (returns / true) ** 2).mean(), rtol=1e-13)


def daily(
    folder: Path, lag: int, ragged: bool = False, bands: dict[str, Any] | None = None, **terms: Any
) -> tuple[BacktestResult, pd.DatetimeIndex]:
    """Return a run rebalanced weekly whose trades come some days later, and the dates of its data."""
    rng = np.random.default_rng(5)
    dates = dates_of("daily", 120, rng)
    levels = pd.DataFrame(random_levels(dates, [0.2, 0.06, 0.15], rng), index=dates, columns=["spx", "ust", "gold"])
    if ragged:
        levels.loc[: dates[60], "gold"] = np.nan
    write_csv(levels, folder / "market.csv")
    config = write_config(
        folder / "run.yaml",
        data={
            "source": "csv", "path": "market.csv", "assets": list(levels), "cash": 0.02,
            "classes": {"spx": "equities", "ust": "bonds", "gold": "commodities"}, "ragged": ragged,
        },
        estimation={"covariance": "sample", "window": 20},
        strategy={"name": "erc"},
        rebalance={"frequency": "weekly", "execution_lag": lag, **({"bands": bands} if bands else {})},
        **terms,
    )  # fmt: skip
    return bt.run(config), dates


@pytest.mark.parametrize("lag", [0, 1, 3, 12])
def test_the_forecast_of_a_period_comes_from_the_last_decision_traded_before_it(tmp_path: Path, lag: int) -> None:
    """Period by period, in plain Python; at a lag of 12 two decisions are made before the first is traded."""
    result, dates = daily(tmp_path, lag)
    at = {day: k for k, day in enumerate(dates)}
    decided, standing = volatility_forecasts(result), forecasts_in_force(result)
    assert standing.index.equals(result.returns.index)
    traded = {day: dates[at[day] + lag] for day in decided.index if at[day] + lag < len(dates) - 1}
    assert result.trade_dates.dropna().to_dict() == traded
    assert list(result.trade_dates.index) == list(result.target_weights.index)
    assert set(traded.values()) == set(result.trades.index)
    for before, day in zip(result.nav.index[:-1], result.nav.index[1:], strict=True):
        last = max(one for one, trade in traded.items() if trade <= before)
        np.testing.assert_allclose(standing.loc[day] * np.sqrt(252), decided.loc[last], rtol=1e-14)


def test_an_asset_that_joins_has_forecasts_from_then_on(tmp_path: Path) -> None:
    result, dates = daily(tmp_path, 1, ragged=True)
    standing = forecasts_in_force(result)
    known = standing["gold"].notna()
    assert standing[["spx", "ust", PORTFOLIO]].notna().all(axis=None)
    assert standing.index[known][0] > dates[61 + 20]  # 20 returns, a decision, a trade
    assert np.diff(known.to_numpy().astype(int)).min() == 0
    accuracy = forecast_accuracy(result)
    assert accuracy.loc["gold", "periods"] == int(known.to_numpy().sum()) > 10
    assert accuracy.loc[PORTFOLIO, "periods"] == len(standing)


def test_the_table_of_a_run_has_the_bias_of_the_portfolio_and_of_each_asset() -> None:
    result = bt.run(CONFIGS / "daily" / "erc.yaml")
    accuracy, standing = forecast_accuracy(result), forecasts_in_force(result)
    assert list(accuracy.index) == [PORTFOLIO, *result.assets]
    returns = {PORTFOLIO: result.excess_returns}
    returns |= {name: (result.asset_returns[name] - result.cash_returns).iloc[1:] for name in result.assets}
    for name, row in accuracy.iterrows():
        ratios = returns[str(name)] / standing[name]
        assert row["bias_statistic"] == pytest.approx(ratios.std(), rel=1e-12)
        assert row["periods"] == len(ratios)
        assert row["high"] - 1 == pytest.approx(1 - row["low"]) == pytest.approx(np.sqrt(2 / len(ratios)))


OF_TWO = {
    "margin": {"initial_margin": 0.5},
    "by asset": {"initial_margin": {"spx": 0.6, "ust": 0.4, "gold": 0.5}},
    "futures": {"kind": "futures", "initial_margin": 0.5},
    "fund": {"kind": "leveraged_fund", "leverage": 2},
}


class TestMarginLimits:
    """Financing that allows about twice NAV, whatever the targets are."""

    @pytest.mark.parametrize("bands", [None, {"relative": 0.1}, {"relative": 0.1, "to": "edge", "check": "daily"}])
    @pytest.mark.parametrize("financing", list(OF_TWO.values()), ids=list(OF_TWO))
    def test_targets_beyond_the_limit_have_the_forecast_of_the_limit(
        self, tmp_path: Path, financing: dict[str, Any], bands: dict[str, Any] | None
    ) -> None:
        """The same weights are held, so forecasts and latest holdings agree, to 1e-12 because sums round."""
        runs = [
            daily(tmp_path, 1, bands=bands, financing=financing, leverage={"multiple": multiple})[0]
            for multiple in (2.6, 3, 5)
        ]
        least = runs[0]
        assert (least.target_scales < 1).all()
        for multiple, run in zip((2.6, 3, 5), runs, strict=True):
            np.testing.assert_allclose(run.weights, least.weights, rtol=0, atol=1e-12)
            asked = run.target_weights.sum(axis=1)
            np.testing.assert_allclose(asked, multiple, rtol=1e-12)  # requested targets stay in their table
            for name in ("risk_contributions", "asset_volatilities", "class_volatilities", "allowed_targets"):
                np.testing.assert_allclose(getattr(run, name), getattr(least, name), rtol=1e-12)
            np.testing.assert_allclose(run.latest_trades, least.latest_trades, rtol=0, atol=1e-12)
            np.testing.assert_allclose(diversification(run), diversification(least), rtol=1e-12)
            np.testing.assert_allclose(holdings_now(run), holdings_now(least), rtol=0, atol=1e-12)
            summary, expected = run.summary(), least.summary()
            for name in ("forecast_volatility", "bias_statistic", "latest_target_weights"):
                assert summary[name] == pytest.approx(expected[name], rel=1e-12)

    @pytest.mark.parametrize("financing", list(OF_TWO.values()), ids=list(OF_TWO))
    def test_allowed_targets_are_the_traded_weights(self, tmp_path: Path, financing: dict[str, Any]) -> None:
        """The scales are the ledger's, and the forecast is for the weights held after each trade."""
        run, _ = daily(tmp_path, 1, financing=financing, leverage={"multiple": 3})
        traded = run.trade_dates.dropna()
        np.testing.assert_allclose(run.target_scales[traded.index], run.trade_terms.loc[traded, "scale"], rtol=1e-14)
        np.testing.assert_allclose(run.allowed_targets.loc[traded.index], run.weights.loc[traded], rtol=1e-12)
        excess = run.asset_returns.sub(run.cash_returns, axis=0)
        for date in traded.index[8::4]:  # the window is within the run
            covariance = 252 * np.cov(excess.loc[:date].iloc[-20:].to_numpy().T)
            held = run.weights.loc[traded[date]].to_numpy()
            assert run.forecast_volatility[date] == pytest.approx(np.sqrt(held @ covariance @ held), rel=1e-10)

    def test_targets_within_the_limit_have_the_same_bits_as_without_a_limit(self, tmp_path: Path) -> None:
        run, _ = daily(tmp_path, 1, financing={"initial_margin": 0.5}, leverage={"multiple": 1.9})
        free, _ = daily(tmp_path, 1, leverage={"multiple": 1.9})
        assert (free.target_scales == 1).all()
        for one in (run, free):
            assert one.allowed_targets.equals(one.target_weights)
            last = one.target_weights.iloc[-1]
            assert one.latest_trades.equals(last - one.weights.iloc[-1])
            assert one.summary()["latest_target_weights"] == last.to_dict()
        for name in ("risk_contributions", "class_volatilities", "weights"):
            assert getattr(run, name).equals(getattr(free, name))

    def test_a_truncated_result_keeps_the_scales(self, tmp_path: Path) -> None:
        run, _ = daily(tmp_path, 1, financing={"initial_margin": 0.5}, leverage={"multiple": 3})
        part = run.until(run.nav.index[60])
        pd.testing.assert_series_equal(part.forecast_volatility, run.forecast_volatility[part.target_weights.index])
        assert sum(part.summary()["latest_target_weights"].values()) == pytest.approx(2, rel=1e-12)

    def test_scales_of_targets_by_hand(self) -> None:
        asked = np.array([[1.5, -1.5], [0.5, 0.5], [1.0, 2.0]])
        by_asset = Terms(TradingTerms(np.zeros(2)), margin=MarginTerms(initial=np.array([0.5, 0.25])))
        np.testing.assert_allclose(allowed_scales(asked, by_asset), [1 / 1.125, 1, 1], rtol=1e-15)
        inverse = Terms(TradingTerms(np.zeros(2)), FundTerms(-2.0), MarginTerms(initial=np.ones(2)))
        np.testing.assert_allclose(allowed_scales(asked, inverse), [2 / 3, 1, 2 / 3], rtol=1e-15)
        assert allowed_scales(asked, Terms(TradingTerms(np.zeros(2)))).tolist() == [1, 1, 1]


class TestSummaryAndFiles:
    """Forecasts in the summary and in the files of a run."""

    def test_the_summary_has_the_numbers_of_the_tables(self) -> None:
        result = bt.run(CONFIGS / "levered_erc.yaml")
        summary, accuracy = result.summary(), forecast_accuracy(result)
        assert summary["forecast_volatility"] == result.risk_contributions.sum(axis=1).mean()
        assert summary["forecast_volatility"] == pytest.approx(0.1, rel=1e-9)  # the target of this strategy
        assert summary["bias_statistic"] == accuracy.loc[PORTFOLIO, "bias_statistic"]
        assert summary["bias_statistic_band"] == accuracy[["low", "high"]].iloc[0].tolist()
        assert summary["asset_bias_statistics"] == accuracy["bias_statistic"].drop(PORTFOLIO).to_dict()
        assert summary["risk_shares"] == pytest.approx(dict.fromkeys(result.assets, 0.25), rel=1e-9)
        for name in ("capital_shares", "risk_shares", "realised_risk_shares"):
            shares, classes = summary[name], summary[f"class_{name}"]
            assert sum(shares.values()) == pytest.approx(1, rel=1e-12)
            assert sum(classes.values()) == pytest.approx(sum(shares[asset] for asset in result.assets), rel=1e-12)
            assert list(classes) == ["equities", "bonds", "commodities"]
            assert classes["commodities"] == pytest.approx(shares["gold"] + shares["crude_oil"], rel=1e-12)

    def test_undefined_numbers_are_null(self) -> None:
        for result in (
            synthetic_result(30, risk=False),
            synthetic_result(1),
            synthetic_result(5, still=True, free=True),
        ):
            text = json_bytes(result.summary()).decode()
            assert "NaN" not in text
        summary = synthetic_result(30, risk=False).summary()
        names = ("forecast_volatility", "bias_statistic", "diversification_ratio", "effective_number_of_bets")
        assert np.isnan([summary[name] for name in names]).all()
        assert np.isnan(list(summary["risk_shares"].values())).all()
        assert sum(summary["realised_risk_shares"].values()) == pytest.approx(1)

    def test_an_asset_may_have_any_name(self) -> None:
        result = synthetic_result(30, ("portfolio", "cash_and_costs"), benchmark=False)
        assert list(result.summary()["asset_bias_statistics"]) == ["portfolio", "cash_and_costs"]

    def test_forecast_tables_are_written_to_files(self) -> None:
        result = bt.run(CONFIGS / "erc.yaml")
        files = tables(result)
        pd.testing.assert_frame_equal(files["forecast_volatility"], volatility_forecasts(result))
        realised = files["realised_risk_contributions"]
        assert list(realised.columns) == [*result.assets, "cash_and_costs"]
        assert realised.index[0] == result.nav.index[12]  # a year of returns
        year = result.excess_returns.iloc[-12:]
        assert realised.iloc[-1].sum() == pytest.approx(np.sqrt(12) * year.std(), rel=1e-12)
        assert tables(synthetic_result(30, periods_per_year=1))["realised_risk_contributions"].notna().all(axis=None)
