"""Values that are left out: on dates that the settings exclude, and unusable prices outside the dates of the run."""

from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import are_between
from backtest.data.preparation import Preparation
from backtest.data.raw_series import RawSeries
from backtest.errors import DataError
from backtest.numerics.arrays import Bools

_PAID = ("dividends", "capital_gains")


def exclude(data: Preparation) -> Preparation:
    """Return the series without the dates that the settings exclude, and a note on each series with such dates.

    A price that is not above zero is left out too if it is outside the dates of the run, which it cannot concern.

    Raises:
        DataError: the settings exclude dates of something that is not a series of the run.
    """
    settings, names = data.settings, [spec.name for spec in data.series.aligned]
    strange = sorted(set(settings.exclude) - set(names))
    if strange:
        raise DataError(f"data.exclude: {', '.join(strange)}: not a series of the run; it has {', '.join(names)}")
    raw, notes = dict(data.raw), []
    for spec in data.series.aligned:
        dates = pd.DatetimeIndex(raw[spec].values.index)
        given = pd.DatetimeIndex(settings.exclude.get(spec.name, ()))
        wrong = np.asarray(dates.isin(given))
        if len(given):
            notes.append(f"{spec.name}: {', '.join(given.strftime('%Y-%m-%d'))} excluded, as data.exclude asks")
        if raw[spec].kind in ("closes", "levels"):
            prices = raw[spec].values.iloc[:, 0].to_numpy()
            wrong |= ~are_between(dates, settings.start, settings.end) & (prices <= 0)
        if wrong.any():
            raw[spec] = _without(raw[spec], wrong)
    return replace(data, raw=raw, notes={**data.notes, "excluded": tuple(notes)})


def _without(raw: RawSeries, wrong: Bools) -> RawSeries:
    """Return a series without some rows; a row with a payment stays, without its close."""
    paid = np.zeros(len(wrong), dtype=bool)
    for column in set(_PAID) & set(raw.values.columns):
        paid |= np.nan_to_num(raw.values[column].to_numpy()) > 0
    keep = ~wrong | paid
    values = raw.values.copy()
    values.iloc[np.flatnonzero(wrong & paid), 0] = np.nan
    places = [raw.places[row] for row in np.flatnonzero(keep).tolist()] if raw.places else ()
    return replace(raw, values=values[keep], places=places)
