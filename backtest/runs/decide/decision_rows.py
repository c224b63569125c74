"""Rows on which a strategy decides, and a check that its windows cover rows at all."""

from backtest.config import RunConfig
from backtest.config.terms_check import add_places_in
from backtest.data.market_data import MarketData
from backtest.engine.settings.schedule import given_rows, rebalance_rows
from backtest.errors import ConfigError
from backtest.estimation.estimator import too_short
from backtest.strategy.sleeves import sleeves_of


def decision_rows(config: RunConfig, data: MarketData) -> list[int]:
    """Return the positions of the rebalance dates in the data."""
    own = config.strategy.model.decision_dates() if config.rebalance.frequency == "given" else None
    if own is not None:
        return given_rows(data.dates, own)
    return rebalance_rows(data.dates, config.rebalance.frequency, config.rebalance.day)


def check_lengths(config: RunConfig, periods_per_year: int) -> None:
    """Raise `ConfigError` if a window, half-life or other length of time covers too few rows of the data."""
    sections = {"estimation": config.estimation, "strategy": config.strategy.model, "leverage": config.leverage}
    for at, sleeve in sleeves_of(config.strategy.model):
        own = {"estimation": sleeve.estimation, "strategy": sleeve.strategy.model, "leverage": sleeve.leverage}
        sections |= {f"{at}.{name}": settings for name, settings in own.items()}
    given = {name: settings for name, settings in sections.items() if settings is not None}
    lines = [line for name, settings in given.items() for line in too_short(name, settings, periods_per_year)]
    if lines:
        raise add_places_in(ConfigError(*lines), config.file)
