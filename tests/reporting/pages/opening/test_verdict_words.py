"""First sentences of a tearsheet against the numbers of the run."""

import pytest

from backtest.reporting.format import percent, ratio
from backtest.reporting.pages.chance_words import p_value
from backtest.reporting.pages.opening.verdict_words import alarms_in_words, lead_in_words
from support.builders.synthetic_result import synthetic_result


def test_the_lead_is_the_difference_of_the_numbers_shown() -> None:
    result = synthetic_result(60, gross=1.5, seed=2)
    summary = result.summary()
    other = summary["benchmark"]
    words = lead_in_words(result, summary)
    assert words.startswith(percent(abs(summary["cagr"] - other["cagr"])).rstrip("%") + " points a year ")
    assert percent(abs(summary["volatility"] - other["volatility"])).rstrip("%") + " points " in words
    assert f"a Sharpe ratio of {ratio(summary['sharpe'])} against {ratio(other['sharpe'])}" in words
    assert words.endswith(f"chance (p-value {p_value(other['differences']['sharpe']['p_value'])}).")


@pytest.mark.parametrize(("p", "found"), [(0.01, "is more than chance"), (0.2, "may be chance")])
def test_chance_is_judged_by_the_p_value(p: float, found: str) -> None:
    result = synthetic_result(60, seed=2)
    summary = result.summary()
    summary["benchmark"]["differences"]["sharpe"]["p_value"] = p
    assert f"a difference that {found} (p-value" in lead_in_words(result, summary)


def test_without_a_benchmark_or_events_nothing_is_said() -> None:
    result = synthetic_result(30, benchmark=False)
    assert (lead_in_words(result, result.summary()), alarms_in_words(result)) == ("", "")


def test_ruin_is_said_with_its_date() -> None:
    result = synthetic_result(20, ruined=True, gross=3.0)
    assert "All capital was lost on " in alarms_in_words(result)
