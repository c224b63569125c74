"""Whole runs, from a CSV file and a configuration, against the oracle.

Theorem: the path of a run is a function of prices, cash, target weights and terms (docs/conventions/accounting.md).
The oracle is this function written again, slowly, by someone who had not seen the engine; `run_case` has a second
schedule of decisions. Where the two differ, one of them is wrong.

Tolerances, by what both sides can know. With target weights that are numbers (fixed or scripted) a NAV is some hundred
products and sums in double precision, each accurate to 1e-16 of gross assets: 1e-13 (1e-15 is observed). With weights
from a covariance, both sides sum returns and products differently (accurate to some 1e-15), and the project's solver
stops at shares of risk accurate to 1e-12: weights and NAV to 1e-11 (1e-13 is observed), a hundred times inside the 1e-9
of the contract.
"""

from collections.abc import Mapping
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import backtest as bt
from support.agreement.run_agreement import agree
from support.agreement.run_case import Case, accuracy
from support.agreement.run_files import LENGTHS, NAMES, STRATEGIES, Files, random_case, random_terms
from support.oracle import oracle

FREQUENCIES = ["daily", "weekly", "monthly", "quarterly", "yearly"]
LAGS = [0, 1, 3]

_turns = count()
TURNS = {(name, spacing, seed): next(_turns) for name in STRATEGIES for spacing in LENGTHS for seed in range(2)}
"""Every run its turn: frequencies, lags, cash and terms go round at different lengths, so that they all meet."""


@pytest.mark.parametrize(("name", "spacing", "seed"), TURNS)
def test_a_run_equals_the_oracle(tmp_path: Path, name: str, spacing: str, seed: int) -> None:
    """Every strategy on every spacing of dates; frequency, lag, cash, terms and cut dates rotate."""
    turn = TURNS[name, spacing, seed]
    rng = np.random.default_rng(turn)
    cash = ("series", "rate")[turn % 2]
    case, files = random_case(tmp_path, rng, spacing, STRATEGIES[name], cash=cash, margin=(0, 7, 0)[turn // 2 % 3])
    case.frequency = FREQUENCIES[turn % 5]
    case.lag = LAGS[turn % 3]
    case.window = (12, 17, 9, 15)[turn % 4]
    case.terms = random_terms(rng, per_asset=turn % 7 < 3, free=turn % 7 == 6)
    agree(bt.run(files.config("run", case)), case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("name", ["fixed_short", "erc", "levered_erc"])
def test_the_oracles_own_schedule_gives_the_same_run(tmp_path: Path, name: str) -> None:
    """This checks the schedule written here too: `oracle.backtest` chooses its own decision dates."""
    rng = np.random.default_rng(5)
    case, files = random_case(tmp_path, rng, "monthly", STRATEGIES[name], cash="series")
    case.terms = random_terms(rng, per_asset=True, free=False)
    case.frequency, case.lag = "quarterly", 1

    def decide(_: list[list[float]], covariance: list[list[float]]) -> Mapping[str, float]:
        if name == "fixed_short":
            return STRATEGIES[name]["weights"]  # type: ignore[no-any-return]
        weights = oracle.erc(covariance) if name == "erc" else oracle.levered_erc(covariance, 12, 0.1, 3.0)
        return dict(zip(NAMES, weights, strict=True))

    path = oracle.backtest(
        case.dates,
        {asset: [price for price in series if price is not None] for asset, series in case.prices.items()},
        case.cash,
        decide,
        frequency="quarterly",
        lag=1,
        window=case.window if case.estimates else None,
        trading_cost=case.by_asset(case.terms["costs"]["trading_bps"]),
        spread=case.terms["financing"]["spread_bps"] / 1e4,
        cash_spread=case.terms["financing"]["cash_spread_bps"] / 1e4,
        borrow_fee=case.by_asset(case.terms["financing"]["borrow_fee_bps"]),
        expense_ratio=case.by_asset(case.terms["fees"]["expense_ratio_bps"]),
        management_fee=case.terms["fees"]["management_bps"] / 1e4,
    )
    assert path.nav == case.path().nav
    np.testing.assert_allclose(bt.run(files.config("run", case)).nav, path.nav, rtol=accuracy(case))


def ragged_case(folder: Path, seed: int, name: str) -> tuple[Case, Files]:
    """Return a case whose assets begin late (cc, dd) or end early (bb, dd), some on rebalance or trade dates."""
    rng = np.random.default_rng(100 + seed)
    case, files = random_case(folder, rng, ("daily", "weekly", "monthly")[seed % 3], STRATEGIES[name], cash="series")
    case.ragged, case.frequency, case.lag = True, ("monthly", "quarterly", "weekly")[seed % 3], LAGS[seed // 2]
    case.terms = random_terms(rng, per_asset=True, free=False)
    case.window = 9
    length = len(case.dates)
    lives = {
        "bb": (0, int(rng.integers(length // 2, length))),
        "cc": (int(rng.integers(1, length // 2)), length),
        "dd": (int(rng.integers(1, length // 3)), int(rng.integers(2 * length // 3, length))),
    }
    for asset, (first, after) in lives.items():
        case.prices[asset] = [price if first <= t < after else None for t, price in enumerate(case.prices[asset])]
    files.rewrite(files.frame.assign(**{name: np.array(p, dtype=float) for name, p in case.prices.items()}))
    return case, files


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["fixed_levered", "scripted", "inverse_volatility", "erc", "levered_erc"])
def test_a_ragged_run_equals_the_oracle(tmp_path: Path, name: str, seed: int) -> None:
    """Assets join when their window is full, and are sold at their last price on the first date without one."""
    case, files = ragged_case(tmp_path, seed, name)
    files.data["classes"] = dict(zip(NAMES, ["equities", "bonds", "gold", "oil"], strict=True))
    result = bt.run(files.config("run", case))
    agree(result, case, case.path(), case.first_decision, accuracy(case))
    assert (result.weights[["bb", "dd"]].iloc[-1] == 0).all()


def test_a_ragged_run_needs_no_classes_for_weights_by_asset(tmp_path: Path) -> None:
    """An asset that has not begun, or has ended, still belongs to the run: its weight stays in cash."""
    case, files = ragged_case(tmp_path, 0, "fixed_levered")
    agree(bt.run(files.config("run", case)), case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("seed", range(6))
def test_notes_list_each_asset_sold_because_it_lost_its_price(tmp_path: Path, seed: int) -> None:
    """Design, "Universe": "the log says so", whatever else happens on that date; one note for each such sale."""
    case, files = ragged_case(tmp_path, seed, "erc")
    result = bt.run(files.config("run", case))
    for asset in ("bb", "dd"):
        gone = next(t for t in range(len(case.dates) // 2, len(case.dates)) if case.prices[asset][t] is None)
        notes = [note for note in result.notes if asset in note and case.dates[gone].isoformat() in note]
        assert len(notes) == 1, (asset, case.dates[gone], result.notes)


@pytest.mark.parametrize("name", ["fixed_levered", "scripted", "inverse_volatility", "levered_erc"])
@pytest.mark.parametrize("lag", [0, 1])
def test_a_run_on_a_file_of_returns_equals_the_oracle(tmp_path: Path, name: str, lag: int) -> None:
    """`values: returns`, for cash too, gives the market of the prices, whose first date is the base of the returns."""
    rng = np.random.default_rng(lag)
    case, files = random_case(tmp_path, rng, "monthly", STRATEGIES[name], cash="series")
    case.terms, case.lag = random_terms(rng, per_asset=False, free=False), lag
    files.rewrite(files.frame.pct_change().iloc[1:])
    files.data["values"] = "returns"
    result = bt.run(files.config("run", case))
    agree(result, case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("name", ["fixed_short", "erc"])
@pytest.mark.parametrize("lag", [0, 1])
def test_a_portfolio_bought_once_equals_the_oracle(tmp_path: Path, name: str, lag: int) -> None:
    """With `never`, the first possible date decides, and the holdings then drift to the end."""
    rng = np.random.default_rng(9)
    case, files = random_case(tmp_path, rng, "daily", STRATEGIES[name], cash="rate")
    case.frequency, case.lag, case.terms = "never", lag, random_terms(rng, per_asset=True, free=False)
    result = bt.run(files.config("run", case))
    assert len(result.trades) == 1
    agree(result, case, case.path(), case.first_decision, accuracy(case))


@pytest.mark.parametrize("weights", [{"aa": 6.0, "dd": 3.0}, {"dd": -7.0}, {"aa": 12.0, "bb": -9.0, "dd": -2.0}])
@pytest.mark.parametrize("bps", [0, 25, 200])
def test_a_ruin_equals_the_oracle(tmp_path: Path, weights: dict[str, float], bps: float) -> None:
    """The run ends at a NAV of zero, and the lender bears the rest.

    Just before, high leverage drifts to exposures of hundreds of times NAV, where even the cost of selling may be
    more than NAV: that is ruin too.
    """
    ruined = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        case, files = random_case(tmp_path, rng, "weekly", {"name": "sixty_forty", "weights": weights}, cash="series")
        case.frequency, case.terms = "monthly", {"costs": {"trading_bps": bps}, "financing": {"spread_bps": 100}}
        path = case.path()
        if not path.ruined or ruined == 3:
            continue
        result = bt.run(files.config("run", case))
        assert [day.date() for day in result.nav.index] == path.dates, seed
        scale = max(sum(abs(w) for w in held.values()) for held in path.weights)
        np.testing.assert_allclose(result.nav, path.nav, rtol=0, atol=1e-14 * scale * max(path.nav), err_msg=str(seed))
        assert (result.nav >= 0).all()
        shortfall = result.contributions["shortfall"].sum()
        assert shortfall == pytest.approx(sum(path.shortfall), abs=1e-12 * scale * max(path.nav))
        ruined += 1
    assert ruined >= 2
