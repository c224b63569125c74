"""The same bits on any number of cores.

OpenBLAS splits the sum of a product over its threads if vectors and matrices are large (from 10,000 elements on), so
the last bits of the product depend on the number of threads. A run is a function of its configuration and data alone,
so no product here may be split. Two processes, one with a single BLAS thread on a single core and one with two
threads, compute forty years of daily returns and have to print the same bytes.

A machine with one core cannot show a difference, because OpenBLAS starts no more threads than there are cores.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]

PROLOGUE = """
import os, sys
if sys.argv[1] == "1" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
import pandas as pd
T = 40 * 252 + 1
dates = pd.bdate_range("1980-01-01", periods=T)
"""

SUMMARIES = """
from dataclasses import replace
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference
from backtest.analysis.metrics.smoothing import smoothing
from backtest.reporting.files.report_files import json_bytes
from support.builders.ledger_result import simulated, terms_of

for seed in range(2):
    rng = np.random.default_rng(seed)
    returns, cash = rng.normal(0.0003, 0.01, (T, 3)), rng.uniform(0, 0.0003, T)
    targets = {row: rng.uniform(0.2, 0.8, 3) for row in range(0, T - 1, 250)}
    of = dict(dates=dates, periods_per_year=252, classes={"stocks": "equities", "bonds": "bonds", "gold": "bonds"})
    result = simulated(returns, cash, targets, terms_of(3, spread=0.01), **of)
    other = simulated(returns, cash, {0: [0.6, 0.4, 0.0]}, terms_of(3), **of)
    print(json_bytes(replace(result, benchmark=other).summary()).decode())
    print(sharpe_difference(result.excess_returns.to_numpy(), other.excess_returns.to_numpy(), 252))
    print(result.rolling.sum().tolist(), result.realised_risk.sum().tolist(), smoothing(result))
"""

ESTIMATES = """
from pydantic import TypeAdapter
from backtest.estimation.estimation_settings import EstimationSettings, estimator_classes

returns = np.random.default_rng(1).normal(0.0002, 0.01, (T, 60))
gaps = returns.copy()
gaps[100:120, 3] = np.nan
names = {estimator.model_fields["covariance"].default for estimator in estimator_classes()}
for name in sorted(names - {"ccc", "dcc"}):
    estimator = TypeAdapter(EstimationSettings).validate_python({"covariance": name, "window": T - 30})
    print(name, estimator.covariances(returns, [T - 20, T - 1], 252).tobytes().hex())
fitted = TypeAdapter(EstimationSettings).validate_python({"covariance": "dcc", "window": 250, "refit": 1000})
print("dcc", fitted.covariances(returns[:420, :3], [309, 316], 252).tobytes().hex())
for more in ({"missing": "complete_rows"}, {"covariance": "ewma", "half_life": "1Y", "correlation_half_life": "3Y"}):
    estimator = TypeAdapter(EstimationSettings).validate_python({"window": T - 30, **more})
    print(more, estimator.covariances(gaps, [T - 20, T - 1], 252).tobytes().hex())
"""

OWN = '''
import pandas as pd
from backtest import Strategy


class Own(Strategy):
    """Weights by products that are large enough for several threads."""

    def target_weights(self, view):
        values = view.excess_returns.to_numpy()[1:]
        sizes = [1 + abs(float(values[:, i] @ values[:, 0])) for i in range(values.shape[1])]
        return pd.Series(sizes, index=view.assets) / sum(sizes)
'''

RUN = """
import json
import backtest as bt
from backtest.reporting.files.report_files import json_bytes, tables
from backtest.reporting.files.table_files import csv_bytes

rng = np.random.default_rng(2)
levels = pd.DataFrame(np.cumprod(1 + rng.normal(0.0003, 0.01, (T, 5)), axis=0), index=dates, columns=list("abcde"))
levels.to_csv("prices.csv", index_label="date")
strategies = [
    {"name": "erc_expected_shortfall", "distribution": "gaussian", "window": "30Y"},
    {"name": "own"},
]
for k, strategy in enumerate(strategies):
    settings = {
        "name": f"run_{k}",
        "data": {"source": "csv", "path": "prices.csv", "assets": list("abcde"), "cash": 0.02},
        "strategy": strategy,
        "estimation": {"covariance": "expanding", "window": "38Y"},
        "leverage": {"target_volatility": 0.1, "window": "38Y"},
        "rebalance": {"frequency": "quarterly"},
    }
    open(f"run_{k}.yaml", "w").write(json.dumps(settings))
    result = bt.run(f"run_{k}.yaml")
    print(json_bytes(result.summary()).decode(), *(csv_bytes(table).decode() for table in tables(result).values()))
"""


def printed(folder: Path, code: str, threads: int) -> bytes:
    (folder / "strategies").mkdir(parents=True)
    (folder / "strategies/own.py").write_text(OWN, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
        **dict.fromkeys(
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), str(threads)
        ),
    }
    process = subprocess.run(
        [sys.executable, "-c", PROLOGUE + code, str(threads)],
        cwd=folder, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout


def test_one_core_and_two_give_the_same_bytes(tmp_path: Path) -> None:
    """One process checks everything, because starting a process takes half of its time."""
    one, two = (printed(tmp_path / str(threads), SUMMARIES + ESTIMATES + RUN, threads) for threads in (1, 2))
    assert one
    assert [
        number
        for number, lines in enumerate(zip(one.splitlines(), two.splitlines(), strict=True))
        if lines[0] != lines[1]
    ] == []
