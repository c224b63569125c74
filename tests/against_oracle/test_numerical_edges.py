"""Numbers at the edge of what a user may have: tiny and huge prices, 50× leverage, odd rates, long and wide data."""

import random
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from backtest.errors import SimulationError
from backtest.estimation.methods.sample_covariance import Sample
from backtest.risk import percentage_contributions, risk_contributions, risk_parity_weights
from support.agreement.engine_agreement import both, disagreement
from support.agreement.random_inputs import Inputs, random_inputs
from support.builders.ledger_result import gross_assets, simulated, terms_of
from support.builders.random_runs import random_runs
from support.oracle.oracle_terms import Fund

YEARS = 100
WIDE = 2000
ROUNDING = 1e-12


def at_the_edge(rng: random.Random) -> Inputs:
    """Return random inputs with prices from 1e-8 to 1e12, 50 times NAV invested, and cash from -49 to 99 % a year."""
    inputs = random_inputs(rng)
    while isinstance(inputs.terms.financing, Fund):  # funds are at most 10 times levered
        inputs = random_inputs(rng)
    calm = rng.choice([0.02, 0.2])  # so that some of the levered portfolios survive
    levels = {asset: rng.choice([1e-8, 1.0, 1e12]) for asset in inputs.prices}
    prices = {
        asset: [None if price is None else levels[asset] * (price / 100) ** calm for price in series]
        for asset, series in inputs.prices.items()
    }
    targets = {
        row: {asset: 50 * weight / (sum(map(abs, target.values())) or 1.0) for asset, weight in target.items()}
        for row, target in inputs.targets.items()
    }
    rate, dates = rng.choice([-0.49, 0.99]), inputs.dates
    days = [0, *((now - before).days for before, now in pairwise(dates))]
    cash = [(1 + rate) ** (count / 365) - 1 for count in days]
    return replace(inputs, prices=prices, targets=targets, cash=cash, loan_rate=None)


def test_extreme_prices_leverage_and_rates_equal_the_oracle() -> None:
    """Both refuse the same runs, and agree on every flow, trade, margin call and ruin of the others.

    If the cost of a trade leaves a small part of NAV, that part is a difference of larger numbers and has fewer digits:
    the bound is multiplied by the largest ratio of one NAV to the next.
    """
    rng, ruined, alive = random.Random(15), 0, 0
    for k in range(60):
        expected, got, message = both(at_the_edge(rng))
        assert (expected is None) == (got is None), (k, message)
        if expected is not None and got is not None:
            fall = max([1.0, *(before / now for before, now in pairwise(expected.nav) if now > 0)])
            assert disagreement(expected, got) <= fall, k
            ruined, alive = ruined + expected.ruined, alive + (not expected.ruined)
    assert min(ruined, alive) > 10


@pytest.mark.parametrize("power", [-40, 33])
def test_prices_in_another_unit_give_the_same_bits(power: int) -> None:
    """A power of two changes no digit of a price, whatever the currency: from 1e-12 to 1e10 times."""
    for k, run in enumerate(random_runs(5, markets=12, each=2)):
        periods = replace(run.periods, prices=run.periods.prices * 2.0**power)
        try:
            expected = run.simulate()
        except SimulationError as problem:
            with pytest.raises(SimulationError, match="^" + str(problem)[:20]):
                replace(run, periods=periods).simulate()
            continue
        found = replace(run, periods=periods).simulate()
        for name in ("nav", "weights", "trades", "trading", "financing", "asset_pnl"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=f"{k}: {name}")


def test_a_hundred_years_of_days_add_up() -> None:
    """Each of 25,000 changes in NAV is explained by its flows, to 1e-12 of gross assets."""
    rng, rows = np.random.default_rng(3), YEARS * 252
    dates = pd.bdate_range(date(1925, 1, 1), periods=rows)
    targets = {row: rng.uniform(0.2, 0.9, 3) for row in range(0, rows - 1, 21)}
    returns, cash = rng.normal(0.0003, 0.01, (rows, 3)), np.full(rows, 0.0001)
    result = simulated(returns, cash, targets, terms_of(3, 0.001, 0.01, 0.002), dates, periods_per_year=252)
    nav = result.nav.to_numpy()
    explained = result.contributions.to_numpy().sum(axis=1)[1:]
    assert len(nav) == rows
    assert np.abs(np.diff(nav) - explained).max() <= ROUNDING * (nav[:-1] * gross_assets(result)).max()
    assert all(np.isfinite(value) for value in (result.summary()[key] for key in ("cagr", "sharpe", "max_drawdown")))


def test_two_thousand_assets_have_equal_risk_contributions() -> None:
    """A covariance of 250 returns is singular; shrunk by a tenth of its diagonal it has a portfolio of equal risk."""
    rng = np.random.default_rng(4)
    returns = rng.normal(0.0, 0.01, (250, WIDE)) + rng.normal(0.0, 0.008, (250, 1))
    (sample,) = Sample(window=250).covariances(returns, [249], 252)
    np.testing.assert_allclose(np.diagonal(sample), returns.var(axis=0, ddof=1), rtol=ROUNDING)
    covariance = 0.9 * sample + 0.1 * np.diag(np.diagonal(sample))
    weights = risk_parity_weights(covariance)
    shares = percentage_contributions(risk_contributions(weights, covariance))
    np.testing.assert_allclose(shares * WIDE, 1, rtol=0, atol=1e-9)  # the solver's 1e-10, and a sum of 2,000 terms
    assert abs(weights.sum() - 1) <= ROUNDING


def test_a_window_of_all_data_is_the_covariance_of_all_data() -> None:
    returns = np.random.default_rng(6).normal(0.0, 0.01, (400, 3))
    (found,) = Sample(window=400).covariances(returns, [399], 252)
    np.testing.assert_allclose(found, np.cov(returns.T), rtol=ROUNDING, atol=0)
    assert np.isnan(Sample(window=401).covariances(returns, [399], 252)).all()
