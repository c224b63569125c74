"""The path that a page computes, compared with the path of the engine: random terms, one visit of the browser."""

from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.path_inputs import PathInputs, Sizing, can_be_repeated
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, FuturesTerms, LoanTerms, MarginTerms, Terms, TradingTerms
from backtest.errors import SimulationError
from backtest.reporting.pages.page_sliders import embedded
from backtest.risk import apply_multiples

ASSETS, ROWS, LAG = 3, 40, 1
FLOWS = ("gains", "interest", "financing", "trading", "borrow", "fees")

PATHS = """cases => cases.map(({embedded, spread, cost, factor}) => {
  const run = PATH.decode(embedded);
  const path = PATH.pathOf(run, PATH.shifted(run, spread, cost), PATH.resized(run, factor));
  const plain = (one) => (one.length === undefined ? one : [...one]);
  return Object.fromEntries(Object.entries(path).map(([name, one]) => [name, plain(one)]));
})"""


def random_terms(rng: np.random.Generator) -> Terms:
    """Return terms of each kind that a page computes, each present or not."""

    def by_asset(*choices: float) -> np.ndarray:
        return rng.choice(choices, ASSETS)

    due, initial = rng.random(ROWS) < 0.2, by_asset(0.2, 0.5, 0.8)
    margin = [MarginTerms(), MarginTerms(initial), MarginTerms(initial, rng.choice([0.8, 1.0]) * initial)][
        rng.integers(3)
    ]
    financing: list[LoanTerms | FuturesTerms] = [
        LoanTerms(
            rng.choice([0.0, 0.02, -0.01]), rng.choice([0.0, 0.003]), by_asset(0.0, 0.03), rng.choice([0.0, 0.002])
        ),
        FuturesTerms(by_asset(0.0, 0.006), by_asset(0.0, 0.002), rng.choice([0.0, 0.001])),
    ]
    return Terms(
        TradingTerms(by_asset(0.0, 0.0005, 0.01)),
        financing[rng.integers(2)],
        margin,
        FeeTerms(by_asset(0.0, 0.002), 0.01, 0.2, due) if rng.random() < 0.5 else FeeTerms(),
    )


def random_inputs(seed: int) -> tuple[PathInputs, np.ndarray, np.ndarray]:
    """Return the inputs of a path, long and short and up to four times levered, with its decision rows and targets."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.0, rng.choice([0.01, 0.05, 0.15]), (ROWS, ASSETS))
    cash = rng.normal(0.0005, 0.0005, ROWS)
    loans = cash + 0.0003 if rng.random() < 0.5 else None
    periods = Periods(100 * np.exp(np.cumsum(moves, axis=0)), cash, rng.integers(1, 32, ROWS), loans)
    rows = np.arange(rng.integers(0, 3), ROWS, rng.choice([1, 4, 12]))
    targets = rng.uniform(rng.choice([-0.3, 0.0]), 1.0, (len(rows), ASSETS)) * rng.choice([0.3, 0.8, 1.5])
    if rng.random() < 0.3:  # some assets stay at their targets
        targets[1:] = targets[0]
    traded = rows + LAG < ROWS - 1
    reach, cap = rng.choice([1.0, 1.7], traded.sum()), rng.choice([np.inf, 2.5])
    sizing, first = Sizing("multiple", 1.0, reach, cap), int(rows[0]) + LAG
    inputs = PathInputs(periods, random_terms(rng), first, rows[traded] + LAG, targets[traded], sizing)
    assert can_be_repeated(inputs.periods, inputs.terms)
    return inputs, rows, targets


def at(terms: Terms, spread: float, cost: float) -> Terms:
    """Return terms with a spread and trading costs that are higher by these amounts."""
    financing = terms.financing
    if isinstance(financing, FuturesTerms):
        financing = replace(financing, basis=financing.basis + spread)
    elif isinstance(financing, LoanTerms):
        financing = replace(financing, spread=financing.spread + spread)
    return replace(terms, financing=financing, trading=TradingTerms(terms.trading.cost + cost))


def engine(inputs: PathInputs, rows: np.ndarray, targets: np.ndarray, change: dict[str, float]) -> Ledger | None:
    """Return the ledger of the engine; None if it refuses a trade."""
    sizing, factor, decided = inputs.sizing, change["factor"], targets
    assert sizing is not None
    if factor != 1:
        reach = np.ones(len(rows))
        reach[: len(sizing.reach)] = sizing.reach
        decided = apply_multiples(targets, factor * reach, sizing.cap)
    try:
        return simulate(inputs.periods, rows, decided, LAG, at(inputs.terms, change["spread"], change["cost"]))
    except SimulationError:
        return None


def test_a_page_computes_the_path_of_the_engine(browser: Browser) -> None:
    """1e-9 of NAV on every date: both add up the same terms in another order, which rounds by 1e-13 over 40 dates."""
    changes = [
        {"spread": 0.0, "cost": 0.0, "factor": 1.0},
        {"spread": 0.013, "cost": 0.002, "factor": 1.6},
        {"spread": -0.002, "cost": 0.4, "factor": 0.7},
    ]
    drawn = [random_inputs(seed) for seed in range(40)]
    cases = [(inputs, change) for inputs in drawn for change in changes]
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.evaluate(script() + "; globalThis.PATH = PATH; 0")
    given = [{"embedded": embedded(inputs, [1.0], 12), **change} for (inputs, *_), change in cases]
    found = page.evaluate(PATHS, given)
    page.close()
    ended = refused = called = 0
    for ((inputs, rows, targets), change), path in zip(cases, found, strict=True):
        ledger = engine(inputs, rows, targets, change)
        refused += ledger is None
        assert (path["refused"] >= 0) == (ledger is None)
        if ledger is not None:
            assert_same(path, ledger)
            ended += path["ended"] < len(path["nav"])
            called += path["calls"]
            assert path["calls"] == ledger.trade_reasons.count("margin_call")
    assert ended > 5  # by ruin
    assert called > 9
    assert refused > 5  # a trade would cost all of NAV


def script() -> str:
    """Return the script that computes a path."""
    return files("backtest.reporting.pages").joinpath("templates/live/path.js").read_text(encoding="utf-8")


def assert_same(path: dict[str, Any], ledger: Ledger) -> None:
    """Assert that NAV and flows on every date equal a ledger."""
    count = len(ledger.nav)
    assert path["ended"] == count
    assert path["nav"][:count] == pytest.approx(ledger.nav, rel=1e-9, abs=1e-12)
    assert path["loan"][:count] == pytest.approx(ledger.loan, rel=1e-9, abs=1e-11)
    assert path["gross"][:count] == pytest.approx(ledger.gross_exposure, rel=1e-9, abs=1e-12)
    sums = (
        ledger.asset_pnl.sum(axis=1),
        ledger.cash_interest,
        ledger.financing,
        ledger.trading,
        ledger.borrow,
        ledger.fees,
    )
    for name, flow in zip(FLOWS, sums, strict=True):
        assert path[name][:count] == pytest.approx(flow, rel=1e-9, abs=1e-11), name
