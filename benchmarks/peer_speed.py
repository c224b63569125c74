"""The same work by this project and by its peers, side by side; writes the table in docs/peers.md.

    make paths                                     # runs it after benchmarks/peer_paths.py
    python benchmarks/peer_speed.py [PEER...]      # all but cvxportfolio, unless named: it takes more than a minute

48 years of daily closes of six assets, fixed weights, a trade at each month's end at a proportional cost. Each runs
in a process and an environment of its own, one after the other: a first call that loads and compiles, and the best
of ten more, or of one where the first took over ten seconds. All begin with the file of prices. This project's time
is one whole `bt.run`; zipline's includes writing its store.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peer_runs import PEERS, Work, quietly

DAYS, SEED, COST = 12_600, 7, 0.001
NAMES = ["aa", "bb", "cc", "dd", "ee", "ff"]
OURS = "this project"
PYTHONS = {OURS: ".venv", "zipline": ".venv-zipline"}  # the others: .venv-peers
PAGE = Path("docs/peers.md")
MARK = "<!-- measured -->"

CONFIG = """
name: equal_weight
data: {source: csv, path: market.csv, assets: [aa, bb, cc, dd, ee, ff], cash: 0.0}
strategy: {name: equal_weight}
rebalance: {frequency: monthly, execution_lag: 0}
costs: {trading_bps: 10}
"""


def main() -> None:
    """Time each in its process, or, asked by that, this one."""
    if sys.argv[1:2] == ["--time"]:
        print(time_one(sys.argv[2], Path(sys.argv[3])))
        return
    market = made_market()
    trades = len(work(market).targets)
    lines = [
        f"{DAYS:,} days, {len(NAMES)} assets, {trades} trades of all of them:",
        "",
        "| | first call, s | best of later calls, s | times ours |",
        "|---|---|---|---|",
    ]
    ours = None
    with tempfile.TemporaryDirectory() as folder:
        market.to_csv(Path(folder) / "market.csv", index_label="date", date_format="%Y-%m-%d")
        for name in [OURS, *(sys.argv[1:] or [peer for peer in PEERS if peer != "cvxportfolio"])]:
            python = f"{PYTHONS.get(name, '.venv-peers')}/bin/python"
            done = subprocess.run(
                [python, __file__, "--time", name, folder], stdout=subprocess.PIPE, text=True, check=True
            )
            first, further = (float(word) for word in done.stdout.split()[-2:])
            ours = ours or further
            lines.append(f"| {name} | {first:.3g} | {further:.3g} | {further / ours:.3g} |")
            print(lines[-1], flush=True)
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(f"{head}{MARK}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


def made_market() -> pd.DataFrame:
    """Levels with three decimals of assets that share a market; each begins at 100."""
    draws = np.random.default_rng(SEED)
    shocks = draws.normal(size=(DAYS, len(NAMES))) + draws.normal(size=(DAYS, 1)) / 2
    growth = np.cumprod(1.0003 + shocks * np.linspace(0.004, 0.015, len(NAMES)), axis=0)
    return pd.DataFrame(np.round(100 * growth, 3), index=pd.bdate_range("1979-01-01", periods=DAYS), columns=NAMES)


def work(market: pd.DataFrame) -> Work:
    """Equal weights on each month's last date."""
    period = pd.DatetimeIndex(market.index).to_period("M")
    dates = market.index[:-1][np.asarray(period[:-1] != period[1:])]
    targets = pd.DataFrame(1 / len(NAMES), index=dates, columns=NAMES)
    return Work(market, pd.Series(1.0, index=market.index), targets, COST)


def time_one(name: str, folder: Path) -> str:
    """Seconds of the first call and of a further one."""
    job = quietly(lambda: ours_in(folder) if name == OURS else peer_in(name, folder))
    first = timed(job)
    further = min(timed(job) for _ in range(10 if first < 10 else 1))
    return f"{first} {further}"


def timed(job: Callable[[], object]) -> float:
    """Seconds of a call."""
    begin = time.perf_counter()
    quietly(job)
    return time.perf_counter() - begin


def ours_in(folder: Path) -> Callable[[], object]:
    """A whole run from its file."""
    from backtest import run

    config = folder / "run.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return lambda: run(config)


def peer_in(name: str, folder: Path) -> Callable[[], object]:
    """A peer's run of the same market."""
    file = folder / "market.csv"
    return lambda: PEERS[name](work(pd.read_csv(file, index_col="date", parse_dates=True)))


if __name__ == "__main__":
    main()
