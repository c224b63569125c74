"""All-Weather portfolio, with the weights of the article."""

from pydantic import Field

from backtest.strategy import Weights

from .sixty_forty import SixtyForty


class AllWeather(SixtyForty):
    """Fixed weights: 30 % equities, 55 % bonds, 15 % commodities and gold. Without leverage, its risk is not balanced.

    Definitions: docs/conventions/strategies.md#fixed-weights

    Args:
        weights: fractions of NAV by asset class, split equally within a class, or by asset; the rest is cash.
    """

    weights: Weights = Field(default_factory=lambda: {"equities": 0.30, "bonds": 0.55, "commodities": 0.15})
