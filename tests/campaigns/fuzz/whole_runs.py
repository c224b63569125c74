"""Runs of `mine.yaml` in the current folder, and what can be wrong with their results."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backtest.analysis.result import BacktestResult
from backtest.config import load_config
from backtest.reporting.files.report_files import json_bytes, tables
from backtest.reporting.files.table_files import csv_bytes
from backtest.runs.pipeline import run
from support.command_line import command

CONFIG = Path("mine.yaml")
_ALWAYS_NUMBERS = ("total_return", "max_drawdown", "average_gross_exposure")
_WITH_REPORT = 25


def problems_of(number: int) -> Callable[[], Iterator[str]]:
    """Return the function that runs the case of a number: one in 25 runs the whole command, which writes a report."""
    return command_problems if number % _WITH_REPORT == 0 else run_problems


def run_problems() -> Iterator[str]:
    """Run the configuration without requests, and yield what is wrong with the result."""
    result = run(load_config(CONFIG), offline=True)
    yield from _of_result(result)
    yield from _of_summary(result.summary())
    json_bytes(result.summary())
    for table in tables(result).values():
        csv_bytes(table)


def command_problems() -> Iterator[str]:
    """Run the whole command, and yield what is wrong with its answer and its report."""
    answer = command("run", CONFIG, "--offline", "--output", "out")
    lines = answer.err.splitlines()
    if "Traceback" in answer.err:
        yield "a traceback is printed"
    if answer.code == 0:
        if not Path("out/tearsheet.html").read_text(encoding="utf-8").rstrip().endswith("</html>"):
            yield "the page is cut"
    elif answer.code not in (2, 3):
        yield f"exit code {answer.code}"
    elif not any(line.startswith("error: ") for line in lines):
        yield "no line says what is wrong"
    elif Path("out").exists():
        yield "a failed run leaves a report"


def _of_result(result: BacktestResult) -> Iterator[str]:
    for name, values in {
        "nav": result.nav,
        "weights": result.weights,
        "target weights": result.target_weights,
        "costs": result.costs,
        "contributions": result.contributions,
    }.items():
        if not np.isfinite(np.asarray(values, dtype=float)).all():
            yield f"{name} that are not finite"


def _of_summary(summary: Mapping[str, Any]) -> Iterator[str]:
    for name in _ALWAYS_NUMBERS:
        if not math.isfinite(summary[name]):
            yield f"summary without {name}"
