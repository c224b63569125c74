"""Regressions on factors: another implementation, closed forms, and errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arch.data import frenchdata
from statsmodels.regression.linear_model import OLS

import backtest as bt
from backtest.errors import BacktestError

DATES = pd.date_range("2000-01-31", periods=121, freq="ME")
RNG = np.random.default_rng(6)
RULE = {"strategy": "erc", "estimation": {"window": 12}, "costs": {"trading_bps": 20}}


@pytest.fixture(scope="module")
def run() -> bt.BacktestResult:
    frame = pd.DataFrame(RNG.normal(0.006, [0.04, 0.02], (121, 2)), DATES, ["s", "b"])
    market = bt.MarketData.from_returns(frame, cash=0.02, classes={"s": "equities", "b": "bonds"})
    return bt.run(RULE, market=market)


@pytest.fixture(scope="module")
def factors() -> pd.DataFrame:
    return pd.DataFrame(RNG.normal(0.002, 0.03, (121, 3)), DATES, ["Mkt-RF", "SMB", "HML"])


def test_values_and_errors_are_those_of_statsmodels(run: bt.BacktestResult, factors: pd.DataFrame) -> None:
    found = run.factors(factors)
    y = run.excess_returns
    design = np.column_stack([np.ones(len(y)), factors.loc[y.index].to_numpy()])
    model = OLS(y.to_numpy(), design)
    settings = {"maxlags": found.lags, "use_correction": True}
    other = model.fit(cov_type="HAC", cov_kwds=settings, use_t=True)
    scale = np.array([12, 1, 1, 1])
    expected = {
        "value": other.params * scale,
        "error": other.bse * scale,
        "t": other.tvalues,
        "p_value": other.pvalues,
        "low": other.conf_int()[:, 0] * scale,
        "high": other.conf_int()[:, 1] * scale,
    }
    assert found.lags == int(4 * (len(y) / 100) ** (2 / 9))
    for name, values in expected.items():
        np.testing.assert_allclose(found.loadings[name], values, rtol=1e-9)  # two solvers of one system
    assert found.r_squared == pytest.approx(other.rsquared, rel=1e-9)
    last = OLS(y.to_numpy()[-36:], design[-36:]).fit()
    np.testing.assert_allclose(found.rolling.iloc[-1], last.params * scale, rtol=1e-9)


def test_contributions_add_up_to_the_mean_return_above_cash(run: bt.BacktestResult, factors: pd.DataFrame) -> None:
    for found in (run.factors(), run.factors(factors)):
        assert found.loadings["contribution"].sum() == pytest.approx(12 * run.excess_returns.mean(), abs=1e-12)
    assert found.loadings["contribution"]["alpha"] == found.loadings["value"]["alpha"]


def test_a_constant_mix_without_costs_has_its_weights_as_loadings() -> None:
    frame = pd.DataFrame(RNG.normal(0.006, [0.04, 0.02], (61, 2)), DATES[:61], ["s", "b"])
    market = bt.MarketData.from_returns(frame, cash=0.0, classes={"s": "equities", "b": "bonds"})
    run = bt.run({"strategy": "equal_weight", "estimation": {"window": 12}}, market=market)
    found = run.factors()
    np.testing.assert_allclose(found.loadings["value"], [0, 0.5, 0.5], atol=1e-12)  # rounding of NAV
    assert found.r_squared == pytest.approx(1, abs=1e-12)
    assert found.loadings["error"].isna().all()
    assert found.sentence.endswith("Alpha is 0.00% a year, and the factors explain every month.")


def test_the_market_of_fama_and_french_is_the_stock_market_of_the_sample() -> None:
    """Published factors: US stocks have a loading of 1 on the market, and no other."""
    published = frenchdata.load() / 100
    months = pd.to_datetime(pd.DatetimeIndex(published.index).asi8.astype(str), format="%Y%m")
    factors = published[["Mkt-RF", "SMB", "HML"]].set_axis(months, axis=0)
    data = {"source": "sample", "assets": ["us_stocks"], "cash": "us_tbill"}
    run = bt.run({"data": data, "strategy": "equal_weight", "estimation": {"window": 12}})
    found = run.factors(factors)
    assert found.months > 1000
    np.testing.assert_allclose(found.loadings["value"], [0, 1, 0, 0], atol=1e-8)  # digits of the sample


def test_days_are_compounded_to_months(run: bt.BacktestResult, factors: pd.DataFrame) -> None:
    """Two rows in a month whose product is the month's return give the same regression."""
    half = (1 + factors).pow(0.5) - 1
    early = half.set_axis(DATES - pd.Timedelta(days=10), axis=0)
    values = run.factors(pd.concat([early, half])).loadings["value"]
    np.testing.assert_allclose(values, run.factors(factors).loadings["value"], rtol=1e-9)  # roots and their products


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: 100 * f, "expected decimals below 1 such as 0.0432. Hint: divide returns in percent by 100"),
        (lambda f: f.head(30), "factors: 18 months have a return of the run and of each factor; expected 30 or more"),
        (lambda f: f.assign(copy=f["SMB"] - 2 * f["HML"]), "are constant or collinear"),
        (lambda f: f.assign(one=0.01), "are constant or collinear"),
        (lambda f: f.assign(alpha=f["SMB"]), "a factor is named alpha"),
        (lambda f: f.astype(object).replace(f.iloc[3, 1], "x"), "expected numbers"),
        (lambda f: pd.concat([f, f]), "expected one row for each date"),
        (lambda f: f.reset_index(drop=True), "dates as its index"),
    ],
)
def test_wrong_factors_are_clear_errors(
    run: bt.BacktestResult, factors: pd.DataFrame, change: object, message: str
) -> None:
    assert callable(change)
    with pytest.raises(BacktestError, match=message):
        run.factors(change(factors))


def test_years_are_too_long(run: bt.BacktestResult) -> None:
    with pytest.raises(BacktestError, match="factors: the run has 1 periods a year; expected 12 or more"):
        replace(run, periods_per_year=1).factors()
