"""Series of the library: parts in order of preference, each extending the ones before it at both ends."""

from collections.abc import Mapping, Sequence

import pandas as pd

from backtest.data.cache.fetch import together
from backtest.data.dates.spacing import spacing_of
from backtest.data.prepare.library.part_levels import part_level
from backtest.data.prepare.splicing import overlap
from backtest.data.raw_series import RawSeries
from backtest.data.sources.library.recipes import Part, Recipe
from backtest.errors import DataError


def put_together(source: str, recipe: Recipe, fetched: Mapping[Part, Sequence[RawSeries] | DataError]) -> RawSeries:
    """Return a series of the library from the parts that could be fetched.

    The first part is used where it has values. Each later part adds its dates before and after, scaled to the first or
    the last date that both have. Notes state the dates that each part adds and how far it agrees with the parts before
    it. A part that failed, or shares no date with the parts before it, is left out, and a note states the reason.

    Args:
        source: name of the library.
        recipe: recipe of the series.
        fetched: raw series of each part, or the failure of its source.

    Raises:
        DataError: no part can be used.
    """
    level, notes, failures = pd.Series(dtype=float), list[str](), list[DataError]()
    for part in recipe.parts:
        try:
            level, added = _extended(level, part, fetched[part], monthly=recipe.monthly)
        except DataError as failure:
            failures.append(failure)
        else:
            notes += added
    if level.empty:
        raise together(failures)
    if failures:
        reasons = "; ".join(dict.fromkeys(str(failure).partition(" Hint:")[0].rstrip(".") for failure in failures))
        notes.append(f"covers only {_covered(level)}, because parts of the library are missing: {reasons}")
    facts = {"currency": "USD", "model": recipe.method, **({"spot": "true"} if recipe.entry.spot else {})}
    dates = pd.DatetimeIndex(level.index, name="date").as_unit("s")
    values = pd.DataFrame({"level": level.to_numpy(dtype=float)}, index=dates)
    return RawSeries(values, f"{source} {recipe.entry.name}", "levels", notes=tuple(notes), facts=facts)


def _extended(
    level: pd.Series, part: Part, raw: Sequence[RawSeries] | DataError, *, monthly: bool
) -> tuple[pd.Series, list[str]]:
    """Return a level extended by the earlier and later dates of a part, and notes if there are any.

    Raises:
        DataError: the part failed, cannot be used, or shares no date with the level.
    """
    if isinstance(raw, DataError):
        raise raw
    own, caveats = part_level(part, raw, monthly=monthly)
    about = [f"{part}: {caveat}" for caveat in caveats]
    if level.empty:
        return own, [f"{part} from {_covered(own)}", *about]
    shared = level.index.intersection(own.index)
    if shared.empty:
        raise DataError(f"{part}: {_covered(own)}, which has no date in common with {_covered(level)}")
    first, last = shared[0], shared[-1]
    begins, ends = own.index[0] < level.index[0], own.index[-1] > level.index[-1]
    if not (begins or ends):
        return level, []
    before = own[own.index < first] * (level[first] / own[first]) if begins else level[level.index < first]
    after = own[own.index > last] * (level[last] / own[last]) if ends else level[level.index > last]
    spans = " and ".join(_covered(piece) for piece, new in ((before, begins), (after, ends)) if new)
    agreement = overlap(own[shared], level[shared], spacing_of(pd.DatetimeIndex(level.index)).rounded)
    note = f"{part} from {spans}; with the parts before it, {agreement.words(str(part))}"
    return pd.concat([before, level.loc[first:last], after]), [note, *about]


def _covered(level: pd.Series) -> str:
    return f"{level.index[0]:%Y-%m-%d} to {level.index[-1]:%Y-%m-%d}"
