"""A subclass of any shipped strategy that overrides `target_weights` alone is asked by it, whatever it inherits."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtest.strategy.discovery import strategy_files
from support.strategies.needed_settings import NEEDED
from support.strategies.own_strategies import run_own

SHIPPED = sorted(strategy_files(Path(__file__).parents[2] / "configs"))
SETTINGS: dict[str, dict[str, Any]] = {
    "erc_expected_shortfall": {"window": 20, "level": 0.75},
    **{name: settings[0] for name, settings in NEEDED.items()},
}


HALF = """
from {module} import {base}
class Mine({base}):
    '''Half of it.'''
    def target_weights(self, view):
        return super().target_weights(view) / 2
"""


def class_of(name: str) -> str:
    found = re.search(
        r"^class (\w+)", (Path(__file__).parents[2] / "strategies" / f"{name}.py").read_text(), re.MULTILINE
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", SHIPPED)
def test_half_of_a_shipped_strategy_holds_half_of_it(tmp_path: Path, name: str) -> None:
    settings = SETTINGS.get(name, {})
    whole = run_own(tmp_path, None, {"name": name, **settings})
    code = HALF.format(module=f"backtest.strategies.{name}", base=class_of(name))
    half = run_own(tmp_path, code, {"name": "mine", **settings})
    # up to the rounding of weights near 1, as sums are taken date by date or for all dates together
    np.testing.assert_allclose(2 * half.target_weights, whole.target_weights, rtol=0, atol=1e-12)


BY_OTHER_WAYS = {
    "a mixin": """
class Halved:
    def target_weights(self, view):
        return super().target_weights(view) / 2
class Mine(Halved, LeveredERC):
    '''Half of it.'''
    target_volatility: float = 0.05
""",
    "a subclass of a subclass": """
class _Half(LeveredERC):
    '''Half of it.'''
    target_volatility: float = 0.05
    def target_weights(self, view):
        return super().target_weights(view) / 2
class Mine(_Half):
    '''The same.'''
""",
    "both methods": """
class Mine(LeveredERC):
    '''Half of it.'''
    target_volatility: float = 0.05
    def target_weights(self, view):
        return super().target_weights(view) / 2
    def target_weights_many(self, views):
        return super().target_weights_many(views) / 2
""",
    "below an own method of many": """
class _Whole(LeveredERC):
    '''As it is.'''
    target_volatility: float = 0.05
    def target_weights_many(self, views):
        return super().target_weights_many(views)
class Mine(_Whole):
    '''Half of it.'''
    def target_weights(self, view):
        return super().target_weights(view) / 2
""",
    "one that asks a stack of one": """
class _Whole(Strategy):
    '''As it is, by a stack of one.'''
    def target_weights(self, view):
        return pd.Series(self.target_weights_many(MarketViews([view]))[0], index=list(view.assets))
    def target_weights_many(self, views):
        return LeveredERC(target_volatility=0.05).target_weights_many(views)
class Mine(_Whole):
    '''Half of it.'''
    def target_weights(self, view):
        return super().target_weights(view) / 2
""",
}


@pytest.mark.parametrize("way", BY_OTHER_WAYS)
def test_half_is_half_however_the_class_is_built(tmp_path: Path, way: str) -> None:
    whole = run_own(tmp_path, None, {"name": "levered_erc", "target_volatility": 0.05})
    half = run_own(tmp_path, BY_OTHER_WAYS[way])
    np.testing.assert_allclose(2 * half.target_weights, whole.target_weights, rtol=0, atol=1e-12)
