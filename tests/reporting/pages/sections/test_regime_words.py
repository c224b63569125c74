"""The page shows each regime with its interval, and says whether the clearest difference may be chance."""

import numpy as np
import pandas as pd
import pytest

from backtest.analysis import BacktestResult
from backtest.reporting.format import MISSING, interval
from backtest.reporting.pages.sections.regime_words import regimes_in_words
from support.builders.synthetic_result import synthetic_result

COLUMNS = ["months", "return", "volatility", "sharpe", "low", "high", "p_value"]


def section(monkeypatch: pytest.MonkeyPatch, rows: dict[tuple[str, str], list[float]]) -> dict[str, object] | None:
    """Return the section of a table."""
    index = pd.MultiIndex.from_tuples(list(rows), names=["kind", "regime"])
    table = pd.DataFrame(list(rows.values()), index=index, columns=COLUMNS)
    monkeypatch.setattr(BacktestResult, "regimes", lambda result: table)
    return regimes_in_words(synthetic_result(24))


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        (0.045, "may be chance (p-value 0.045, and 0.090 after correction for 2 tests)."),
        (0.01, "is more than chance (p-value 0.010, and 0.020 after correction for 2 tests)."),
    ],
)
def test_the_clearest_difference_is_corrected_for_all_kinds(
    monkeypatch: pytest.MonkeyPatch, p: float, verdict: str
) -> None:
    found = section(
        monkeypatch,
        {
            ("cash rate", "falling"): [100, 0.05, 0.1, 0.5, -0.5, 1.5, 0.8],
            ("cash rate", "rising"): [90, 0.05, 0.1, 0.4, -0.4, 1.2, 0.8],
            ("volatility", "high"): [80, 0.01, 0.2, 0.0, -0.5, 0.5, p],
            ("volatility", "low"): [20, 0.09, 0.1, 1.0, np.nan, np.nan, p],
        },
    )
    assert found is not None
    start = (
        "The Sharpe ratio differs most clearly by volatility: 0.00 if it is high, 1.00 if it is low; the difference "
    )
    assert found["sentence"] == start + verdict
    rows = found["rows"]
    assert isinstance(rows, list)
    assert [row["marks"] for row in rows] == [[0.0, 50.0, 100.0], [5.0, 45.0, 85.0], [0.0, 25.0, 50.0], None]
    assert [row["span"] for row in rows] == [
        *[interval(ends, "ratio", 2) for ends in ((-0.5, 1.5), (-0.4, 1.2), (-0.5, 0.5))],
        MISSING,
    ]
    assert found["zero"] == 25.0


def test_few_months_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    row = [10, 0.01, 0.2, 0.3, np.nan, np.nan, np.nan]
    found = section(monkeypatch, {("volatility", "high"): row, ("volatility", "low"): row})
    assert found is not None
    assert found["sentence"] == "The regimes have too few months to be told apart."
    assert section(monkeypatch, {("volatility", "high"): [1, 0.01, *[np.nan] * 5]}) is None


@pytest.mark.parametrize("result", [synthetic_result(8), synthetic_result(40, periods_per_year=4)])
def test_short_runs_and_long_periods_have_no_section(result: BacktestResult) -> None:
    assert regimes_in_words(result) is None
