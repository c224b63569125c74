"""Calls of the Python interface: odd frames of prices, overrides by dotted names, grids, and studies of many runs."""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from backtest.config import RunConfig
from campaigns.fuzz.fuzz_case import Case
from campaigns.fuzz.odd_values import odd_value
from campaigns.fuzz.schema_values import drawn

_STRATEGIES = ("erc", "inverse_volatility", "equal_weight", "levered_erc", "hierarchical_risk_parity", "odd")
_OF_STRATEGIES = ("strategy", "strategy.name", "strategy.max_weight", "strategy.target_volatility", "strategy.x", "")
_SECTIONS = ("estimation", "leverage", "rebalance", "costs", "financing", "fees", "report", "benchmark", "start", "end")

Frame = pd.DataFrame
Act = Callable[[], Iterator[str]]


def study_case(seed: int, number: int) -> Case:
    """Return the call of a case."""
    rng = random.Random(f"study {seed} {number}")
    given, how = _market(rng)
    config: dict[str, Any] = {"strategy": rng.choice(_STRATEGIES[:4]), "estimation": {"window": 12}}
    overrides = {name: _value(name, rng) for name in _names(rng, rng.choice((0, 1, 1, 2)))}
    kind = rng.choice(("run", "prepare", "sweep", "walk_forward", "robustness", "monte_carlo", "compare"))
    settings = _settings(kind, rng)

    def act() -> Iterator[str]:
        market = getattr(bt.MarketData, how)(given, cash=0.02)
        yield from _ACTS[kind](config, overrides, settings, market)

    shown = f"{given.dtypes.tolist()} {given.to_numpy()[:3]!r}" if isinstance(given, pd.DataFrame) else repr(given)
    return Case({}, act, f"{kind} {config} {overrides} {settings}\n{how} {shown}"[:4000])


def _market(rng: random.Random) -> tuple[Any, str]:
    """Return a frame of 60 months and the constructor that takes it; every fifth frame is odd."""
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0.004, 0.02, (60, 3))
    frame = pd.DataFrame(noise, pd.date_range("2010-01-31", periods=60, freq="ME"), ["a", "b", "c"])
    how = rng.choice(("from_prices", "from_prices", "from_returns"))
    if how == "from_prices":
        frame = 100 * (1 + frame).cumprod()
    return (rng.choice(_ODD_FRAMES)(frame, rng) if rng.random() < 0.2 else frame), how


_ODD_FRAMES: tuple[Callable[[Frame, random.Random], Any], ...] = (
    lambda frame, rng: frame.mask(np.random.default_rng(rng.randrange(99)).random(frame.shape) < 0.1),
    lambda frame, rng: frame * rng.choice((0, -1, 1e300, 1e-300, np.nan, np.inf)),
    lambda frame, rng: frame.astype(rng.choice(("str", "object", "float16", "complex", "int64"))),
    lambda frame, _: frame.iloc[::-1],
    lambda frame, rng: frame.iloc[: rng.choice((0, 1, 2, 13))],
    lambda frame, _: frame.reset_index(drop=True),
    lambda frame, _: frame.set_axis(["a", "a", "a"], axis=1),
    lambda frame, rng: frame.set_axis([odd_value(rng) for _ in range(3)], axis=1),
    lambda frame, _: pd.concat([frame, frame]),
    lambda frame, _: frame.tz_localize("Asia/Tokyo"),
    lambda frame, _: pd.concat({"Close": frame}, axis=1),
    lambda frame, _: frame.to_numpy(),
    lambda frame, _: frame["a"],
    lambda frame, rng: odd_value(rng),
    lambda frame, _: frame.T,
)


@cache
def _schema() -> Mapping[str, Any]:
    return RunConfig.model_json_schema()


@cache
def _leaves() -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of each setting, by dotted name."""
    schema = _schema()
    found: dict[str, Mapping[str, Any]] = {}

    def add(place: str, inner: Mapping[str, Any], depth: int) -> None:
        found[place] = inner
        options = [inner, *inner.get("anyOf", ()), *inner.get("oneOf", ())]
        for option in options:
            known = schema["$defs"].get(option.get("$ref", "").rpartition("/")[2], option)
            for name, part in known.get("properties", {}).items() if depth < 2 else ():
                add(f"{place}.{name}", part, depth + 1)

    for section in _SECTIONS:
        add(section, schema["$defs"]["RunConfig"]["properties"].get(section, {}), 0)
    return found


def _names(rng: random.Random, count: int) -> list[str]:
    """Return dotted names, now and then of no setting."""
    return [rng.choice(_OF_STRATEGIES) if rng.random() < 0.1 else rng.choice(tuple(_leaves())) for _ in range(count)]


def _value(name: str, rng: random.Random) -> Any:
    """Return a value that the schema of a setting allows, or an odd one."""
    if rng.random() < 0.25 or name not in _leaves():
        return rng.choice(_STRATEGIES) if name.startswith("strategy") and rng.random() < 0.5 else odd_value(rng)
    return drawn(_leaves()[name], rng, _schema()["$defs"])


def _settings(kind: str, rng: random.Random) -> dict[str, Any]:
    """Return what a study is given in addition to a configuration."""
    if kind in {"sweep", "walk_forward"}:
        names = ["estimation.window"] if rng.random() < 0.4 else []
        names += _names(rng, rng.choice((0, 1, 1, 2)))
        values: dict[str, Any] = {
            name: [_value(name, rng) for _ in range(rng.choice((0, 1, 2, 3)))] if rng.random() < 0.9 else odd_value(rng)
            for name in names
        }
        if "estimation.window" in values and rng.random() < 0.7:
            values["estimation.window"] = [12, 24]
        window = {"window": 24, "every": "yearly"} if rng.random() < 0.7 else {"window": odd_value(rng)}
        return {"vary": values, "walk_forward": window}
    if kind == "monte_carlo":
        whole = {"years": rng.choice((1, 2)), "paths": rng.choice((1, 3))}
        odd = {rng.choice(("years", "paths", "block", "seed")): odd_value(rng)} if rng.random() < 0.3 else {}
        return whole | {name: value for name, value in odd.items() if not _is_many(value)}
    return {}


def _is_many(value: Any) -> bool:
    """Return whether a number of paths would take the machine's memory, which is what was asked for."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 100


def _run(config: Any, overrides: Any, _: Any, market: Any) -> Iterator[str]:
    result = bt.run(config, overrides, market=market)
    yield from _not_finite("nav", result.nav)
    _ = result.summary(), repr(result), result.headline()


def _prepare(config: Any, overrides: Any, _: Any, market: Any) -> Iterator[str]:
    prepared = bt.prepare(config, market=market)
    plain = prepared.run()
    changed = prepared.run(overrides)
    yield from _not_finite("nav", changed.nav)
    if not np.array_equal(prepared.run().nav, plain.nav):
        yield "a changed setting stays"


def _sweep(config: Any, overrides: Any, settings: Any, market: Any) -> Iterator[str]:
    found = bt.sweep(config, settings["vary"], overrides, market=market, workers=1)
    runs = found.frame
    if not np.isfinite(runs.loc[runs["error"].isna(), "max_drawdown"]).all():
        yield "a run without numbers or an error"
    _ = found.notes, repr(found), found.chance


def _walk_forward(config: Any, overrides: Any, settings: Any, market: Any) -> Iterator[str]:
    result = bt.walk_forward(config, settings["walk_forward"], settings["vary"], overrides, market=market)
    yield from _not_finite("nav", result.nav)


def _robustness(config: Any, overrides: Any, _: Any, market: Any) -> Iterator[str]:
    found = bt.robustness(config, overrides, market=market)
    yield from _not_finite("nav", found.nav)
    _ = found.sentence, found.ranges()


def _monte_carlo(config: Any, overrides: Any, settings: Any, market: Any) -> Iterator[str]:
    found = bt.monte_carlo(config, overrides, market=market, **settings)
    yield from _not_finite("nav", found.nav)
    _ = found.sentence, found.table, found.fan


def _compare(config: Any, overrides: Any, _: Any, market: Any) -> Iterator[str]:
    found = bt.compare([bt.run(config, market=market), bt.run(config, overrides, market=market)])
    _ = found.summary(), repr(found)
    yield from ()


_ACTS = {
    "run": _run,
    "prepare": _prepare,
    "sweep": _sweep,
    "walk_forward": _walk_forward,
    "robustness": _robustness,
    "monte_carlo": _monte_carlo,
    "compare": _compare,
}


def _not_finite(name: str, values: Any) -> Iterator[str]:
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        yield f"{name} that are not finite"
