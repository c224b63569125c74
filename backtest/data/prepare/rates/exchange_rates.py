"""Direction of exchange rates."""

from dataclasses import replace

from backtest.data.raw_series import RawSeries
from backtest.errors import DataError


def as_price_of(raw: RawSeries, code: str, run_currency: str, stated: str | None = None) -> RawSeries:
    """Return an exchange rate as the price of one unit of a currency in the currency of the run.

    Values in units of the currency itself, such as 150 yen per dollar, are inverted.

    Args:
        raw: levels; other kinds are returned unchanged.
        code: the currency.
        run_currency: the currency of the run.
        stated: currency of the values, if the settings state it.

    Raises:
        DataError: the source contradicts the settings.

    >>> import pandas as pd
    >>> yen = RawSeries(pd.DataFrame({"level": [160.0]}), "x", "levels", facts={"currency": "JPY", "base": "USD"})
    >>> as_price_of(yen, "JPY", "USD").values["level"].tolist()
    [0.00625]
    """
    if raw.kind != "levels":
        return raw
    facts = dict(raw.facts)
    if stated is not None:
        if facts.get("currency", stated) != stated:
            raise DataError(
                f"{raw.label}: in {facts['currency']}, according to its source; expected {stated}, according to data.fx"
            )
        facts |= {"currency": stated, "base": run_currency if stated == code else code}
    if (facts.get("currency"), facts.get("base")) != (code, run_currency):
        return replace(raw, facts=facts)
    return replace(raw, values=1 / raw.values, facts={"currency": run_currency, "base": code, "inverted": "true"})
