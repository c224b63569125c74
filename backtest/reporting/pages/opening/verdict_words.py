"""First sentences of a tearsheet: the lead over the benchmark, whether it may be chance, and what went wrong."""

from collections.abc import Mapping
from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.analysis.uncertainty.differences import Difference
from backtest.reporting.display_names import run_title
from backtest.reporting.format import count, day, is_missing, percent, ratio
from backtest.reporting.pages.chance_words import differences_in_words, p_value, verdict


def lead_in_words(result: BacktestResult, summary: Mapping[str, Any]) -> str:
    """Return the difference from the benchmark and whether it may be chance; empty without a benchmark.

    Args:
        result: result of a run.
        summary: its summary.
    """
    if result.benchmark is None:
        return ""
    other, name = summary["benchmark"], run_title(result.benchmark)
    key, unit = ("cagr", " a year") if result.whole_year else ("total_return", "")
    words = f"{_points(summary[key], other[key], unit)} return than {name}"
    if not is_missing(summary["volatility"]) and not is_missing(other["volatility"]):
        words += f", with {_points(summary['volatility'], other['volatility'], '')} volatility"
    if is_missing(summary["sharpe"]) or is_missing(other["sharpe"]):
        return f"{words}."
    words += f" and a Sharpe ratio of {ratio(summary['sharpe'])} against {ratio(other['sharpe'])}"
    p = other["differences"]["sharpe"]["p_value"]
    return f"{words}." if is_missing(p) else f"{words}, a difference that {_is(p)} (p-value {p_value(p)})."


def differences_from_benchmark(result: BacktestResult, summary: Mapping[str, Any]) -> str:
    """Return all tested differences from the benchmark in words; empty without a benchmark."""
    if result.benchmark is None:
        return ""
    found = {name: Difference(**one) for name, one in summary["benchmark"]["differences"].items()}
    return differences_in_words(
        f"Against {run_title(result.benchmark)}", found, summary["periods"] / summary["periods_per_year"]
    )


def alarms_in_words(result: BacktestResult) -> str:
    """Return margin calls, scaled-down targets and ruin in one or two sentences; empty without such events."""
    events = result.events["event"]
    calls, scaled = int(events.isin(["margin_call", "answered_call"]).sum()), int((events == "scaled_down").sum())
    counted = [
        f"{count(number)} {name if number == 1 else plural}"
        for number, name, plural in (
            (calls, "margin call", "margin calls"),
            (scaled, "target scaled down", "targets scaled down"),
        )
        if number
    ]
    sentences = [f"{' and '.join(counted)}."] if counted else []
    ruin = events.index[events == "ruin"]
    if len(ruin):
        sentences.append(f"All capital was lost on {day(ruin[0])}.")
    return " ".join(sentences)


def _points(value: float, other: float, unit: str) -> str:
    size = percent(abs(value - other)).rstrip("%")
    return f"{size} points{unit} {'more' if value >= other else 'less'}"


def _is(p: float) -> str:
    found = verdict(p)
    return found if found.startswith("may") else f"is {found}"
