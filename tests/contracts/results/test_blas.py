"""Functions of arrays and BLAS: the same bits on any number of threads, and nearly the same numbers from any kernel."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from support.patience import HANG
from support.public_arrays.large_arguments import blas_kernels, large_results

TESTS = Path(__file__).parents[2]
CLOSE = 1e-9
"""Largest difference, as a fraction of a result's largest number, that docs/conventions/units.md states.

Kernels of BLAS round sums in another order. The solvers stop at an accuracy of 1e-10 (`backtest.risk.accuracy`).
"""
OTHER = "Nehalem"  # of 2008, whose kernels every later x86 processor can run


def test_any_number_of_threads_gives_the_same_bits() -> None:
    with threadpool_limits(1, user_api="blas"):
        expected = large_results()
    with threadpool_limits(4, user_api="blas"):
        found = large_results()
    assert [name for name, numbers in found.items() if not np.array_equal(numbers, expected[name])] == []


def test_another_kernel_gives_the_same_numbers_up_to_rounding(tmp_path: Path) -> None:
    place = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    command = [sys.executable, "-m", "support.public_arrays.large_arguments", "other.npz"]
    environment = {**os.environ, "OPENBLAS_CORETYPE": OTHER, "PYTHONPATH": place}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=HANG)
    found, expected = dict(np.load(tmp_path / "other.npz")), large_results()
    if found.pop("kernels").tolist() == blas_kernels():
        pytest.skip("BLAS of this machine has one kernel")
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_allclose(found[name], numbers, rtol=0, atol=CLOSE * np.abs(numbers).max(), err_msg=name)
