"""Every shipped strategy with its settings, and a market to ask it in."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from backtest.config import load_config
from backtest.data.market_data import load
from backtest.runs import plan as planning
from backtest.strategy import MarketView, Strategy
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.discovery import strategy_files
from support.builders.market_files import dates_of, random_levels, write_config, write_csv
from support.strategies.needed_settings import NEEDED

CONFIGS = Path(__file__).parents[3] / "configs"
STRATEGIES = sorted(strategy_files(CONFIGS))
"""All that the project ships, found as its configurations find them."""
SETTINGS: dict[str, list[dict[str, Any]]] = {
    **NEEDED,
    "levered_erc": [{}, {"target_volatility": "benchmark"}],
    "minimum_variance": [{}, {"max_weight": 0.6}],
    "hierarchical_risk_parity": [{}, {"linkage": "ward"}],
    "erc_expected_shortfall": [
        {"window": 20, "level": 0.75},
        {"window": 20, "level": 0.75, "distribution": "gaussian"},
    ],
}
"""Settings, the defaults or others, under which a strategy reads something else of its view or needs less history."""
ASKED = [(name, settings) for name in STRATEGIES for settings in SETTINGS.get(name, [{}])]
CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities", "eafe": "equities"}
VOLATILITIES = [0.16, 0.06, 0.15, 0.3, 0.2]


def market() -> pd.DataFrame:
    """Prices of five assets, and cash, on 120 business days."""
    rng = np.random.default_rng(11)
    dates = dates_of("daily", 120, rng)
    levels = random_levels(dates, [*VOLATILITIES, 0.002], rng)
    return pd.DataFrame(levels, index=dates, columns=[*CLASSES, "bills"])


def configuration(folder: Path, name: str, settings: dict[str, Any], **data: Any) -> Path:
    """Write the configuration of a strategy and a 60/40 benchmark on `market.csv` in the folder."""
    shared: dict[str, Any] = {
        "data": {
            "source": "csv",
            "path": "market.csv",
            "cash": "bills",
            "assets": list(CLASSES),
            "classes": CLASSES,
            **data,
        },
        "estimation": {"window": 20},
        "costs": {"trading_bps": 10},
        "financing": {"spread_bps": 50},
        "rebalance": {"frequency": "weekly"},
    }
    write_config(folder / "benchmark.yaml", **shared, strategy={"name": "sixty_forty"})
    return write_config(folder / "run.yaml", **shared, strategy={"name": name, **settings}, benchmark="benchmark.yaml")


def run(folder: Path, prices: pd.DataFrame, name: str, settings: dict[str, Any], **data: Any) -> bt.BacktestResult:
    write_csv(prices, folder / "market.csv")
    return bt.run(configuration(folder, name, settings, **data))


def asked(folder: Path, name: str, settings: dict[str, Any]) -> tuple[Strategy, ViewBatch]:
    """Return a strategy and its views on all rebalance dates of a run."""
    if not (folder / "market.csv").exists():
        write_csv(market(), folder / "market.csv")
    config = load_config(configuration(folder, name, settings))
    assert config.benchmark is not None
    data = load(config.data, folder)
    benchmark = planning.Plan.of(config.benchmark, load(config.benchmark.data, folder))
    plan = planning.Plan.of(config, data, benchmark)
    return config.strategy.model, plan.views(plan.agenda.rows[plan.first :])


def views_of(strategy: Strategy, batch: ViewBatch) -> list[MarketView]:
    """Return new views of all dates, with some holdings for a strategy that reads its current weights."""
    held = np.linspace(0.3, 0.1, len(CLASSES)) if strategy.reads_current_weights else None
    return [batch.view(k, held) for k in range(len(batch.rows))]
