"""A small module of a user that uses all of the public interface passes `mypy --strict`, and works."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import backtest as bt
from backtest.config import load_config
from support.consumer import whole_interface as consumer

ROOT = Path(__file__).parents[2]


def test_it_uses_every_public_name_and_mypy_checks_it_strictly() -> None:
    """The step of types in the gate reads it with the other tests."""
    text = Path(consumer.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r"\bbt\.(\w+)", text)) >= set(bt.__all__)
    assert "type: ignore" not in text
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert mypy["strict"] is True
    assert "tests" in mypy["files"]


@pytest.fixture(scope="module")
def results() -> list[bt.BacktestResult]:
    return consumer.runs(consumer.market())


def test_its_runs_are_reported_and_compared(results: list[bt.BacktestResult], tmp_path: Path) -> None:
    page, figure = consumer.report(results[0], tmp_path / "report")
    assert page.is_file()
    assert figure.axes
    assert results[0].settings["estimation"]["covariance"] == "Diagonal"
    assert set(consumer.sharpe_ratios(results)) == {result.name for result in results}


def test_its_sweep_finds_the_best_run() -> None:
    assert np.isfinite(consumer.best_of(consumer.market()))


def test_its_walk_forward_chooses_each_year() -> None:
    assert set(consumer.chosen_again(consumer.market())) <= {0, 1}
    assert len(consumer.chosen_again(consumer.market())) > 2


def test_its_stress_test_has_a_loss() -> None:
    assert consumer.worst_of(consumer.market()) < 0


def test_its_robustness_has_a_lowest_sharpe_ratio() -> None:
    assert np.isfinite(consumer.lowest_of(consumer.market()))


def test_its_other_functions_work() -> None:
    config = ROOT / "configs" / "levered_erc.yaml"
    assert consumer.checked_again(load_config(config)).name == "again"
    assert consumer.spread(config) > 0
    np.testing.assert_allclose(
        consumer.shares(np.diag([0.04, 0.01])), [0.5, 0.5], rtol=1e-10
    )  # the solver stops at 1e-12


def test_its_source_has_to_refuse_unknown_symbols() -> None:
    assert "unknown_symbols_are_errors" in consumer.conforms()
