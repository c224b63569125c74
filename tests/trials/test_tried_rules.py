"""The ledger says how many distinct rules were tried on the assets of a result, and since when its rule is known."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.selection.sharpe_probability import deflated_sharpe, probabilistic_sharpe
from backtest.trials.trial import trial_of
from backtest.trials.trial_ledger import TrialLedger
from backtest.trials.tried_rules import TriedRules, record_trials, rules_beside, tried_rules
from support.builders.made_trials import made_trial
from support.builders.synthetic_result import synthetic_result

NOW = datetime(2026, 11, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("BACKTEST_TRIALS")
    (tmp_path / "backtest.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def result() -> bt.BacktestResult:
    return synthetic_result()


def beside(result: bt.BacktestResult, *others: float | None) -> TriedRules:
    """Return the answer of a ledger that has the result and other rules with these Sharpe ratios."""
    trial = trial_of(result, NOW)
    made = [made_trial(number, sharpe=ratio, universe=trial.universe) for number, ratio in enumerate(others)]
    found = rules_beside(trial, [*made, trial], result)
    assert found is not None
    return found


def test_the_deflated_sharpe_ratio_follows_from_the_rules(result: bt.BacktestResult) -> None:
    trial, found = trial_of(result, NOW), beside(result, 0.1, 0.9, 0.5)
    years = result.periods_per_year
    assert trial.sharpe is not None
    assert trial.skew is not None
    assert trial.kurtosis is not None
    variance = float(np.var([0.1, 0.9, 0.5, trial.sharpe], ddof=1)) / years
    ratio = trial.sharpe / np.sqrt(years)
    assert found.count == 4
    assert found.deflated == deflated_sharpe(
        ratio, trial.periods, trial.skew, trial.kurtosis, trials=4, variance=variance
    )
    plain = probabilistic_sharpe(
        ratio, trial.periods, trial.skew, trial.kurtosis, threshold=found.best_by_chance / np.sqrt(years)
    )
    assert found.deflated == pytest.approx(float(plain), rel=1e-12)


def test_a_rule_counts_once_by_its_longest_run(result: bt.BacktestResult) -> None:
    trial = trial_of(result, NOW)
    runs = [
        made_trial(1, universe=trial.universe, sharpe=5.0, periods=12),
        made_trial(1, universe=trial.universe, sharpe=0.2),
        made_trial(1, universe=trial.universe, sharpe=9.0, periods=24),
    ]
    assert rules_beside(trial, [*runs, trial, trial], result) == beside(result, 0.2)


def test_other_assets_do_not_count(result: bt.BacktestResult) -> None:
    trial = trial_of(result, NOW)
    assert rules_beside(trial, [made_trial(1, universe="other"), trial], result) == beside(result)


def test_a_rule_without_a_sharpe_ratio_counts(result: bt.BacktestResult) -> None:
    found = beside(result, 0.1, None)
    assert found.count == 3
    assert found.deflated < beside(result, 0.1).deflated


def test_the_first_run_of_a_rule_begins_its_time_out_of_sample(result: bt.BacktestResult) -> None:
    dates = result.returns.index
    first = trial_of(result, dates[-3].to_pydatetime().replace(tzinfo=UTC))
    found = rules_beside(trial_of(result, NOW), [first, trial_of(result, NOW)], result)
    assert found is not None
    assert (found.first_run, found.periods_since) == (dates[-3].date(), 2)
    assert beside(result).periods_since == 0


def test_a_result_that_is_not_in_the_ledger_has_no_answer(result: bt.BacktestResult) -> None:
    assert rules_beside(trial_of(result, NOW), [made_trial(1)], result) is None


def test_runs_are_recorded_in_the_project_of_their_configuration(project: Path, result: bt.BacktestResult) -> None:
    other = project / "inner"
    (other / "configs").mkdir(parents=True)
    (other / "pyproject.toml").touch()
    record_trials([result, replace(result, config_file=str(other / "configs/a.yaml")), result])
    assert [len(TrialLedger(place).read()) for place in (project, other)] == [2, 1]


def test_results_are_answered_one_by_one(
    project: Path, result: bt.BacktestResult, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = replace(result, config_file=str(tmp_path_factory.mktemp("no_project") / "a.yaml"))
    changed = replace(result, settings={"estimation": {"window": 5}})
    record_trials([result, changed, outside])
    found = tried_rules([result, outside, changed])
    assert found[1] is None
    assert [each.count for each in found if isinstance(each, TriedRules)] == [2, 2]
    TrialLedger(project).switch(on=False)
    assert tried_rules([result]) == ["off"]


def test_a_run_that_could_not_be_recorded_has_no_answer(project: Path, result: bt.BacktestResult) -> None:
    (project / ".backtest").touch()
    record_trials([result])
    assert tried_rules([result]) == [None]


def test_running_in_python_records_nothing(project: Path) -> None:
    dates = pd.date_range("2010-01-31", periods=48, freq="ME")
    returns = pd.DataFrame(np.random.default_rng(1).normal(0.01, 0.02, (48, 2)), index=dates, columns=["a", "b"])
    market = bt.MarketData.from_returns(returns, cash=0.0)
    bt.run({"name": "mine", "strategy": "equal_weight", "estimation": {"window": 12}}, market=market)
    assert not (project / ".backtest").exists()
