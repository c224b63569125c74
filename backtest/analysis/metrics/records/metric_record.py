"""`MetricRecord`: the record of one number of a summary; `Part`: an entry of a summary that is not a single number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from backtest.analysis.metrics.records.run_numbers import RunNumbers

Form = Literal["percent", "percent2", "ratio", "multiple", "count"]
"""Number format, by its name in `reporting.format`; it implies the unit."""

Better = Literal["higher", "lower", "nearest 1"]
"""Direction that an investor prefers."""

Group = Literal[
    "Return", "Risk", "Exposure and trading", "Costs as a fraction of NAV", "Events", "Against the benchmark"
]
"""Heading under which pages list a metric."""

Place = Literal["tearsheet", "comparison", "card", "headline", "compared"]
"""A place that shows a metric.

- `tearsheet`: its group on the page of a run.
- `comparison`: its group among all measures on the page of a comparison.
- `card`: the numbers that open the page of a run, and the headline table on the page of a comparison.
- `headline`: the table of a run in the terminal, in notebooks and in the README.
- `compared`: the table of a comparison in the terminal.
"""

PAGES: frozenset[Place] = frozenset({"tearsheet", "comparison"})
TERMINAL: frozenset[Place] = frozenset({"headline", "compared"})
EVERYWHERE: frozenset[Place] = PAGES | TERMINAL | {"card"}


@dataclass(frozen=True, kw_only=True)
class MetricRecord:
    """One number of `BacktestResult.summary()`: its definition, and where and how it is shown.

    Args:
        key: name in the summary.
        label: name on pages.
        meaning: definition, one sentence.
        form: number format.
        group: heading under which pages list it.
        better: preferred direction, by which comparisons mark the best; None if there is no preference.
        value: function of the run's numbers; NaN if the metric is not defined for the run.
        shown: places that show it.
        terminal_label: name in the tables of the terminal; by default the label.
        listed_below: key of the metric above it on pages; by default the preceding metric of the group in the summary.
        if_any: hidden if it is zero in all columns shown, such as the cost of financing without a loan.
        of_one_period: computed from the returns of single periods, so that it depends on the length of a period.
        below_a_year: part of the summary only for a run of less than a year, which has no rates per year.
    """

    key: str
    label: str
    meaning: str
    form: Form
    group: Group
    better: Better | None
    value: Callable[[RunNumbers], float]
    shown: frozenset[Place] = PAGES
    terminal_label: str = ""
    listed_below: str = ""
    if_any: bool = False
    of_one_period: bool = False
    below_a_year: bool = False

    @property
    def terminal_name(self) -> str:
        """Name in the tables of the terminal."""
        return self.terminal_label or self.label

    @property
    def needs_benchmark(self) -> bool:
        """True if the metric relates a run to its benchmark."""
        return self.group == "Against the benchmark"


@dataclass(frozen=True)
class Part:
    """One entry of a summary that is not a metric: text, a date or a nested table.

    Args:
        key: name in the summary.
        value: function of the run's numbers; its values can be written as JSON.
    """

    key: str
    value: Callable[[RunNumbers], Any]
