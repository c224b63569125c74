"""Every metric of the registry is checked by the independent simulator, or names the test that checks it."""

import re
from pathlib import Path

import pytest

from backtest.analysis.metrics.metric_registry import METRICS
from support.agreement.checked_metrics import AGAINST_BENCHMARK, BELOW_A_YEAR, OF_A_RUN, REASONS

TESTS = Path(__file__).parents[1]


def test_every_metric_has_an_oracle_or_a_reason() -> None:
    """A new metric fails here until it has one of the two; a removed metric fails until it is taken off the lists."""
    checked = [*OF_A_RUN, *BELOW_A_YEAR, *AGAINST_BENCHMARK, *REASONS]
    assert sorted(checked) == sorted(metric.key for metric in METRICS)


@pytest.mark.parametrize("reason", sorted(set(REASONS.values())))
def test_every_test_named_in_a_reason_exists(reason: str) -> None:
    for name in re.findall(r"test_\w+\.py", reason):
        assert list(TESTS.rglob(name)), name
