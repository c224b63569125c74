"""Benchmarks that need no file: a strategy or a series by name, and fixed weights."""

import re
from collections.abc import Mapping
from typing import Any

_INHERITED = ("data", "initial_capital", "estimation", "rebalance", "costs", "financing")
_OF_OTHER_ASSETS = ("classes", "splice", "opens", "volumes")  # settings of `data` that name the assets of the run
_LARGEST = 1e9  # weight in a name: larger ones, which may be beyond double precision, are refused as weights
_FIXED = "sixty_forty"  # the strategy of fixed weights


def is_weights(given: Any) -> bool:
    """Return whether a benchmark is given as weights by asset or class.

    >>> is_weights({"equities": 0.6, "bonds": 0.4}), is_weights({"strategy": "erc"}), is_weights({})
    (True, False, False)
    """
    return (
        isinstance(given, Mapping)
        and bool(given)
        and all(isinstance(weight, int | float) and not isinstance(weight, bool) for weight in given.values())
    )


def strategy_benchmark(name: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a benchmark that is a strategy, on the data, schedule and terms of the run.

    Args:
        name: name of the strategy.
        run: settings of the run.
    """
    return {**_inherited(run), "name": name, "strategy": {"name": name}}


def weights_benchmark(weights: Mapping[str, float], run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a benchmark of fixed weights, by asset or class, rebalanced as the run is.

    >>> weights_benchmark({"equities": 0.6, "bonds": 0.4}, {"data": {}, "leverage": {"multiple": 2}})["name"]
    '60 equities + 40 bonds'
    """
    shown = {name: 100 * max(-_LARGEST, min(_LARGEST, weight)) for name, weight in weights.items()}
    words = " + ".join(f"{percent:g} {name}" for name, percent in shown.items())
    return {**_inherited(run), "name": _as_name(words), "strategy": {"name": _FIXED, "weights": dict(weights)}}


def series_benchmark(name: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a benchmark that holds one series, which need not be an asset of the run."""
    settings = _inherited(run)
    data = settings.get("data")
    if isinstance(data, Mapping):
        assets = data.get("assets")
        held = assets[name] if isinstance(assets, Mapping) and name in assets else None
        kept = {key: value for key, value in data.items() if key not in _OF_OTHER_ASSETS}
        settings["data"] = {**kept, "assets": [name] if held is None else {name: held}}
    return {**settings, "name": _as_name(name), "costs": {}, "strategy": {"name": _FIXED, "weights": {name: 1.0}}}


def _inherited(run: Mapping[str, Any]) -> dict[str, Any]:
    inherited = {name: run[name] for name in _INHERITED if name in run}
    rebalance = inherited.get("rebalance")
    if isinstance(rebalance, Mapping) and rebalance.get("frequency") == "given":  # the dates of the run's own strategy
        inherited["rebalance"] = {name: value for name, value in rebalance.items() if name != "frequency"}
    return inherited


def _as_name(words: str) -> str:
    """Return words as the name of a run: other characters become underscores."""
    return re.sub(r"[^\w .+-]", "_", words)[:100].lstrip(" .+-") or "benchmark"
