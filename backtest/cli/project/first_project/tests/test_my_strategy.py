"""Tests of the strategy my_strategy."""

from pathlib import Path

import backtest as bt

CONFIG = Path(__file__).parents[1] / "configs" / "my_strategy.yaml"


def test_all_of_nav_is_invested_without_shorts() -> None:
    """The weights of each decision are positive and add up to 1, up to rounding."""
    weights = bt.run(CONFIG).target_weights
    assert (weights > 0).all(axis=None)
    assert (weights.sum(axis=1) - 1).abs().max() < 1e-12


def test_decisions_do_not_depend_on_later_data() -> None:
    """A run that ends earlier makes the same decisions."""
    whole, part = bt.run(CONFIG), bt.run(CONFIG, {"data.end": "2000-12-31"})
    decided = part.target_weights
    assert decided.equals(whole.target_weights.loc[decided.index])
