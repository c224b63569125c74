"""`Sweep`: the runs of a sweep with their settings and numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.config.grid.points import ABSENT, Points
from backtest.data.market_data import MarketData
from backtest.errors import ConfigError
from backtest.runs.pipeline import data_settings_of, run_on
from backtest.runs.steps import Steps
from backtest.sweeps.sweep_chance import Chance, chance_of, looked_at
from backtest.sweeps.sweep_numbers import MOMENTS, NUMBERS, GroupNumbers


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Runs of a configuration with varied settings.

    Args:
        config: the configuration.
        points: the varied settings of each run.
        numbers: numbers of each run.
        steps: the steps of its runs.
        market: market data in place of the `data` sections.
    """

    config: RunConfig
    points: Points
    numbers: GroupNumbers
    steps: Steps
    market: MarketData | None = None

    def __repr__(self) -> str:
        return f"<Sweep {self.config.name}, {len(self):,} runs>"

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row for each run: its settings by dotted name, its numbers, its dates, and its error if it failed.

        Numbers are the same as in `BacktestResult.headline`, to the last bit; NaN for a run that failed. A setting that
        does not apply to a run is missing.
        """
        return frame_of(self.points, self.numbers)

    def settings(self, run: int) -> dict[str, Any]:
        """Return the varied settings of a run by dotted name.

        Raises:
            ConfigError: there is no such run.
        """
        if isinstance(run, bool) or not isinstance(run, int | np.integer) or not 0 <= run < len(self):
            raise ConfigError(f"run: got {run!r}; expected a row of the frame, 0 to {len(self) - 1}")
        return self.points.overrides(int(run))

    def result(self, run: int) -> BacktestResult:
        """Run one of the runs again, in full.

        Raises:
            BacktestError: the run fails, or there is no such run.
        """
        config = load_config(self.config, self.settings(run), data=data_settings_of(self.market))
        return run_on(config, self.steps)

    @cached_property
    def chance(self) -> Chance | None:
        """Effect of the search on the best run; None if no run has a Sharpe ratio.

        At most a hundred runs are made again, to see how similar they are.
        """
        runs = looked_at(self.numbers)
        if not len(runs):
            return None
        results = [self.result(int(run)) for run in runs]
        returns = np.column_stack([result.excess_returns for result in results])
        benchmark = results[0].benchmark
        return chance_of(self.numbers, returns, None if benchmark is None else benchmark.excess_returns.to_numpy())

    def best(self, by: str = "sharpe", count: int = 10) -> pd.DataFrame:
        """Return the best runs by a number, best first; ties in the order of the sweep.

        Raises:
            ConfigError: there is no such number.
        """
        check_number(by)
        metric = BY_KEY[by]
        ordered = self.frame.dropna(subset=[by]).sort_values(by, ascending=metric.better == "lower", kind="stable")
        return ordered.head(count)

    @property
    def failed(self) -> int:
        """Number of runs that failed."""
        return len(self.numbers.errors)

    @property
    def notes(self) -> list[str]:
        """Notes on runs that failed, and on runs that cover other dates than the rest."""
        notes = []
        if self.failed:
            run, reason = next(iter(sorted(self.numbers.errors.items())))
            notes.append(f"{self.failed:,} of {len(self):,} runs failed; the first, run {run}: {reason}")
        begins = np.unique(self.numbers.dates[:, 0])
        begins = begins[~np.isnat(begins)]
        if len(begins) > 1:
            notes.append(
                f"runs begin between {begins[0]} and {begins[-1]}, so their numbers are of different periods; "
                f"start: {begins[-1]} makes them comparable"
            )
        return notes


def check_number(name: str) -> None:
    """Raise `ConfigError` if runs have no such number."""
    if name not in NUMBERS:
        raise ConfigError(f"by: got {name!r}; expected one of {', '.join(NUMBERS)}")


def frame_of(points: Points, numbers: GroupNumbers) -> pd.DataFrame:
    """Return the frame of some runs; see `Sweep.frame`."""
    codes = points.codes[numbers.runs]
    columns: dict[str, Any] = {
        name: _column(values, codes[:, at]) for at, (name, values) in enumerate(points.values.items())
    }
    columns |= {name: numbers.numbers[:, at] for at, name in enumerate((*NUMBERS, *MOMENTS))}
    columns |= {"first_date": numbers.dates[:, 0], "last_date": numbers.dates[:, 1], "periods": numbers.periods}
    columns["periods_per_year"] = numbers.per_year
    columns["error"] = pd.array([numbers.errors.get(k) for k in range(len(numbers.runs))], dtype="string")
    return pd.DataFrame(columns, index=pd.Index(numbers.runs, name="run"))


def _column(values: Sequence[Any], codes: np.ndarray[Any, Any]) -> Any:
    """Return the values of a setting by run: numbers as they are, everything else as text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if ABSENT in codes:
            return np.array([*values, np.nan])[codes]
        return np.array(values)[codes]
    texts = [text_of(value) for value in values]
    distinct = list(dict.fromkeys(texts))  # the same text may be the value of several codes
    places = np.array([*(distinct.index(text) for text in texts), ABSENT])
    return pd.Categorical.from_codes(places[codes], categories=pd.Index(distinct))


def text_of(value: Any) -> str:
    """Return a value of a setting as text.

    >>> text_of("3Y"), text_of({"absolute": 0.05}), text_of(None), text_of(["gold", "bonds"])
    ('3Y', 'absolute: 0.05', 'none', 'gold, bonds')
    """
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text_of(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))
    return value if isinstance(value, str) else json.dumps(value, default=str)
