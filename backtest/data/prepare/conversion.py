"""Conversion of series in other currencies to the currency of a run."""

from dataclasses import replace

from backtest.data.preparation import Preparation
from backtest.data.prepare.rates.hedging import hedge


def convert(data: Preparation) -> Preparation:
    """Return the series in the currency of the run, hedged assets with their hedge, and a note on each conversion.

    The level in the run's currency is the product of the level and the exchange rate, so the return is
    (1 + r)(1 + r_fx) - 1. After alignment there is an exchange rate wherever a converted series has a value. Quoted
    rates are not in a table; `build` converts the level of cash that earns them.
    """
    (table,) = data.tables
    values, conversions = table.values, data.conversions
    converted = {name: values[name] * values[fx] for name, fx in conversions.items() if name in values.columns}
    notes = tuple(f"{name}: converted to {data.settings.currency} by {fx}" for name, fx in conversions.items())
    in_run_currency = replace(
        data,
        tables=(replace(table, values=values.assign(**converted)) if converted else table,),
        notes={**data.notes, "conversions": notes},
    )
    return hedge(in_run_currency, values)
