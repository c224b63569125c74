"""`OrderTerms`: prices, lots and costs at the last close of a run, from which its orders follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.data.market_data import MarketData
from backtest.engine.terms import Terms
from backtest.numerics.arrays import Floats


@dataclass(frozen=True, eq=False)
class OrderTerms:
    """Prices, lots and costs at the last close of a run. Amounts of money are in its currency.

    Args:
        currency: currency of the run.
        units: (n,) value of a share or of a futures contract; NaN for an asset without one, which is traded in money.
        lots: (n,) smallest number of shares or contracts in an order.
        cost: (n,) cost of an order, fraction of its value.
        impact: (n,) an order of value v also costs this × v^1.5.
        fixed: cost of each order.
        initial_margin: (n,) NAV required, fractions of the value of positions; None without a limit.
        futures: whether positions are futures, for which no cash is paid.
        leverage: exposure per value held: the leverage of the funds that hold the assets, 1 without funds.
    """

    currency: str
    units: Floats
    lots: Floats
    cost: Floats
    impact: Floats
    fixed: float = 0.0
    initial_margin: Floats | None = None
    futures: bool = False
    leverage: float = 1.0

    @classmethod
    def of(cls, data: MarketData, terms: Terms, row: int, settings: Mapping[str, Any]) -> "OrderTerms":
        """Return the terms at a row of the market data.

        Args:
            data: market data of the run.
            terms: terms of the run.
            row: position of the last close.
            settings: the resolved configuration.
        """
        capital = settings.get("initial_capital") or 1.0
        trading, futures, date = terms.trading, terms.futures is not None, data.dates[row]
        units, lots, priced = (
            np.full(len(data.assets), np.nan),
            np.ones(len(data.assets)),
            data.prices.iloc[row].notna(),
        )
        for i, name in enumerate(data.assets):
            quote = data.quotes.get(name)
            if quote is None or terms.fund is not None or not priced.iloc[i]:
                continue
            if futures:  # the value of a contract is known only with its multiplier
                units[i] = quote.price_on(date) * (np.nan if quote.lot is None else quote.lot)
            else:
                units[i], lots[i] = quote.price_on(date), 1.0 if quote.lot is None else quote.lot
        by_row, impact = trading.cost_by_row, trading.impact
        return cls(
            currency=settings.get("data", {}).get("currency", ""),
            units=units,
            lots=lots,
            cost=trading.cost if by_row is None else np.full(len(units), by_row[row]),
            impact=np.zeros(len(units)) if impact is None else impact[row] / np.sqrt(capital),
            fixed=trading.fixed * capital,
            initial_margin=terms.margin.initial,
            futures=futures,
            leverage=1.0 if terms.fund is None else terms.fund.leverage,
        )
