"""Trials for tests of the ledger."""

from datetime import UTC, date, datetime
from typing import Any

from backtest.trials.trial import Trial, rule_hash


def made_trial(number: int, **changes: Any) -> Trial:
    """Return the trial of one of many rules on the same assets, run one after the other."""
    usual: dict[str, Any] = {
        "time": datetime(2026, 11, 12, 10, number % 60, tzinfo=UTC),
        "name": f"rule {number}",
        "rule": rule_hash({"window": number}),
        "universe": "bonds, stocks",
        "start": date(2000, 1, 31),
        "end": date(2020, 1, 31),
        "periods": 240,
        "periods_per_year": 12,
        "sharpe": 0.4 + 0.01 * number,
        "skew": -0.5,
        "kurtosis": 4.0,
    }
    return Trial(**{**usual, **changes})
