"""The accounting identity in ten thousand random runs under terms of every kind, including margin calls and ruin.

ΔNAV = asset P&L + cash interest - financing - borrow - trading - fees (+ the lender's loss in a ruin), in every row and
over the run. NAV comes from the simulation loop, which knows units, cash, and sums over the holdings. Each flow comes
from the ledger, by its own formula from the opening balances of its period, and no flow is the remainder of the others.
So the two sides agree only if both are right.
"""

import math
from collections import Counter

import numpy as np

from backtest.engine.ledger import Ledger
from support.agreement.translated_terms import EngineRun
from support.builders.random_runs import random_runs

IDENTITY = 1e-12  # of opening gross assets
MARKETS, EACH = 1000, 10


def unexplained(path: Ledger) -> float:
    """Return the largest change of NAV, in a row or over the run, that flows do not explain, over gross assets."""
    flows = path.asset_pnl.sum(axis=1) + path.cash_interest
    flows -= path.financing + path.borrow + path.trading + path.fees
    flows[-1] += path.shortfall
    gross = path.nav[:-1] * np.maximum(1.0, np.abs(path.weights[:-1]).sum(axis=1))
    by_row = float((np.abs(np.diff(path.nav) - flows[1:]) / gross).max())
    over_the_run = abs(math.fsum(flows.tolist()) - (path.nav[-1] - 1)) / (gross.max() * len(path.nav))
    return max(by_row, float(over_the_run))


def events_of(run: EngineRun, path: Ledger) -> set[str]:
    terms = run.terms
    alone = terms.fees.performance > 0 and terms.fees.management == 0 and terms.fund is None
    events = {
        "futures": terms.futures is not None,
        "fund": terms.fund is not None,
        "margin": not terms.futures and path.loan.any(),
        "margin call": bool(path.called.any()),
        "forced sale": "margin_call" in path.trade_reasons,
        "ruin": path.nav[-1] == 0 and path.shortfall >= 0,
        "ruin by a forced sale": path.nav[-1] == 0 and path.trade_reasons[-1] == "margin_call",
        "band": "band" in path.trade_reasons,
        "performance fee": alone and bool(path.fees.any()),
        "no price": bool(path.unpriced_sales),
        "short": bool((path.weights < 0).any()),
        "scaled down": bool((path.trade_scales < 1).any()),
    }
    return {name for name, happened in events.items() if happened}


def test_flows_explain_every_change_of_nav_in_ten_thousand_random_runs() -> None:
    """Every row of every run, and the sum over the run. Events are counted, because runs without events show nothing.

    No NAV is negative, and no path goes on after a NAV of zero.
    """
    seen = Counter[str]()
    runs = random_runs(20_261_125, MARKETS, EACH)
    assert len(runs) == 10_000
    for k, run in enumerate(runs):
        path = run.simulate()
        assert unexplained(path) <= IDENTITY, k
        assert path.nav[:-1].min() > 0
        assert path.nav[-1] >= 0
        assert len(path.nav) == run.periods.shape[0] - path.start or path.nav[-1] == 0
        seen.update(events_of(run, path))
    for event, least in {
        "fund": 3000,
        "futures": 3000,
        "margin": 2000,
        "margin call": 500,
        "forced sale": 300,
        "ruin": 100,
        "ruin by a forced sale": 10,
        "band": 2000,
        "performance fee": 500,
        "no price": 2000,
        "short": 3000,
        "scaled down": 1000,
    }.items():
        assert seen[event] >= least, (event, seen)
