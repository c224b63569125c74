"""Configurations: from YAML to a frozen `RunConfig`, every mistake with its place."""

from backtest.config.load_config import load_config
from backtest.config.run_config import RunConfig, StrategyChoice

__all__ = ["RunConfig", "StrategyChoice", "load_config"]
