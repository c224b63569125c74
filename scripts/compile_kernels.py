"""Compile the kernels once, so that processes which start together later find them compiled.

    python scripts/compile_kernels.py

A kernel that is missing here costs time alone: whichever process calls it first compiles it.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

import backtest as bt
from backtest.data.cache.default_folders import TRIALS
from backtest.estimation.methods.conditional_correlation import DCC
from backtest.estimation.methods.sample_covariance import Sample
from backtest.reporting.files.report_files import write_report
from backtest.risk import risk_parity_weights

CONFIGS = Path(__file__).parents[1] / "configs"
NEARLY = 1e-5 - 1  # two assets of this correlation nearly cancel out


def main() -> None:
    """Call each kernel: by a run, a comparison, a break-even, a sweep, and functions with kernels of their own."""
    os.environ[TRIALS] = "off"  # these are no trials of the folder's user
    results = [bt.run(CONFIGS / f"{name}.yaml") for name in ("levered_erc", "60_40")]
    _ = bt.compare(results).sharpe_differences
    bt.break_even(CONFIGS / "levered_erc.yaml")
    bt.sweep(CONFIGS / "erc.yaml", {"strategy": ["erc", "hierarchical_risk_parity"]})
    with tempfile.TemporaryDirectory() as folder:
        write_report(results[0], Path(folder) / "report")
    risk_parity_weights(np.array([[1.0, NEARLY], [NEARLY, 1.0]]))
    returns = np.random.default_rng(0).normal(0, 0.01, (300, 3))
    for estimator in (DCC(window=200), Sample(window=200)):
        estimator.covariances(returns, list(range(210, 300, 4)), 252)


if __name__ == "__main__":
    main()
