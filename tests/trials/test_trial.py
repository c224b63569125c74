"""A rule is all that can change its returns, except the data, and nothing else."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from backtest.trials.trial import Trial, rule_hash, trial_of, universe_of
from support.builders.synthetic_result import synthetic_result

NOW = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "name": "erc",
    "data": {"assets": ["a", "b"], "cache": "data_cache", "max_age": "1d", "offline": False, "timeout": 60.0},
    "report": {"quantstats": False},
    "estimation": {"window": 36},
    "benchmark": {"name": "60_40", "report": {}, "data": {"cache": "data_cache", "assets": ["a"]}},
}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"title": "Another name"},
        {"report": {"quantstats": True}},
        {"data": {**SETTINGS["data"], "cache": "x", "max_age": "7d", "offline": True, "timeout": 5.0}},
        {"benchmark": {"name": "b", "report": {"quantstats": True}, "data": {"assets": ["a"]}}},
        {"benchmark": [SETTINGS["benchmark"], {"name": "a chart's line"}]},
        dict(reversed(SETTINGS.items())),
    ],
)
def test_what_cannot_change_returns_is_not_part_of_the_rule(changed: dict[str, Any]) -> None:
    assert rule_hash({**SETTINGS, **changed}) == rule_hash(SETTINGS)


@pytest.mark.parametrize(
    "changed",
    [{"estimation": {"window": 37}}, {"start": "2000-01-01"}, {"data": {"assets": ["a", "c"]}}, {"benchmark": None}],
)
def test_what_can_change_returns_is_part_of_the_rule(changed: dict[str, Any]) -> None:
    assert rule_hash({**SETTINGS, **changed}) != rule_hash(SETTINGS)


def test_own_code_is_part_of_the_rule_wherever_it_is_but_own_metrics_are_not() -> None:
    rule = rule_hash(SETTINGS, {"/home/a/strategies/mine.py": "1f"})
    assert rule == rule_hash(SETTINGS, {"/home/b/strategies/mine.py": "1f", "/home/b/metrics/calmness.py": "2e"})
    assert rule not in {rule_hash(SETTINGS), rule_hash(SETTINGS, {"/home/a/strategies/mine.py": "3d"})}


def test_the_order_of_assets_is_not_part_of_the_universe() -> None:
    assert universe_of(["b", "a"]) == universe_of(["a", "b"]) == "a, b"


def test_a_trial_has_the_numbers_of_its_result() -> None:
    result = synthetic_result()
    trial, summary = trial_of(result, NOW), result.summary()
    assert trial.sharpe == summary["sharpe"]
    assert (str(trial.start), str(trial.end), trial.periods) == (summary["start"], summary["end"], summary["periods"])
    assert trial.name == result.name
    excess = result.excess_returns.to_numpy()
    units = (excess - excess.mean()) / excess.std()
    assert trial.skew == pytest.approx((units**3).mean(), rel=1e-12)
    assert trial.kurtosis == pytest.approx((units**4).mean(), rel=1e-12)


def test_numbers_that_are_undefined_are_null_in_the_ledger() -> None:
    given = {"time": NOW, "name": "a", "rule": "0" * 64, "universe": "a", "start": date(2000, 1, 1)}
    given |= {"end": date(2001, 1, 1), "periods": 12, "periods_per_year": 12, "skew": None, "kurtosis": None}
    assert '"sharpe":null' in Trial(**given, sharpe=None).model_dump_json()
    with pytest.raises(ValidationError, match="finite number"):
        Trial(**given, sharpe=float("nan"))
