"""Agreement of the engine with the oracle on the same inputs.

Tolerances. Both work in double precision, on balances that are accurate to 1e-16 of gross assets, over thirty rows.
The bound is 1e-13 of gross assets, and a hundredth of it is observed. If NAV is nearly gone, gross assets are large
relative to NAV. Rounding of the assets is then a larger part of NAV, and of everything traded later as a fraction of
NAV. So the bound is multiplied by the largest exposure, before or after a trade, that a run has had up to a row.
"""

from typing import Any

import numpy as np

from backtest.engine.ledger import Ledger
from backtest.errors import SimulationError
from support.agreement.random_inputs import Inputs
from support.agreement.translated_terms import EngineRun, engine_run
from support.oracle.oracle_path import OraclePath

CLOSE = 1e-13  # of gross assets

FLOWS = {
    "cash_interest": "cash_interest",
    "financing": "financing",
    "financing_drag": "spread_cost",
    "borrow": "borrow",
    "fees": "fees",
    "trading": "trading",
    "loan": "loan",
}


def both(inputs: Inputs) -> tuple[OraclePath | None, Ledger | None, str]:
    """Return the two paths of a run, None where it is refused, and the engine's message in that case."""
    run = translated(inputs)
    try:
        expected = inputs.run()
    except ValueError:
        expected = None
    try:
        return expected, run.simulate(), ""
    except SimulationError as error:
        return expected, None, str(error)


def translated(inputs: Inputs) -> EngineRun:
    return engine_run(inputs.dates, inputs.prices, inputs.cash, inputs.targets, inputs.terms, inputs.loan_rate)


def table(rows: list[dict[str, float]], assets: list[str]) -> np.ndarray:
    return np.array([[row.get(a, 0.0) for a in assets] for row in rows]).reshape(len(rows), len(assets))


def disagreement(expected: OraclePath, got: Ledger) -> float:
    """Return the largest difference, in units of the bound; infinite if the two do not have the same events."""
    events = [
        (len(expected.nav), len(got.nav)),
        (expected.reasons, list(zip(got.trade_rows.tolist(), got.trade_reasons, strict=True))),
        (expected.margin_calls, got.trade_rows[got.called].tolist()),
        (expected.ruined, got.nav[-1] == 0),
    ]
    if any(one != other for one, other in events):
        return np.inf
    weights, trades = table(expected.weights, expected.assets), table(expected.trades, expected.assets)
    rows = expected.trade_rows
    exposure = np.maximum(1.0, np.abs(weights).sum(axis=1))
    np.add.at(exposure, rows, np.abs(trades).sum(axis=1))  # a row may have two trades
    wide = np.maximum.accumulate(exposure)  # times NAV
    assets = np.maximum.accumulate(np.array(expected.nav) * exposure)  # positions of the row's flows and before
    pnl = np.array([expected.asset_pnl[a] for a in expected.assets]).T
    room = CLOSE * wide

    def off(one: Any, other: Any, scale: np.ndarray) -> float:
        difference = np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float))
        return float((difference / scale).max(initial=0.0))

    return max(
        off(expected.nav, got.nav, room * assets),
        off(weights, got.weights, (room * exposure)[:, None]),
        off(pnl, got.asset_pnl, (room * assets)[:, None]),
        off(trades, got.trades, (room * exposure)[rows][:, None]),
        off(expected.trade_scales, got.trade_scales, room[rows]),
        off(sum(expected.shortfall), got.shortfall, room[-1:] * assets[-1]),
        *(off(getattr(expected, name), getattr(got, own), room * assets) for name, own in FLOWS.items()),
    )
