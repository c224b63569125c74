"""The live page: controls, the growth of the run, and rows of numbers, which its script keeps up to date."""

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.analysis.result import BacktestResult
from backtest.reporting.display_names import run_title
from backtest.reporting.pages.page_file import render


def render_live(
    result: BacktestResult, controls: Sequence[Any], numbers: Sequence[str], path: Mapping[str, Any], file: str
) -> str:
    """Return the live page as HTML.

    Args:
        result: result of the configured run.
        controls: the controls, with the attributes of `live.controls.Control`.
        numbers: keys of the metrics in its rows.
        path: what the server answers for the configured run.
        file: name of the configuration's file; empty without one.
    """
    sides = [("strategy", result), *([("benchmark", result.benchmark)] if result.benchmark else [])]
    live = {
        "controls": [vars(control) | {"choices": list(control.choices)} for control in controls],
        "numbers": [{"key": key, "form": BY_KEY[key].form} for key in numbers],
        "benchmark": "" if result.benchmark is None else run_title(result.benchmark),
    }
    return render(
        "server/live_page.html.j2",
        data={"charts": {"growth": path["chart"]}, "crises": path["crises"], "tables": {}, "live": live},
        name=result.name,
        title=run_title(result),
        config=file or result.name,
        can_save=bool(file),
        controls=controls,
        numbers=[BY_KEY[key] for key in numbers],
        sides=[{"key": key, "name": run_title(side), "colour": key, "growth": True} for key, side in sides],
        charts={"growth": path["chart"]},
    )
