"""Laws of the accounting of a run, each on runs found by hypothesis.

1. a run equals the oracle's run: NAV, weights, trades and flows, with assets that come and go and any decisions;
2. the contributions of the shipped runs add up to their total returns;
3. the cost of a trade solves its equation;
4. laws of NAV alone: cash alone, one asset alone, leverage at the cash rate.

`test_identity` holds the accounting identity, and `test_against_oracle` compares random runs under all terms.

A NAV is a sum of positions and cash, each accurate to some 1e-16 of itself, so sums of contributions are accurate to
1e-12 of gross assets.
"""

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.engine.kernels.trade_kernel import cost_of_rebalance
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms
from backtest.errors import SimulationError
from support.agreement.engine_agreement import both, disagreement, translated
from support.agreement.random_inputs import Inputs
from support.builders.engine_markets import all_priced
from support.builders.market_files import dates_of, random_levels, write_config, write_csv
from support.oracle import oracle_terms
from support.oracle.oracle_trades import CostRates, cost_of_trade

IDENTITY = 1e-12  # of gross assets


# ------------------------------------------------------------------------------------------------------- 1. the oracle


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


@st.composite
def runs(draw: st.DrawFn, leverage: float = 3.0) -> Inputs:
    """Return runs of up to four assets and fourteen dates: long, short and levered, with assets that come and go."""
    count, length = draw(st.integers(1, 4)), draw(st.integers(3, 14))
    names = list("ABCD"[:count])
    returns = draw(hnp.arrays(float, (length, count), elements=numbers(-0.6, 0.8)))
    levels = 100 * np.cumprod(1 + returns, axis=0)
    prices: dict[str, list[float | None]] = {}
    for i, name in enumerate(names):
        first, after = sorted(draw(st.tuples(st.integers(-length, length), st.integers(0, 2 * length))))
        prices[name] = [price if first <= t < after else None for t, price in enumerate(levels[:, i].tolist())]
    cash = draw(hnp.arrays(float, length, elements=numbers(-0.01, 0.02))).tolist()
    gaps = np.cumsum(draw(hnp.arrays(np.int64, length, elements=st.integers(1, 40))))
    dates = [date(2020, 1, 1) + timedelta(days=int(gap)) for gap in gaps]
    lag, rows = draw(st.integers(0, 2)), sorted({0, *draw(st.lists(st.integers(0, length - 1)))})
    weights = draw(hnp.arrays(float, (len(rows), count), elements=numbers(-leverage, leverage)))
    targets = {row: dict(zip(names, weight, strict=True)) for row, weight in zip(rows, weights.tolist(), strict=True)}

    def by_asset(high: float) -> dict[str, float]:
        return dict(zip(names, draw(hnp.arrays(float, count, elements=numbers(0, high))).tolist(), strict=True))

    rate = numbers(0, 0.15)
    terms = oracle_terms.Terms(
        oracle_terms.Margin(spread=draw(rate), cash_spread=draw(rate), borrow_fee=by_asset(0.15)),
        oracle_terms.Costs(by_asset(0.05)),
        oracle_terms.Fees(draw(rate), by_asset(0.15)),
        lag=lag,
    )
    return Inputs(dates, prices, cash, targets, terms)


@settings(max_examples=160, deadline=None)
@given(runs())
def test_any_run_equals_the_oracle(inputs: Inputs) -> None:
    """NAV, weights, trades and each flow of each row agree, ruin or not; a run refused by one side is refused by both.

    The oracle computes each flow from weights, prices and terms, and solves the cost of each trade by bisection.
    Target weights are exact fractions of NAV after costs. An asset without a price is neither bought nor kept.
    """
    expected, got, message = both(inputs)
    assert (expected is None) == (got is None), message
    if expected is not None and got is not None:
        assert disagreement(expected, got) <= 1


def test_a_trade_that_costs_all_of_nav_ends_the_run() -> None:
    """Ten times leverage and a fall of 9.9 % leave NAV 0.01 and positions of 9.01. Selling 8.91 at 2 % costs 0.178.

    This is ruin: NAV is 0, nothing is held, and the run ends. All positions are sold: 2 % of 9.01 is 0.1802, of which
    0.01 can be paid; the rest is the shortfall.
    """
    periods = all_priced(np.array([[np.nan], [-0.099], [0.2], [0.2]]), np.zeros(4), np.array([0, 30, 30, 30]))
    zero = np.zeros(1)
    free = Terms(TradingTerms(zero), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero))
    bought = simulate(periods, [0], np.array([[10.0]]), 0, free)
    assert bought.nav[1] == pytest.approx(0.01, abs=1e-14), "the case as meant: without costs it survives"
    # the purchase costs 2 % of 10 (1 - x) = x: x = 1/6; so all amounts are those above times 5/6
    path = simulate(
        periods,
        [0, 1],
        np.array([[10.0], [10.0]]),
        0,
        Terms(TradingTerms(np.array([0.02])), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero)),
    )
    assert path.nav.tolist() == [1.0, 0.0]
    assert path.weights[-1].tolist() == [0.0]
    assert path.shortfall == pytest.approx((0.1802 - 0.01) * 5 / 6, abs=1e-13)
    assert path.trading[1] == pytest.approx(1 / 6 + 0.1802 * 5 / 6, abs=1e-13)


# -------------------------------------------------------------------------------------------------- 2. contributions


@pytest.mark.parametrize(
    "config", sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_contributions_of_shipped_runs_add_up(config: Path) -> None:
    """The table of contributions adds up to the total return, for the run and for its benchmark."""
    result = bt.run(config)
    for one in (result, result.benchmark):
        if one is not None:
            total = math.fsum(one.contributions.to_numpy().ravel())
            largest = float((one.gross_exposure * one.nav).max())
            assert total == pytest.approx(one.summary()["total_return"], rel=0, abs=IDENTITY * largest)


# ----------------------------------------------------------------------------------------------- 3. the cost of a trade


@st.composite
def trades(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, drifted weights and costs with Σ k |target| up to 0.9; at 1 the slope of the equation vanishes."""
    count = draw(st.integers(1, 6))
    target = draw(hnp.arrays(float, count, elements=numbers(-5, 5)))
    drifted = draw(hnp.arrays(float, count, elements=numbers(-5, 5) | st.sampled_from([0.0, 1.0])))
    drifted = np.where(draw(hnp.arrays(bool, count)), target * draw(numbers(0.5, 1.0)), drifted)
    costs = draw(hnp.arrays(float, count, elements=st.just(0.0) | numbers(0, 0.3)))
    spent = float(costs @ np.abs(target))
    costs = costs * min(1.0, 0.9 / spent) if spent else costs
    return target, drifted, costs


@settings(max_examples=150, deadline=None)
@given(trades())
def test_the_cost_of_a_trade_solves_its_equation(trade: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The x = Σ k_i |target_i (1 - x) - drifted_i|, against bisection: any signs, kinks hit exactly, small drifts.

    Rounding in the sum is 1e-16 of Σ k (|target| + |drifted|), and the slope of the equation is at least 0.1.
    """
    target, drifted, costs = trade
    assume(float(costs @ np.abs(drifted)) < 1)  # otherwise there is no root below 1
    names = [str(i) for i in range(len(target))]
    by_name = [dict(zip(names, values.tolist(), strict=True)) for values in (drifted, target, costs)]
    expected = cost_of_trade(by_name[0], by_name[1], CostRates(by_name[2]))
    size = 1 + float(costs @ (np.abs(target) + np.abs(drifted)))
    nothing = np.zeros(len(target))
    got = cost_of_rebalance(np.stack([target, drifted, costs, nothing, nothing]), 0.0, False)
    assert got == pytest.approx(expected, rel=0, abs=1e-14 * size)
    assert got == pytest.approx(float(costs @ np.abs(target * (1 - got) - drifted)), rel=0, abs=1e-14 * size)
    assert got >= 0


def test_a_cost_of_all_the_nav_is_refused() -> None:
    """Σ k |target| = 1: no NAV is left however the weights stood before. Just below: x = 0.998 (1 - x), NAV 1/1.998."""
    periods = all_priced(np.zeros((3, 1)), np.zeros(3), np.array([0, 1, 1]))
    zero = np.zeros(1)
    for cost, error in ((0.5, True), (0.499, False)):
        terms = Terms(TradingTerms(np.array([cost])), LoanTerms(borrow_fee=zero), fees=FeeTerms(expense_ratio=zero))
        if error:
            with pytest.raises(SimulationError, match="cost all of the NAV"):
                simulate(periods, [0], np.array([[2.0]]), 0, terms)
        else:
            assert simulate(periods, [0], np.array([[2.0]]), 0, terms).nav[1] == pytest.approx(1 / 1.998)


# --------------------------------------------------------------------------------------------- 4. laws from the outside


@settings(max_examples=30, deadline=None)
@given(runs())
def test_cash_alone_earns_cash(inputs: Inputs) -> None:
    """With targets of zero, NAV compounds at cash less the cash spread and the management fee."""
    idle = replace(inputs, targets={row: dict.fromkeys(target, 0.0) for row, target in inputs.targets.items()})
    path = translated(idle).simulate()
    cash, days = np.array(inputs.cash), np.diff([day.toordinal() for day in inputs.dates], prepend=0)
    charged = inputs.terms.financing.cash_spread * days / 360 + inputs.terms.fees.management * days / 365
    expected = np.concatenate([[1.0], np.cumprod((1 + cash - charged)[1:])])
    assert path.nav == pytest.approx(expected, rel=1e-13)
    assert not path.trading.any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nav_of_a_single_asset_equals_its_price_ratio(seed: int) -> None:
    """With all of NAV in one asset and no costs, NAV is the price over the first price, rebalanced or not."""
    rng = np.random.default_rng(seed)
    prices = np.cumprod(1 + rng.normal(0, 0.05, 30)) * 50
    returns = np.concatenate([[np.nan], prices[1:] / prices[:-1] - 1])[:, None]
    zero = np.zeros(1)
    terms = Terms(
        TradingTerms(zero), LoanTerms(0.03, cash_spread=0.02, borrow_fee=zero + 0.04), fees=FeeTerms(expense_ratio=zero)
    )
    periods = all_priced(returns, rng.normal(0, 0.01, 30), np.full(30, 7))
    path = simulate(periods, list(range(30)), np.ones((30, 1)), 0, terms)
    assert path.nav == pytest.approx(prices / prices[0], rel=1e-13)


def test_levered_erc_at_the_cash_rate_earns_cash_and_a_multiple_of_the_excess_return_of_erc(tmp_path: Path) -> None:
    """Levered ERC at spread 0 and no costs, rebalanced each period: r = cash + L (r_ERC - cash), L below 1 and above.

    The runs are read from files and decide their own weights. An engine that charged the loan on the notional, or
    forgot interest on free cash, would fail. The tolerance of 1e-14 is a few roundings of numbers near 1.
    """
    rng = np.random.default_rng(3)
    dates = dates_of("monthly", 120, rng)
    frame = pd.DataFrame(
        random_levels(dates, [0.2, 0.05, 0.15, 0.004], rng), index=dates, columns=["a", "b", "c", "bills"]
    )
    write_csv(frame, tmp_path / "market.csv")
    results = {}
    for name, choice in {"erc": {"name": "erc"}, "levered": {"name": "levered_erc", "target_volatility": 0.07}}.items():
        path = write_config(
            tmp_path / f"{name}.yaml",
            data={"source": "csv", "path": "market.csv", "assets": ["a", "b", "c"], "cash": "bills"},
            estimation={"window": 12},
            strategy=choice,
        )
        results[name] = bt.run(path)
    leverage = results["levered"].target_weights.sum(axis=1)
    assert leverage.min() < 0.95
    assert leverage.max() > 1.2
    cash = frame["bills"].pct_change()[results["erc"].returns.index]
    excess = results["erc"].returns - cash
    expected = cash + leverage.shift()[excess.index] * excess
    assert results["levered"].returns.to_numpy() == pytest.approx(expected.to_numpy(), rel=0, abs=1e-14)
