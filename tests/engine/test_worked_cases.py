"""Runs worked by hand, simulated by the engine and, as files of prices and configurations, through the public API.

The cases are data. The docstring of each case has its arithmetic (`worked_financing`, `worked_margin_calls`,
`worked_costs`, `worked_bands`), so expected values come neither from the engine nor from its configuration.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import SimulationError
from support.agreement.translated_terms import engine_run
from support.builders.market_files import write_config, write_csv
from support.oracle.oracle_terms import Bands, Costs, Fees, Fund, Futures, Margin, Terms
from support.worked_cases.worked_case import Case, Number
from support.worked_cases.worked_cases import CASES

EXACT = 1e-13  # some ten sums and products, each good to 1e-16, of amounts around 1
LOST = "a_fund_that_falls_to_nothing"

COLUMNS = {
    "nav": "nav",
    "cash_interest": "cash_interest",
    "financing": "financing",
    "financing_drag": "spread_cost",
    "borrow": "borrow",
    "fees": "fees",
    "trading": "trading",
    "loan": "loan",
}


def close(got: Any, wanted: Sequence[Number], name: str = "") -> None:
    expected = np.array([float(value) for value in wanted])
    np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=EXACT, atol=EXACT, err_msg=name)


@pytest.mark.parametrize("name", sorted(name for name, case in CASES.items() if name != LOST and case.debt is None))
def test_a_run_worked_by_hand(name: str) -> None:
    """Every number of a case agrees, and there is no other trade, margin call or ruin."""
    case = CASES[name]
    path = engine_run(case.dates, case.prices, case.cash_returns, case.targets, case.terms, case.loan_rate).simulate()
    rows, names, lag = path.trade_rows.tolist(), list(case.prices), case.terms.lag
    assert path.start == lag
    for column, wanted in case.columns.items():
        if column == "shortfall":
            close([path.shortfall], [wanted[-1]], column)
        else:
            close(getattr(path, COLUMNS[column]), wanted, column)
    for asset, wanted in case.pnl.items():
        close(path.asset_pnl[:, names.index(asset)], wanted, asset)
    assert list(zip(rows, path.trade_reasons, strict=True)) == case.events
    assert path.trade_rows[path.called].tolist() == list(case.margin_calls)
    close(path.trade_scales, [case.scales.get(row, 1.0) for row in rows], "scales")
    for row in case.trades:
        got = path.trades[path.trade_rows == row]
        for trade, expected in zip(got, case.trades_of(row), strict=True):
            close(trade, [expected.get(asset, 0.0) for asset in names], f"trades of row {row}")
    for row, weights in case.weights.items():
        close(path.weights[row], [weights.get(asset, 0.0) for asset in names], f"weights of row {row}")
    ends = len(case.columns["nav"])
    assert len(path.nav) == ends
    assert (path.nav[-1] == 0) == (ends < len(case.dates)) == (path.shortfall > 0)


def test_a_fund_that_loses_everything_ends_in_an_error() -> None:
    """Three times a fall of 50 %: the oracle goes on with the other assets, and books the counterparty's loss.

    The engine refuses, because nobody could have held a fund that loses more than its capital. The message has the
    leverage, the row and the return.
    """
    case = CASES[LOST]
    run = engine_run(case.dates, case.prices, case.cash_returns, case.targets, case.terms)
    with pytest.raises(SimulationError, match=r"leverage 3 loses all of its capital: asset 0 at row 1 returns -50\.0%"):
        run.simulate()


# ----------------------------------------------------------------------------------------------- through the public API


def bps(rate: float) -> float:
    return round(rate * 1e4, 9)  # undoes the rounding to decimals


def by_asset(rates: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    return {name: bps(rates.get(name, 0.0)) for name in names}


def requirements(financing: Margin | Futures, names: Sequence[str]) -> dict[str, Any]:
    """Return requirements for every asset, as a configuration needs; assets that a case omits are not held in it."""
    both = {"initial_margin": financing.initial, "maintenance_margin": financing.maintenance}
    return {
        key: {name: given.get(name, max(given.values())) for name in names}
        for key, given in both.items()
        if given is not None
    }


def financing_of(financing: Margin | Futures | Fund, names: Sequence[str]) -> dict[str, Any]:
    section: dict[str, Any] = {"cash_spread_bps": bps(financing.cash_spread)}
    if isinstance(financing, Fund):
        own = {"leverage": financing.leverage, "swap_spread_bps": bps(financing.swap_spread)}
        return {"kind": "leveraged_fund", **own, "expense_ratio_bps": bps(financing.expense_ratio), **section}
    section |= requirements(financing, names)
    if isinstance(financing, Futures):
        section |= {"basis_bps": by_asset(financing.basis, names), "roll_bps": by_asset(financing.roll, names)}
        return {"kind": "futures", **section}
    section["rebate_spread_bps"] = bps(financing.rebate_spread)
    section["borrow_fee_bps"] = by_asset(financing.borrow_fee, names)
    if financing.tiers is not None:
        return {**section, "tiers": {size: bps(rate) for size, rate in financing.tiers.items()}}
    spread = financing.spread
    if isinstance(spread, float | int):
        return {**section, "spread_bps": bps(spread)}
    return {**section, "spread_bps": {day.isoformat(): bps(rate) for day, rate in spread.items()}}


def costs_of(costs: Costs, names: Sequence[str]) -> dict[str, Any]:
    section: dict[str, Any] = {"fixed": costs.fixed}
    if costs.schedule is not None:
        return {**section, "schedule": {day.isoformat(): bps(rate) for day, rate in costs.schedule.items()}}
    return {**section, "trading_bps": by_asset(costs.proportional, names)}


def fees_of(fees: Fees, names: Sequence[str]) -> dict[str, Any]:
    section: dict[str, Any] = {"management_bps": bps(fees.management)}
    section["expense_ratio_bps"] = by_asset(fees.expense_ratio, names)
    if fees.performance:
        section["performance"] = {"rate": fees.performance, "every": fees.every}
    return section


def bands_of(bands: Bands) -> dict[str, Any]:
    section = {"absolute": bands.absolute, "relative": bands.relative}
    section = {name: width for name, width in section.items() if width is not None}
    check = {"check": "daily"} if bands.checks else {}
    return {**section, "to": bands.to, "also_on_schedule": bands.also_on_schedule, **check}


def decided_every_time(case: Case) -> bool:
    """Return whether a configuration can express the decisions of a case: the same target once, or at every close.

    A case with a fixed debt divides equally among the assets that have a price.
    """
    rows = set(decisions(case))
    if case.debt is not None:
        return rows == set(range(len(case.dates) - 1))
    return rows in ({0}, set(range(len(case.dates) - 1))) and len({str(case.targets[row]) for row in rows}) == 1


def decisions(case: Case) -> list[int]:
    """Return the rows of decisions before the end of the path."""
    return [row for row in case.targets if row < len(case.columns["nav"]) - 1]


def checked_every_time(case: Case) -> bool:
    checks = set() if case.terms.bands is None else set(case.terms.bands.checks)
    return not checks or checks >= set(range(1, len(case.dates) - 1))


def priced_every_time(case: Case) -> bool:
    """Return whether no asset loses its price."""
    return all(None not in series for series in case.prices.values())


EXPRESSIBLE = sorted(
    name
    for name, case in CASES.items()
    if name != LOST
    and case.terms.lag == 0
    and case.terms.costs.impact is None
    and decided_every_time(case)
    and checked_every_time(case)
)


def configured(case: Case, folder: Path) -> Path:
    """Write a case as a file of prices and rates and a configuration; return the configuration's path.

    The file begins with some days before the start of the run: alone, dates 36 days apart would be taken for months,
    and moved to their ends. Assets that lose their price are held from a full window of returns on, which those days
    fill, at the first prices: as many returns as there are, up to row 0, make the window.
    """
    names, terms = list(case.prices), case.terms
    frame = pd.DataFrame(dict(case.prices), index=pd.DatetimeIndex(list(case.dates)), dtype=float)
    data: dict[str, Any] = {"source": "csv", "path": "market.csv", "assets": names, "periods_per_year": 252}
    rates = {"cash": case.cash_returns, "loan_rate": case.loan_rate}
    for name, returns in rates.items():
        if returns is not None:
            frame[name] = np.cumprod([1.0, *(1 + value for value in returns[1:])])
            data[name] = name
    before = pd.bdate_range(end=frame.index[0] - pd.Timedelta(days=1), periods=2 * len(frame))
    data |= {"start": case.dates[0].isoformat()} if priced_every_time(case) else {"ragged": True}
    earlier = np.tile(frame.iloc[0], (len(before), 1))
    write_csv(pd.concat([pd.DataFrame(earlier, before, frame.columns), frame]), folder / "market.csv")
    rebalance: dict[str, Any] = {"frequency": "never" if len(decisions(case)) == 1 else "daily", "execution_lag": 0}
    rebalance["minimum_trade"] = terms.minimum_trade
    if terms.bands is not None:
        rebalance["bands"] = bands_of(terms.bands)
    fixed = {"name": "sixty_forty", "weights": {name: float(case.targets[0].get(name, 0.0)) for name in names}}
    return write_config(
        folder / "by_hand.yaml",
        data=data,
        estimation={"window": len(before)},
        strategy=fixed if case.debt is None else {"name": "equal_weight"},
        rebalance=rebalance,
        financing=financing_of(terms.financing, names),
        costs=costs_of(terms.costs, names),
        fees=fees_of(terms.fees, names),
        **({} if terms.capital is None else {"initial_capital": terms.capital}),
        **({} if case.debt is None else {"leverage": {"debt": case.debt}}),
    )


@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_a_run_worked_by_hand_from_its_files(name: str, tmp_path: Path) -> None:
    """The configuration, in basis points, by asset and by date, gives the numbers of the case.

    Cases that a configuration can express have one target, decided once or at every close. In a configuration a
    maintenance margin alone is the initial margin too; the targets of such cases require less.
    """
    case = CASES[name]
    result = bt.run(configured(case, tmp_path))
    assert [day.date() for day in result.nav.index] == list(case.dates[: len(case.columns["nav"])])
    for column in ("nav", "trading", "financing", "borrow", "fees", "financing_drag", "loan", "cash_interest"):
        if column in case.columns:
            table = result.costs if column in result.costs else result.contributions
            got = table[column] if column in table else getattr(result, column)
            close(got, case.columns[column], column)
    if "shortfall" in case.columns:
        close(result.contributions["shortfall"], case.columns["shortfall"], "shortfall")
    assert [day.date() for day in result.trades.index] == [case.dates[row] for row, _ in case.events]
    for row, weights in case.weights.items():
        close(result.weights.iloc[row], [weights.get(asset, 0.0) for asset in case.prices], f"weights of row {row}")


def test_most_cases_can_be_written_as_a_configuration() -> None:
    """These cases include all three kinds of financing, margin calls and ruin, bands, costs and fees."""
    said = [CASES[name].terms for name in EXPRESSIBLE]
    assert len(said) >= 15
    assert {type(terms.financing) for terms in said} == {Margin, Futures, Fund}
    assert sum(terms.bands is not None for terms in said) >= 2
    assert sum(len(CASES[name].margin_calls) for name in EXPRESSIBLE) >= 3
    assert sum(not priced_every_time(CASES[name]) for name in EXPRESSIBLE) >= 5
    assert any(CASES[name].debt is not None for name in EXPRESSIBLE)
    assert any(math.isfinite(terms.fees.performance) and terms.fees.performance for terms in said)
    assert any(len(CASES[name].columns["nav"]) < len(CASES[name].dates) for name in EXPRESSIBLE)


def test_default_terms_charge_nothing() -> None:
    """A run with default terms charges nothing."""
    case = CASES["bands_to_the_target"]
    free = engine_run(case.dates, case.prices, case.cash_returns, case.targets, Terms()).simulate()
    for flow in (free.trading, free.financing, free.fees, free.borrow, free.cash_interest):
        assert not flow.any()
