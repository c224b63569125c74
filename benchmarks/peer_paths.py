"""Whole runs by the peers, kept as files that tests/against_peers/test_peer_paths.py holds this project to.

    make paths      # in environments of their own: zipline needs an older pandas than the others

    python benchmarks/peer_paths.py PEER...

reads `cases.json` in that folder, makes the two markets beside it, and writes a file for each PEER named: the NAV of
each case on the dates of its market, the versions that made it, and the faults that can be shown in a number. The same
versions write the same files.
"""

import json
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peer_runs import CAPITAL, PEERS, Work, quietly, vectorbt_portfolio

FOLDER = Path("tests/against_peers/peer_paths")
NAMES = ["aa", "bb", "cc", "dd", "ee", "ff"]
VOLATILITIES = np.array([0.16, 0.06, 0.2, 0.12, 0.25, 0.3])
SPACINGS = {"daily": ("B", 75, 260), "monthly": ("ME", 40, 12)}
"""Of the two markets: spacing, dates, periods a year. Both begin on a quarter's last date, and end within a quarter."""
PACKAGES = {"zipline": "zipline-reloaded"}
CANNOT = {
    "vectorbt": {"levered_daily", "levered_monthly"},
    "zipline": {"four_monthly", "levered_monthly", "long_short_monthly"},
}
"""What a peer has no way to do: vectorbt borrows nothing, zipline knows days and minutes."""


def main() -> None:
    """Make the markets, and run the peers named."""
    markets = {name: market(*spacing, seed) for seed, (name, spacing) in enumerate(SPACINGS.items())}
    for name, frame in markets.items():
        frame.to_csv(FOLDER / f"{name}.csv", index_label="date", date_format="%Y-%m-%d")
    cases = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
    works = {name: work(case, markets[case["market"]]) for name, case in cases.items()}
    for peer in sys.argv[1:]:
        left_out = CANNOT.get(peer, set())
        paths = {name: run(peer, one) for name, one in works.items() if name not in left_out and peer in PEERS}
        write(peer, paths, {"vectorbt": of_vectorbt, "backtrader": of_backtrader}.get(peer, lambda _: {})(works))


def run(peer: str, one: Work) -> list[float]:
    """NAV at each date, 1 before the first trade."""
    nav: list[float] = quietly(lambda: PEERS[peer](one)).tolist()
    return nav


def write(peer: str, paths: dict[str, list[float]], faults: dict[str, Any]) -> None:
    """The file of a peer."""
    packages = [PACKAGES.get(peer, peer), "numpy", "pandas"]
    versions = {"python": ".".join(platform.python_version_tuple()[:2])} | {name: version(name) for name in packages}
    content = {"versions": versions, "nav": paths, "faults": faults}
    (FOLDER / f"{peer}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def market(spacing: str, dates: int, per_year: int, seed: int) -> pd.DataFrame:
    """Levels with three decimals of six assets that move together a little, and of cash with eight."""
    rng = np.random.default_rng(seed)
    begin = {"B": "2018-09-28", "ME": "2018-09-30"}[spacing]
    shocks = rng.standard_normal((dates, len(NAMES))) + 0.4 * rng.standard_normal((dates, 1))
    growth = np.cumprod(1 + 0.04 / per_year + VOLATILITIES / np.sqrt(per_year) * shocks, axis=0)
    index = pd.date_range(begin, periods=dates, freq=spacing)
    cash = np.cumprod(1 + rng.uniform(0, 0.06, dates) / per_year)
    return pd.DataFrame(np.round(100 * growth, 3), index=index, columns=NAMES).assign(cash=np.round(cash, 8))


def work(case: dict[str, Any], frame: pd.DataFrame) -> Work:
    """Target weights on the last date of each month or quarter but the data's last."""
    period = pd.DatetimeIndex(frame.index).to_period({"monthly": "M", "quarterly": "Q"}[case["frequency"]])
    dates = frame.index[:-1][np.asarray(period[:-1] != period[1:])]
    targets = pd.DataFrame([case["weights"]] * len(dates), index=dates)
    return Work(frame[list(targets)], frame["cash"], targets, case["cost_bps"] / 1e4)


def of_vectorbt(works: dict[str, Work]) -> dict[str, Any]:
    """Weights after each trade with orders left in the order of the columns, and of a levered book."""

    def weights(one: Work, **options: Any) -> dict[str, dict[str, float]]:
        portfolio = quietly(lambda: vectorbt_portfolio(one, **options))
        held = portfolio.asset_value(group_by=False).div(portfolio.value(), axis=0).loc[one.targets.index]
        return {f"{date:%Y-%m-%d}": row.to_dict() for date, row in held.iterrows()}

    return {
        "weights_in_default_call_order": weights(works["two_daily"]),
        "weights_of_a_levered_book": weights(works["levered_daily"], call_seq="auto"),
    }


def of_backtrader(works: dict[str, Work]) -> dict[str, Any]:
    """Market orders for the target weights, given at a close: how each ended at the next open."""
    backtrader, one, orders = import_module("backtrader"), works["two_daily"], []

    def tell(_: Any, order: Any) -> None:
        if not order.alive():
            ended = order.data.datetime.date(0).isoformat()
            orders.append({"date": ended, "asset": order.data.p.name, "status": order.getstatusname()})

    def act(strategy: Any) -> None:
        today = pd.Timestamp(strategy.data.datetime.date(0))
        for data in strategy.datas if today in one.targets.index else ():
            strategy.order_target_percent(data, one.targets.loc[today, data.p.name])

    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.addstrategy(type("Targets", (backtrader.Strategy,), {"next": act, "notify_order": tell}))
    for name, close in one.prices.items():
        bars = pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 1e6})
        cerebro.adddata(backtrader.feeds.PandasData(dataname=bars, name=name))
    cerebro.broker.setcash(CAPITAL)
    cerebro.broker.setcommission(commission=one.cost)
    cerebro.run()
    return {"orders": orders}


if __name__ == "__main__":
    main()
