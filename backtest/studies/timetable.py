"""`Timetable`: the dates on which a walk-forward decides and chooses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.config.grid.load_walk_forward import LoadedWalkForward
from backtest.config.grid.walk_forward_settings import WalkForwardSettings
from backtest.engine.settings.schedule import Frequency, rebalance_rows
from backtest.errors import ConfigError
from backtest.estimation.estimator import window_rows
from backtest.runs.plan import Plan


@dataclass(frozen=True)
class Choice:
    """One choice, by rows of the data; all ends are included.

    Args:
        position: position among the decisions of the first that follows the choice.
        window: first and last row of NAV that the choice looks at.
        held: rows of the close before the first trade of this choice, and before the first trade of the next one.
    """

    position: int
    window: tuple[int, int]
    held: tuple[int, int]


@dataclass(frozen=True)
class Timetable:
    """Dates of a walk-forward.

    Args:
        first_trade: first date of the path.
        rows: rows of its decisions.
        choices: its choices; the last is held to the end of the data.
    """

    first_trade: pd.Timestamp
    rows: Sequence[int]
    choices: Sequence[Choice]

    @classmethod
    def of(cls, loaded: LoadedWalkForward, plan: Plan, begin: pd.Timestamp) -> "Timetable":
        """Return the dates of a walk-forward among candidates with NAV from a date on.

        A choice is made with the first decision on or after the end of each calendar period, at the close of that
        decision, and with the first decision of the path.

        Raises:
            ConfigError: the history is too short for a window, an embargo and a trade.
        """
        settings, dates = loaded.settings, plan.data.dates
        earliest = int(dates.searchsorted(begin)) + _lengths(loaded, plan)
        scheduled = np.searchsorted(plan.agenda.rows, _period_ends(dates, settings.every))
        possible = [plan.agenda.rows[k] for k in scheduled if k < len(plan.agenda.rows)]
        row = next((row for row in possible if row >= earliest), len(dates)) + plan.lag - plan.at_opens
        start = loaded.sweep.config.start
        if start is not None:
            asked = int(dates.searchsorted(pd.Timestamp(start)))
            if asked >= len(dates) - 1:
                raise ConfigError(f"start: {start} is not before the last date of the data, {dates[-1]:%Y-%m-%d}")
            row = asked if asked - plan.lag + plan.at_opens >= earliest else row
        if row >= len(dates) - 1:
            raise _too_short(loaded, dates, begin)
        first_trade = dates[row]
        agenda, first = plan.beginning(first_trade)
        rows = agenda.rows[first : first + 1 if plan.config.rebalance.frequency == "never" else None]
        at = {0, *(list(rows).index(chosen) for chosen in possible if chosen in rows)}
        return cls(first_trade, rows, _choices(settings, plan, sorted(at), rows, begin))


def _choices(
    settings: WalkForwardSettings, plan: Plan, positions: Sequence[int], rows: Sequence[int], begin: pd.Timestamp
) -> list[Choice]:
    per_year, last = plan.data.periods_per_year, len(plan.data.dates) - 1
    window, embargo = (window_rows(length, per_year) for length in (settings.window, settings.embargo))
    trades = [min(rows[position] + plan.lag - plan.at_opens, last) for position in positions]
    earliest = int(plan.data.dates.searchsorted(begin))
    choices = []
    for position, held in zip(positions, zip(trades, [*trades[1:], last], strict=True), strict=True):
        end = rows[position] - embargo
        choices.append(Choice(position, (earliest if settings.expanding else end - window, end), held))
    return choices


def _period_ends(dates: pd.DatetimeIndex, every: Frequency) -> list[int]:
    """Return the rows at which calendar periods end; the last date counts if no business day follows in its period."""
    rows = rebalance_rows(dates, every)
    period = {"monthly": "M", "quarterly": "Q", "yearly": "Y"}[every]
    complete = (dates[-1] + pd.offsets.BusinessDay()).to_period(period) != dates[-1].to_period(period)
    return rows if complete else rows[:-1]


def _lengths(loaded: LoadedWalkForward, plan: Plan) -> int:
    """Return the number of periods before the first choice."""
    settings, per_year = loaded.settings, plan.data.periods_per_year
    window = window_rows(settings.window, per_year)
    if window < 2:
        raise loaded.error("window", f"{settings.window} is {window} of the data's periods; expected 2 or more")
    return window + window_rows(settings.embargo, per_year)


def _too_short(loaded: LoadedWalkForward, dates: pd.DatetimeIndex, begin: pd.Timestamp) -> ConfigError:
    settings = loaded.settings
    gap = f" and an embargo of {settings.embargo}" if settings.embargo else ""
    return loaded.error(
        "window",
        f"a window of {settings.window}{gap} leaves no date to choose on; all candidates have NAV from "
        f"{begin:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}. Hint: a shorter window, or earlier data",
    )
