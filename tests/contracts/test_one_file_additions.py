"""A new estimator or strategy is one file: configurations, messages, lists and tests find it without registration.

Each file is added to a scratch folder, never to the project's own. In a separate process, that folder is added to the
search path of the estimators' package.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import backtest as bt
from backtest.config import load_config
from backtest.errors import ConfigError
from support.builders.market_files import write_config, write_strategy
from support.command_line import command

ROOT = Path(__file__).parents[2]

DATA = {"data": {"source": "sample", "assets": ["us_stocks", "gold"], "cash": "us_tbill", "start": "2000-01-01"}}

ESTIMATOR = '''
"""Twice the sample covariance."""

from typing import ClassVar, Literal

from backtest.estimation.estimator import Estimator, window_rows
from backtest.estimation.methods.sample_covariance import rolling_sample_covariance


class Doubled(Estimator):
    """Twice the sample covariance."""

    covariance: Literal["doubled"] = "doubled"
    formula: ClassVar[str] = "2 Σ x xᵀ / (T - 1)"

    def estimate(self, excess_returns, rows, periods_per_year):
        """Same as `Estimator.estimate`."""
        window = window_rows(self.window, periods_per_year)
        return 2 * rolling_sample_covariance(excess_returns, rows, window, self.missing)
'''

WITH_THE_FILE = """
import sys
from backtest.estimation import methods
methods.__path__.append(sys.argv[1])
"""

FROM_A_CONFIGURATION = """
import numpy as np
import backtest as bt
from backtest.config import load_config

returns = np.random.default_rng(0).normal(0, 0.01, (50, 3))
doubled, sample = (
    load_config(f"{name}.yaml").estimation.covariances(returns, [40, 49], 12) for name in ("doubled", "sample")
)
assert (doubled == 2 * sample).all()
weights = [bt.run(f"{name}.yaml").target_weights for name in ("doubled", "sample")]
np.testing.assert_allclose(*weights, rtol=1e-12)
try:
    load_config("doubeld.yaml")
except bt.BacktestError as error:
    assert "dcc, denoised, doubled, ewma" in str(error), error
    assert "Did you mean doubled?" in str(error), error
else:
    raise AssertionError("an unknown estimator was accepted")
"""

IN_THE_DOCUMENTATION = """
from scripts.estimator_table import estimator_table
assert "| `doubled` | 2 Σ x xᵀ / (T - 1) |  | `window: 3Y` |" in estimator_table()
"""

IN_THE_CONFORMANCE_SUITE = """
import pytest
suite = "tests/estimation/test_estimator_invariance.py"
sys.exit(pytest.main(["-q", "-rA", suite, "-k", "doubled and later_returns"]))
"""


def run_with_the_file(code: str, estimators: Path, folder: Path) -> str:
    process = subprocess.run(
        [sys.executable, "-c", WITH_THE_FILE + code, str(estimators)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture
def estimators(tmp_path: Path) -> Path:
    """A folder with one estimator, and a configuration for each of three names next to it."""
    (tmp_path / "estimators").mkdir()
    (tmp_path / "estimators" / "doubled.py").write_text(ESTIMATOR, encoding="utf-8")
    for name in ("doubled", "sample", "doubeld"):
        estimation = {"covariance": name, "window": 36}
        write_config(tmp_path / f"{name}.yaml", **DATA, strategy={"name": "inverse_volatility"}, estimation=estimation)
    return tmp_path / "estimators"


def test_a_new_estimator_is_chosen_by_a_configuration_and_named_in_messages(estimators: Path) -> None:
    run_with_the_file(FROM_A_CONFIGURATION, estimators, estimators.parent)


def test_a_new_estimator_has_a_row_in_the_documentation(estimators: Path) -> None:
    run_with_the_file(IN_THE_DOCUMENTATION, estimators, ROOT)


def test_the_conformance_suite_checks_a_new_estimator(estimators: Path) -> None:
    shown = run_with_the_file(IN_THE_CONFORMANCE_SUITE, estimators, ROOT)
    suite = "tests/estimation/test_estimator_invariance.py"
    assert f"PASSED {suite}::test_it_follows_the_rules_of_all_estimators[later_returns_change_nothing-doubled]" in shown


STRATEGY = '''
"""All in one asset."""

import pandas as pd

from backtest.strategy import MarketView, Strategy


class AllInOne(Strategy):
    """All capital in the first asset."""

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series([1.0], index=[view.assets[0]])
'''


def test_a_new_strategy_is_run_listed_and_named_in_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_strategy(tmp_path, "all_in_one", STRATEGY)
    good = write_config(tmp_path / "good.yaml", **DATA, strategy={"name": "all_in_one"})
    misspelt = write_config(tmp_path / "misspelt.yaml", **DATA, strategy={"name": "all_in_on"})
    assert (bt.run(good).target_weights.iloc[:, 0] == 1).all()
    with pytest.raises(ConfigError, match=r"there are: all_in_one, .* Did you mean all_in_one\?"):
        load_config(misspelt)
    monkeypatch.chdir(tmp_path)
    shown = command("strategies").out
    assert "all_in_one" in shown
    assert "All capital in the first asset." in shown
