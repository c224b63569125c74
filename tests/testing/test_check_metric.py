"""The conformance suite of metrics accepts honest classes, and each rule catches a class that breaks it."""

import itertools

import pytest

import backtest as bt
from support.builders.synthetic_result import synthetic_result

COUNT = itertools.count()


class Won(bt.Metric):
    """Share of periods with a gain."""

    def value(self, result: bt.BacktestResult) -> float:
        """Return the share."""
        return float((result.returns > 0).mean())


class Chance(Won):
    """Another value each time."""

    def value(self, result: bt.BacktestResult) -> float:  # noqa: ARG002
        """Return a count."""
        return float(next(COUNT))


class Rebased(Won):
    """A value of a result that this changes."""

    def value(self, result: bt.BacktestResult) -> float:
        """Change the returns."""
        result.returns.iloc[:] = 0.0
        return super().value(result)


class Untold(Won):  # noqa: D101 - this is what it breaks
    def value(self, result: bt.BacktestResult) -> float:
        """Return the share."""
        return super().value(result)


class Needing(Won):
    """Periods in which a benchmark gains, which not every result has."""

    def value(self, result: bt.BacktestResult) -> float:
        """Fail on the benchmark, which has none itself."""
        return super().value(result.benchmark)  # type: ignore[arg-type]


class AgainstBenchmark(Needing):
    """The same, for results with a benchmark alone."""

    group = "Against the benchmark"


@pytest.mark.parametrize(
    ("metric", "rule", "words"),
    [
        (Chance, "same_result_same_value", "another value when it is asked again"),
        (Rebased, "same_result_same_value", "it changes returns of the result; expected a copy"),
        (Needing, "same_result_same_value", "AttributeError"),
        (Untold, "pages_can_show_it", "Untold has no docstring"),
    ],
)
def test_a_metric_that_breaks_a_rule_is_caught(metric: type[bt.Metric], rule: str, words: str) -> None:
    result = synthetic_result()
    with pytest.raises(
        bt.testing.BrokenRule, match=rf"^{metric.__name__}: .*{words}.*\. Rule: .*check_metric\.{rule}$"
    ):
        bt.testing.check_metric(metric, result)


def test_honest_metrics_pass() -> None:
    bt.testing.check_metric(Won)
    bt.testing.check_metric(AgainstBenchmark(), synthetic_result(4))
