"""Fixed weights by asset class or by asset."""

from collections.abc import Mapping

import pandas as pd

from backtest.errors import StrategyError


def spread_over_classes(
    weights: Mapping[str, float],
    assets: tuple[str, ...],
    classes: Mapping[str, str],
    universe: tuple[str, ...] | None = None,
) -> pd.Series:
    """Weights by class, each split equally over the class's assets; or weights by asset, as they are.

    Args:
        weights: fraction of NAV by class, or by asset; never both.
        assets: the assets that may be held; what belongs to others stays in cash.
        classes: class of each asset of the run that has one.
        universe: every asset of the run; by default `assets`.

    Returns:
        Fraction of NAV by asset, for those of `assets` that `weights` reaches.

    Raises:
        StrategyError: a name is neither an asset nor a class, or both kinds are mixed.

    Example:
        >>> classes = {"us": "equities", "eu": "equities", "bund": "bonds"}
        >>> spread_over_classes({"equities": 0.6, "bonds": 0.4}, ("us", "eu", "bund"), classes).tolist()
        [0.3, 0.3, 0.4]
    """
    known = set(universe or assets)
    by_asset = [name for name in weights if name in known]
    if len(by_asset) == len(weights):
        return pd.Series({name: weights[name] for name in weights if name in assets}, dtype=float)
    groups = sorted(set(classes.values()))
    strange = [name for name in weights if name not in groups and name not in known]
    if strange:
        have = f"classes: {', '.join(groups) or 'none'}; assets: {', '.join(sorted(known))}"
        raise StrategyError(f"{', '.join(strange)}: neither a class nor an asset of this run ({have})")
    if by_asset:
        raise StrategyError(f"{', '.join(by_asset)} is an asset and the others are classes; expected one kind")
    members = {group: [name for name in assets if classes.get(name) == group] for group in weights}
    return pd.Series(
        {name: weights[group] / len(names) for group, names in members.items() for name in names}, dtype=float
    )
