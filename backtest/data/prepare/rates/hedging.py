"""Currency hedges: forwards on the value of an asset, renewed each period."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.data.exchange_rate import ExchangeRate
from backtest.data.preparation import Preparation
from backtest.data.prepare.rates.cash_returns import cash_returns, simple_returns
from backtest.errors import DataError
from backtest.numerics.arrays import Floats


def hedged_returns(returns: Floats, fx_returns: Floats, cash: Floats, foreign_cash: Floats, hedge: float) -> Floats:
    """Return the returns of an asset in another currency whose value is sold forward for a period.

    h = (1 + r)(1 + s) - 1 + w ((1 + c) / (1 + c*) - (1 + s))

    At the beginning of each period the part w of the asset's value is sold forward. By covered interest parity the
    forward price of the currency is its spot price times (1 + c) / (1 + c*), so the hedge earns the difference of the
    two cash rates and loses the move of the currency. What the asset earns in the period is not hedged.

    MSCI Hedged Indexes Methodology has the same formula with forwards of one month.

    Args:
        returns: (T,) r, in the currency of the asset, decimal per period; NaN gives NaN.
        fx_returns: (T,) s, of the price of the currency in the currency of the run.
        cash: (T,) c, in the currency of the run.
        foreign_cash: (T,) c*, in the currency of the asset.
        hedge: w, from 0 to 1.

    An asset at rest in a currency that falls by 10 % earns the difference of the cash rates:

    >>> [zero, fall, two, one] = [np.array([rate]) for rate in (0.0, -0.1, 0.02, 0.01)]
    >>> hedged_returns(zero, fall, two, one, 1.0).round(6).tolist()
    [0.009901]
    """
    hedged: Floats = (1 + returns) * (1 + fx_returns) - 1 + hedge * ((1 + cash) / (1 + foreign_cash) - 1 - fx_returns)
    return hedged


def hedge(data: Preparation, local: pd.DataFrame) -> Preparation:
    """Return the assets in hedged currencies with the levels of their hedged returns, and a note on each.

    Args:
        data: preparation with one table of aligned levels in the currency of the run.
        local: the same levels, each in its own currency.

    Raises:
        DataError: an asset is also cash or the loan rate, or loses more than its value.
    """
    hedges = {code: rate for code, rate in data.settings.fx.items() if isinstance(rate, ExchangeRate) and rate.hedge}
    names = {spec.name: code for spec in data.series.priced if (code := data.currencies.get(spec.name, "")) in hedges}
    idle = [f"data.fx.{code}.hedge has no effect: no asset is in {code}" for code in set(hedges) - set(names.values())]
    notes = {**data.notes, "conversions": (*data.notes["conversions"], *_notes(names, hedges), *sorted(idle))}
    if not names:
        return replace(data, notes=notes)
    (table,) = data.tables
    both = [spec.name for spec in data.series.interest if spec.name in names]
    if both:
        raise DataError(f"data.fx: {both[0]} is an asset to be hedged and a cash or loan rate; expected one of them")
    cash = cash_returns(data, data.settings.cash, data.series.cash)
    in_own_currency = replace(data, tables=(replace(table, values=local),), conversions={})
    foreign = {
        code: cash_returns(in_own_currency, rate.cash, data.series.foreign_cash.get(code))
        for code, rate in hedges.items()
        if rate.cash is not None
    }
    levels = {}
    for name, code in names.items():
        fx = simple_returns(local[data.conversions[name]].to_numpy(dtype=float))
        own = simple_returns(local[name].to_numpy(dtype=float))
        returns = hedged_returns(own, fx, cash, foreign[code], hedges[code].hedge or 0.0)
        levels[name] = _level(name, table.values[name], returns)
    return replace(data, tables=(replace(table, values=table.values.assign(**levels)),), notes=notes)


def _level(name: str, converted: pd.Series, returns: Floats) -> Floats:
    """Return the level of hedged returns, which begins at the first converted level."""
    lost = np.flatnonzero(returns <= -1)
    if lost.size:
        raise DataError(f"{name}: the hedged position loses everything on {converted.index[lost[0]]:%Y-%m-%d}")
    has_value = converted.notna().to_numpy()
    growth: Floats = np.where(has_value, np.cumprod(1 + np.nan_to_num(returns)), np.nan)
    first = int(has_value.argmax())
    level: Floats = growth / growth[first] * converted.iloc[first]
    return level


def _notes(names: Mapping[str, str], hedges: Mapping[str, ExchangeRate]) -> list[str]:
    parts = {code: f"{100 * (rate.hedge or 0.0):g} %" for code, rate in hedges.items()}
    terms = "of its value is sold forward from date to date, at the difference of the two cash rates"
    return [f"{name}: hedged, {parts[code]} {terms}" for name, code in names.items()]
