"""Rounding of orders to whole lots: near the targets, and never with a loan that the targets do not need."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backtest.analysis.orders.lots import Account, rounded_quantities
from backtest.numerics.arrays import Floats

ROUNDED = 1e-9  # of NAV; amounts are sums of some ten products of numbers up to 1e6


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Account, Floats]:
    """Return an account of one to five holdings, and target weights with shorts and leverage; some are zero."""
    count = draw(st.integers(1, 5))

    def array(values: st.SearchStrategy[float]) -> Floats:
        return np.array(draw(st.lists(values, min_size=count, max_size=count)), dtype=np.float64)

    unit = array(st.sampled_from([0.37, 1.0, 12.5, 99.99, 4321.0]))
    account = Account(
        nav=draw(st.sampled_from([1000.0, 54_321.0, 1e6])),
        held=array(st.sampled_from([0.0, 1.0, 3.0, 7.5, 40.0, -2.0, -12.25])),
        unit=unit,
        lot=array(st.sampled_from([0.0, 0.001, 0.1, 1.0, 10.0])),
        cost=array(st.sampled_from([0.0, 0.0005, 0.01])),
        impact=array(st.sampled_from([0.0, 1e-6])),
        fixed=draw(st.sampled_from([0.0, 0.5])),
        borrows=draw(st.booleans()),
    )
    assume(np.abs(account.held * account.unit).sum() < 20 * account.nav)  # can be sold without the loss of all of NAV
    return account, array(st.sampled_from([0.0, 0.0, 0.15, 0.25, 0.6, -0.2]))


@given(accounts())
def test_rounding_needs_no_loan_above_the_loan_of_the_targets(given_account: tuple[Account, Floats]) -> None:
    account, weights = given_account
    quantities = rounded_quantities(account, weights)
    values = quantities * account.unit
    nav = account.nav - account.costs(values - account.held * account.unit).sum()
    if account.borrows:
        multiple = max(1.0, np.maximum(weights, 0.0).sum())
        assert np.maximum(values, 0.0).sum() <= multiple * nav + ROUNDED * account.nav


@given(accounts())
def test_positions_are_whole_lots_away_from_holdings_and_less_than_one_from_targets(
    given_account: tuple[Account, Floats],
) -> None:
    """The target of a position is its weight of the NAV after costs, to the cost of one lot of each asset."""
    account, weights = given_account
    quantities = rounded_quantities(account, weights)
    nav = account.nav - account.costs((quantities - account.held) * account.unit).sum()
    slack = 0.02 * (account.lot * account.unit).sum() + 2 * account.fixed * len(weights) + ROUNDED * account.nav
    apart = np.abs(quantities * account.unit - weights * nav)
    assert (apart <= account.lot * account.unit + slack).all()
    assert (quantities[weights == 0] == 0).all()
    assert (quantities * weights >= 0).all()
    lots = (quantities - account.held)[(account.lot > 0) & (quantities != 0)]
    size = account.lot[(account.lot > 0) & (quantities != 0)]
    assert np.abs(lots / size - np.round(lots / size)).max(initial=0.0) < 1e-6


@given(accounts())
def test_holdings_at_their_targets_are_not_traded(given_account: tuple[Account, Floats]) -> None:
    account, _ = given_account
    weights = account.held * account.unit / account.nav
    np.testing.assert_array_equal(rounded_quantities(account, weights), account.held)


def free(nav: float, held: list[float], unit: list[float], lot: list[float], **others: object) -> Account:
    none = np.zeros(len(held))
    return Account(nav, np.array(held), np.array(unit), np.array(lot), none, none, **others)  # type: ignore[arg-type]


def test_the_position_that_comes_closest_in_money_is_rounded_away_from_zero_first() -> None:
    """Targets of 5.9 at 100 and 5.125 at 80; 6 and 5 cost all of 1000, and 6 and 6 would need a loan of 80."""
    assert rounded_quantities(free(1000.0, [0, 0], [100, 80], [1, 1]), np.array([0.59, 0.41])).tolist() == [6, 5]


def test_what_can_be_traded_in_any_quantity_is_exact() -> None:
    assert rounded_quantities(free(1000.0, [3.0], [1.0], [0.0]), np.array([0.123456])).tolist() == [123.456]


def test_odd_lots_are_sold_only_to_close_a_position() -> None:
    account = free(10_000.0, [10.5, 10.5, 10.5], [10, 10, 10], [10, 10, 10])
    assert rounded_quantities(account, np.array([0.0, 0.02, 0.0002])).tolist() == [0.0, 20.5, 0.0]


def test_shorts_are_rounded_to_the_nearest_lot_and_closed_by_buying() -> None:
    account = free(1000.0, [-3.0, -3.0], [100, 100], [1, 1])
    assert rounded_quantities(account, np.array([-0.37, 0.0])).tolist() == [-4.0, 0.0]


def test_a_short_of_less_than_half_a_lot_leaves_nothing_of_a_broken_lot() -> None:
    """From 0.3 to -0.1 the whole lots lead to 0.3, which has the wrong sign, and -0.7, which is farther than 0."""
    account = free(1000.0, [0.3], [100], [1])
    assert rounded_quantities(account, np.array([-0.01])).tolist() == [0.0]


def test_futures_are_rounded_to_the_nearest_contract_and_the_initial_margin_stops_it() -> None:
    """2.6 contracts of 1000 at a NAV of 1000: 3, unless a margin of 0.35 allows only 2.86."""
    assert rounded_quantities(free(1000.0, [0.0], [1000], [1], borrows=False), np.array([2.6])).tolist() == [3.0]
    margin = np.array([0.35])
    account = free(1000.0, [0.0], [1000], [1], borrows=False, initial_margin=margin)
    assert rounded_quantities(account, np.array([2.6])).tolist() == [2.0]


def test_a_loan_of_the_targets_is_allowed() -> None:
    """1.5 times NAV is 15 shares of 100; 1.46 times is 14, since 15 would need a larger loan than 0.46 of NAV."""
    account = free(1000.0, [0.0], [100], [1])
    assert [rounded_quantities(account, np.array([w])).tolist() for w in (1.5, 1.46)] == [[15.0], [14.0]]


def test_orders_that_cost_more_than_the_account_are_refused() -> None:
    account = free(10.0, [0.0, 0.0], [1, 1], [1, 1], fixed=6.0)
    with pytest.raises(ValueError, match="cost more than the account"):
        rounded_quantities(account, np.array([0.5, 0.5]))
