"""Series of several calendars onto the dates of one run."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Bools


def align(
    values: pd.DataFrame,
    calendar: Literal["intersection", "union"],
    *,
    everywhere: Sequence[str],
    anywhere: Sequence[str],
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The values on the dates of a run, and what was left out or carried forward for it.

    Args:
        values: (T, k) levels by date, NaN where a series has none.
        calendar: `intersection` keeps a date if every series has a value there that is between its first and its last
            one; `union` keeps it in any case, and carries forward the value before.
        everywhere: the series without which no date is kept.
        anywhere: the series of which one has to be there.

    Returns:
        The values, and a note for each series that made dates be left out, or whose values were carried forward.

    Example:
        >>> dates = pd.date_range("2020-01-01", periods=3)
        >>> both = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, None, 3.0]}, index=dates)
        >>> align(both, "intersection", everywhere=["a", "b"], anywhere=["a"])[1]
        ('1 of 3 dates is left out, which not all series have: b lacks 1',)
        >>> align(both, "union", everywhere=["a", "b"], anywhere=["a"])[0]["b"].tolist()
        [1.0, 1.0, 3.0]
    """
    there = values.notna().to_numpy()
    if there.all():
        return values, ()
    alive = _alive(there)
    names = list(values.columns)
    kept = np.logical_and.reduce(alive[:, [names.index(name) for name in everywhere]], axis=1)
    kept &= np.logical_or.reduce(alive[:, [names.index(name) for name in anywhere]], axis=1)
    kept &= there.any(axis=1)
    lacking = alive & ~there & kept[:, None]
    if calendar == "union":
        filled = values.ffill().where(alive)
        return filled.loc[kept], _carried(names, lacking[kept])
    complete = kept & ~lacking.any(axis=1)
    return values.loc[complete], _left_out(names, lacking, int(kept.sum()))


def _alive(there: Bools) -> Bools:
    """Between the first and the last value of each column, both included."""
    begun = np.logical_or.accumulate(there, axis=0)
    ending = np.logical_or.accumulate(there[::-1], axis=0)[::-1]
    return begun & ending


def _left_out(names: Sequence[str], lacking: Bools, dates: int) -> tuple[str, ...]:
    gone = int(lacking.any(axis=1).sum())
    if not gone:
        return ()
    counts = lacking.sum(axis=0)
    who = ", ".join(
        f"{names[i]} lacks {counts[i]:,}" for i in np.argsort(-counts, kind="stable")[:5].tolist() if counts[i]
    )
    more = int((counts > 0).sum()) - 5
    verb = "is" if gone == 1 else "are"
    others = f", and {more} more series" if more > 0 else ""
    return (f"{gone:,} of {dates:,} dates {verb} left out, which not all series have: {who}{others}",)


def _carried(names: Sequence[str], lacking: Bools) -> tuple[str, ...]:
    notes = []
    for i in np.flatnonzero(lacking.any(axis=0)).tolist():
        count, longest = int(lacking[:, i].sum()), _longest_run(lacking[:, i])
        in_a_row = f", at most {longest} in a row" if longest > 1 else ""
        what = "price is" if count == 1 else "prices are"
        notes.append(f"{names[i]}: {count:,} {what} carried forward (of {len(lacking):,} dates){in_a_row}")
    return tuple(notes)


def _longest_run(flags: Bools) -> int:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return int((edges[1::2] - edges[::2]).max(initial=0))
