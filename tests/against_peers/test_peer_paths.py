"""Whole runs against runs of other backtesters, on the same files: `peer_paths/`, written by benchmarks/peer_paths.py.

Each peer trades a little differently, as docs/peers.md describes. So a strategy below holds the weights that the peer
holds after its trades, computed from the peer's convention and from what was known at that close; prices, costs,
interest and NAV are the run's own. If the convention is understood and the accounting right, both NAVs agree on every
date.

Tolerances. Both sides take some hundred products and sums of doubles, each accurate to 1e-16: 1e-14 (1e-15 is
observed). bt searches for the size of an order until its outlay is within 1e-8 of the intended amount, 1e-14 of its
capital, so that much earns another return: a tenth of it, for a hundred orders 1e-13. zipline trades whole shares, of
which its capital buys some 1e10 of each asset: 1e-10 of a position earns another return, 1e-11, in two dozen orders
1e-10 (1e-12 is observed).
"""

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from skfolio.optimization import EqualWeighted

import backtest as bt
from support.builders.market_files import write_config, write_strategy

FOLDER = Path(__file__).parent / "peer_paths"
ACCURACY = {"bt": 1e-13, "cvxportfolio": 1e-14, "vectorbt": 1e-14, "zipline": 1e-10}
CASES: dict[str, dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))

CONVENTIONS = '''
from typing import ClassVar, Literal
import numpy as np
import pandas as pd
from backtest.strategy import InsufficientHistory, MarketView, Strategy

class Conventions(Strategy):
    """What a peer holds after its trades, as fractions of the NAV after their costs."""
    reads_current_weights: ClassVar[bool] = True
    peer: Literal["bt", "cvxportfolio", "vectorbt", "zipline"]
    weights: dict[str, float]
    cost: float

    def target_weights(self, view: MarketView) -> pd.Series:
        held = view.current_weights
        trades = getattr(self, f"_{self.peer}")(pd.Series(self.weights), held, view)
        return (held + trades) / (1 - self.cost * trades.abs().sum())

    def _cvxportfolio(self, target, held, view):
        """Positions are the target of the NAV before costs, which cash pays."""
        return target - held

    def _bt(self, target, held, view):
        """Each order pays or brings in, with its cost, what was missing or too much: cost after trade."""
        wanted = target - held
        return wanted / (1 + self.cost * np.sign(wanted))

    def _vectorbt(self, target, held, view):
        """The target of the NAV before costs, sales first, then purchases, small ones first, while there is cash."""
        wanted = (target - held).sort_values()
        cash = 1 - held.sum()
        for name, trade in wanted.items():
            wanted[name] = min(trade, cash / (1 + self.cost)) if trade > 0 else trade
            cash -= wanted[name] + self.cost * abs(wanted[name])
        return wanted

    def _zipline(self, target, held, view):
        """Shares are counted at the close before this one, and traded at this one."""
        if len(view.prices) < 2:
            raise InsufficientHistory("orders were given at the close before")
        growth = view.prices.iloc[-1] / view.prices.iloc[-2]
        before = (held / growth).sum() + 1 - held.sum()
        return target * before * growth - held
'''


@cache
def file_of(peer: str) -> dict[str, Any]:
    """Contents of a peer's file."""
    content: dict[str, Any] = json.loads((FOLDER / f"{peer}.json").read_text(encoding="utf-8"))
    return content


RUNS = [(peer, name) for peer in ACCURACY for name in file_of(peer)["nav"]]


def run(folder: Path, peer: str, name: str, strategy: dict[str, Any], **rebalance: Any) -> bt.BacktestResult:
    """Run a case with this project, with the cash and the dates of a peer."""
    case = CASES[name]
    copy(FOLDER / f"{case['market']}.csv", folder / "market.csv")
    write_strategy(folder, "conventions", CONVENTIONS)
    cash: dict[str, Any] = {"cash": "cash"} if peer == "cvxportfolio" else {"cash": 0.0}
    return bt.run(
        write_config(
            folder / "run.yaml",
            data={"source": "csv", "path": "market.csv", "assets": list(case["weights"]), **cash},
            strategy=strategy,
            rebalance={"frequency": case["frequency"], "execution_lag": 0, **rebalance},
            costs={"trading_bps": case["cost_bps"]},
        )
    )


def fixed(name: str) -> dict[str, Any]:
    """Trade the case's weights by this project's own convention."""
    return {"name": "sixty_forty", "weights": CASES[name]["weights"]}


def navs_of(result: bt.BacktestResult, peer: str, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the NAVs of both from the row after the first trade on; cvxportfolio's is before each date's trades."""
    case = CASES[name]
    dates = pd.read_csv(FOLDER / f"{case['market']}.csv", index_col="date", parse_dates=True).index
    theirs = pd.Series(file_of(peer)["nav"][name], index=dates).loc[result.nav.index].to_numpy()
    ours = result.nav
    if peer == "cvxportfolio":
        ours = ours / (1 - case["cost_bps"] / 1e4 * result.trades.abs().sum(axis=1)).reindex(ours.index, fill_value=1.0)
    return ours.to_numpy()[1:], theirs[1:]


@pytest.mark.parametrize(("peer", "name"), RUNS)
def test_navs_equal_the_navs_of_peer_libraries(tmp_path: Path, peer: str, name: str) -> None:
    """With the holdings that the peer has after its trades, NAV equals the peer's NAV on every date."""
    case = CASES[name]
    strategy = {"name": "conventions", "peer": peer, "weights": case["weights"], "cost": case["cost_bps"] / 1e4}
    result = run(tmp_path, peer, name, strategy, **({"day": "first"} if peer == "zipline" else {}))
    assert len(result.trades) >= 4
    ours, theirs = navs_of(result, peer, name)
    np.testing.assert_allclose(ours, theirs, rtol=ACCURACY[peer], atol=0)


@pytest.mark.parametrize(("peer", "name"), RUNS)
def test_differences_of_conventions_stay_within_their_bounds(tmp_path: Path, peer: str, name: str) -> None:
    """By its own convention a run's NAV differs from the peer's by a cost times a return, and by more than rounding.

    A trade of cost x leaves weights that are off by 3x at most, times gross exposure: each side takes x out of
    other positions, or out of cash. Shares counted a close earlier are off by that day's move. The gap earns what
    the assets return until the next trade, and is traded once more, at the cost k, when it is closed.
    """
    case = CASES[name]
    lag = 1 if peer == "zipline" else 0
    result = run(tmp_path, peer, name, fixed(name), execution_lag=lag)
    ours, theirs = navs_of(result, peer, name)
    cost, gross = case["cost_bps"] / 1e4, sum(abs(weight) for weight in case["weights"].values())
    prices = pd.read_csv(FOLDER / f"{case['market']}.csv", index_col="date", parse_dates=True)[[*case["weights"]]]
    moved = prices.pct_change().fillna(0.0).abs().max(axis=1) * lag
    bound = 0.0
    for begin, end in pairwise([*result.trades.index, prices.index[-1]]):
        holding = prices.loc[begin:end]
        swing = (holding / holding.iloc[0] - 1).abs().to_numpy().max()
        paid = cost * result.trades.loc[begin].abs().sum()
        bound += 3 * gross * (paid + moved[begin]) * (swing + cost)
    apart = np.abs(ours / theirs - 1).max()
    assert 1e-7 < apart < bound


def test_skfolio_holds_constant_weights_unless_they_drift(tmp_path: Path) -> None:
    """By default, skfolio rebalances a portfolio for free at every close.

    With `weight_drift`, a window begins at its target weights and is then held, so windows of a month are a run that
    trades once a month. After 75 days the two differ.
    """
    case = CASES["six_daily_with_cash"]
    prices = pd.read_csv(FOLDER / "daily.csv", index_col="date", parse_dates=True)[[*case["weights"]]]
    returns = prices.pct_change().iloc[1:]
    copy(FOLDER / "daily.csv", tmp_path / "market.csv")

    def growth(frequency: str) -> NDArray[np.float64]:
        config = write_config(
            tmp_path / f"{frequency}.yaml",
            data={"source": "csv", "path": "market.csv", "assets": list(prices), "cash": 0.0},
            strategy={"name": "equal_weight"},
            rebalance={"frequency": frequency, "execution_lag": 0},
        )
        return np.asarray(bt.run(config).nav.iloc[1:])

    def growth_in_skfolio(windows: list[pd.DataFrame], *, drift: bool) -> NDArray[np.float64]:
        model = EqualWeighted(portfolio_params={"weight_drift": drift}).fit(returns)
        return np.cumprod(1 + np.concatenate([np.asarray(model.predict(window).returns) for window in windows]))

    months = [window for _, window in returns.groupby(returns.index.to_period("M"))]  # type: ignore[attr-defined]  # stubs give an Index
    daily, monthly = growth("daily"), growth("monthly")
    np.testing.assert_allclose(growth_in_skfolio([returns], drift=False), daily, rtol=1e-14)
    np.testing.assert_allclose(growth_in_skfolio(months, drift=True), monthly, rtol=1e-14)
    assert np.abs(monthly / daily - 1).max() > 1e-3


def test_targets_are_reached_where_peers_cut_or_reject_orders(tmp_path: Path) -> None:
    """After each trade weights equal the target; two peers miss it for lack of cash.

    vectorbt executes orders by column unless `call_seq="auto"`, and cuts a purchase that comes before the sale that
    pays for it. backtrader rejects an order whole ("Margin") if its fee or a night's move makes it too expensive.
    """
    target = CASES["two_daily"]["weights"]
    result = run(tmp_path, "bt", "two_daily", fixed("two_daily"))
    after = result.weights.reindex(result.trades.index)
    np.testing.assert_allclose(after, [list(target.values())] * len(after), rtol=1e-13)
    cut = pd.DataFrame(file_of("vectorbt")["faults"]["weights_in_default_call_order"]).T - pd.Series(target)
    assert (cut["aa"] < -0.005).any()
    rejected = [order for order in file_of("backtrader")["faults"]["orders"] if order["status"] == "Margin"]
    assert rejected


def test_a_levered_portfolio_is_held_at_its_targets(tmp_path: Path) -> None:
    """The weights add up to 1.5 after each trade; vectorbt buys what its cash allows, without a warning."""
    result = run(tmp_path, "bt", "levered_daily", fixed("levered_daily"))
    np.testing.assert_allclose(result.weights.loc[result.trades.index].sum(axis=1), 1.5, rtol=1e-13)
    cut = pd.DataFrame(file_of("vectorbt")["faults"]["weights_of_a_levered_book"]).T
    assert (cut.sum(axis=1) < 1.001).all()
