"""Conformance suites for users' own strategies, estimators, metrics and sources.

    def test_my_strategy():
        bt.testing.check_strategy(MyStrategy)

Each suite is a list of rules, which are functions that raise `BrokenRule`. The shipped classes follow the same rules.
"""

from backtest.errors import BrokenRule
from backtest.testing.check_estimator import check_estimator
from backtest.testing.check_metric import check_metric
from backtest.testing.check_source import check_source
from backtest.testing.check_strategy import check_strategy

__all__ = ["BrokenRule", "check_estimator", "check_metric", "check_source", "check_strategy"]
