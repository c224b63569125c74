"""Page of a sweep: what chance does to the best run, maps of the settings, and a table of all runs, in one file."""

import json
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.analysis.selection.setting_effects import neighbours, setting_effects
from backtest.numerics.arrays import Floats, Ints
from backtest.reporting.format import TERMINAL, count, percent, ratio
from backtest.reporting.pages.page_file import render

MOST_BYTES = 8_000_000
"""Size of the runs inside a page; of a larger sweep only the best runs are embedded."""

_BINS = 40
_LIKELY, _HALF = 0.95, 0.5
_FLAT, _STEEP = 0.25, 0.75  # losses beside the lead over the median run that make a plateau and a spike


@dataclass(frozen=True)
class SweptSetting:
    """A setting that a sweep varies.

    Args:
        name: dotted name.
        values: its distinct values, as JSON values.
        texts: the values as text.
        codes: (R,) position of each run's value, -1 where the setting does not apply.
        ordered: whether neighbouring values are one step apart.
        configured: position of the configuration's own value; None if it is not among them, or not known.
    """

    name: str
    values: Sequence[Any]
    texts: Sequence[str]
    codes: Ints
    ordered: bool
    configured: int | None = None


@dataclass(frozen=True)
class SweptRuns:
    """Runs of a sweep, as its page shows them.

    Args:
        name: name of the configuration.
        settings: the varied settings.
        metrics: (R,) numbers by key of the metric; NaN for a run that failed. The first one ranks the runs.
        errors: messages of failed runs by position.
        dates: first and last date of the runs, in words.
        chance: `Chance` as a mapping; empty if no run has a Sharpe ratio.
        benchmark: name of the benchmark; empty without one.
        notes: sentences for the top of the page.
        command: start of the command that runs one of the runs; empty if no command can run them.
    """

    name: str
    settings: Sequence[SweptSetting]
    metrics: Mapping[str, Floats]
    errors: Mapping[int, str]
    dates: str
    chance: Mapping[str, Any]
    benchmark: str
    notes: Sequence[str]
    command: str


def sweep_page(runs: SweptRuns, *, most_bytes: int = MOST_BYTES) -> str:
    """Return the page of a sweep as HTML, in one file without external addresses.

    Args:
        runs: the runs.
        most_bytes: size of the embedded runs; beyond it the best runs are embedded, and the page says so.
    """
    shown = [key for key, values in runs.metrics.items() if np.isfinite(values).any()]
    kept = _kept(runs, most_bytes)
    codes = np.column_stack([setting.codes for setting in runs.settings])
    total = len(codes)
    effects = _effects(runs, codes, shown)
    metrics = [_metric(runs, key, codes, kept) | {"effects": found} for key, found in zip(shown, effects, strict=True)]
    return render(
        "sweep.html.j2",
        data={
            "runs": _packed(kept.astype("<u4")),
            "total": total,
            "settings": [_setting(setting, kept) for setting in runs.settings],
            "metrics": metrics,
            "errors": {str(run): text for run, text in runs.errors.items() if len(kept) == total},
            "chance": runs.chance.get("by_chance"),
            "command": runs.command,
            "name": runs.name,
        },
        script="templates/sweep.js",
        library=False,
        runs=runs,
        total=total,
        kept=len(kept),
        metrics=metrics,
        cards=_cards(runs, codes),
        verdict=verdict_of(runs.chance, runs.benchmark) if runs.chance else [],
    )


def verdict_of(chance: Mapping[str, Any], benchmark: str = "") -> list[str]:
    """Return what chance does to the best run: a sentence, and its numbers.

    Args:
        chance: see `SweptRuns`.
        benchmark: name of the benchmark.
    """
    likely, over, luck = chance["deflated"] >= _LIKELY, chance["overfitting"], chance["luck"]
    doubts = [f"its lead over {benchmark} may be luck"] if luck >= 1 - _LIKELY else []
    doubts += ["past results do not tell which of these runs is best next"] if over >= _HALF else []
    first = "The best run beats cash by more than chance" if likely else "Chance alone may explain the best run"
    first += f", {'but' if likely else 'and'} {' and '.join(doubts)}" if doubts else ""
    if chance["trials"] == 1:
        return [f"{first}.", f"The only run has a Sharpe ratio of {ratio(chance['sharpe'])}; nothing was chosen."]
    rules = _counted(chance["independent"], "independent rule")
    rest = (
        f"The best of {count(chance['trials'])} runs has a Sharpe ratio of {ratio(chance['sharpe'])}; the best of "
        f"{rules} without any merit is expected to have {ratio(chance['by_chance'])}."
    )
    if not math.isnan(luck):
        rest += f" Luck gives such a lead over {benchmark} in {percent(luck, 0)} of histories."
    if not math.isnan(over):
        rest += f" The best of one half of the history is below the median of the other in {percent(over, 0)} of cases."
    return [f"{first}.", rest]


def _cards(runs: SweptRuns, codes: Ints) -> list[tuple[str, str, str]]:
    """Return label, value and explanation of the numbers at the top."""
    cards = [("Runs", count(len(codes)), f"{count(len(runs.errors))} failed" if runs.errors else "")]
    if not runs.chance:
        return cards
    found = runs.chance
    near = runs.metrics["sharpe"][neighbours(codes, [each.ordered for each in runs.settings], found["best"])]
    near = near[np.isfinite(near)]
    needed = found["years_needed"]
    told = f"{count(math.ceil(needed))} years tell it from chance" if math.isfinite(needed) else "not above chance"
    luck = [("Reality check", percent(found["luck"], 0), f"chance of such a lead over {runs.benchmark}")]
    return [
        *cards,
        ("Best Sharpe ratio", ratio(found["sharpe"]), f"run {found['best']}"),
        ("Median of its neighbours", ratio(float(np.median(near)) if len(near) else None), _counted(len(near), "run")),
        ("Best by chance", ratio(found["by_chance"]), told),
        ("Independent trials", count(found["independent"]), "by the correlation of returns"),
        ("Deflated Sharpe ratio", percent(found["deflated"]), "probability of a true ratio above 0"),
        ("Probability of overfitting", percent(found["overfitting"], 0), "best of one half below the median"),
        *(luck if math.isfinite(found["luck"]) else ()),
    ]


def _kept(runs: SweptRuns, most_bytes: int) -> Ints:
    """Return the runs that are embedded, in the order of the sweep."""
    ranked = next(iter(runs.metrics.values()))
    each = 4 * (1 + len(runs.metrics)) + sum(_code_type(setting).itemsize for setting in runs.settings)
    varied = sum(len(json.dumps(setting.values)) for setting in runs.settings)
    most = max(1, int((most_bytes - varied) / (each * 4 / 3)))
    if len(ranked) <= most:
        return np.arange(len(ranked))
    order = np.argsort(np.where(np.isnan(ranked), np.inf, -ranked), kind="stable")
    return np.sort(order[:most])


def _setting(setting: SweptSetting, kept: Ints) -> dict[str, Any]:
    """Return a setting as the script of the page reads it, which writes numbers itself."""
    number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in setting.values)
    return {
        "name": setting.name,
        "label": label_of(setting.name),
        "values": list(setting.values),
        "texts": None if number else list(setting.texts),
        "number": number,
        "configured": setting.configured,
        "bytes": _code_type(setting).itemsize,
        "codes": _packed((setting.codes[kept] + 1).astype(_code_type(setting))),
    }


def label_of(name: str) -> str:
    """Return the label of a setting.

    >>> label_of("estimation.window"), label_of("costs.trading_bps"), label_of("strategy")
    ('Estimation: window', 'Costs: trading bps', 'Strategy')
    """
    words = name.replace("_", " ").split(".")
    return ": ".join([words[0].capitalize(), *words[1:]])


def _metric(runs: SweptRuns, key: str, codes: Ints, kept: Ints) -> dict[str, Any]:
    """Return a metric with its values, its best run and the runs beside it, and its distribution over all runs."""
    record, values = BY_KEY[key], runs.metrics[key]
    best = int(np.nanargmin(values) if record.better == "lower" else np.nanargmax(values))
    near = neighbours(codes, [each.ordered for each in runs.settings], best)
    near = near[np.isfinite(values[near])]
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=_BINS)
    return {
        "key": key,
        "label": record.label,
        "meaning": record.meaning,
        "form": record.form,
        "better": record.better,
        "values": _packed(values[kept].astype("<f4")),
        "best": [best, float(values[best])],
        "near": [[int(run), *codes[run].tolist(), float(values[run])] for run in near],
        "bestCodes": codes[best].tolist(),
        "words": plateau_words(float(values[best]), values[near], float(np.median(finite)), key),
        "histogram": {"low": float(edges[0]), "high": float(edges[-1]), "counts": counts.tolist()},
    }


def _effects(runs: SweptRuns, codes: Ints, shown: Sequence[str]) -> list[list[list[list[float]]]]:
    """Return the effects of each setting by metric, as value, base, pairs, median and the ends of the interval."""
    measured = np.array([runs.metrics[key] for key in shown]).reshape(-1, len(codes))
    by_setting = [setting_effects(codes, at, measured, setting.configured) for at, setting in enumerate(runs.settings)]
    return [[[list(astuple(effect)) for effect in found[k]] for found in by_setting] for k in range(len(shown))]


def plateau_words(best: float, near: Floats, median: float, key: str) -> str:
    """Return whether the best run is on a plateau, in words.

    Args:
        best: its number.
        near: the numbers of the runs one step away.
        median: the number of the median run of the sweep.
        key: the metric.
    """
    write = TERMINAL[BY_KEY[key].form]
    if not len(near):
        return "No run is one step away from this one, so there is nothing to compare it with."
    beside, lead = float(np.median(near)), abs(best - median)
    loss = abs(best - beside) / lead if lead > 0 else 0.0
    kind = "On a plateau" if loss <= _FLAT else "A spike" if loss >= _STEEP else "On a slope"
    runs = "the run one step away has" if len(near) == 1 else f"the {len(near)} runs one step away have a median of"
    return f"{kind}: {runs} {write(beside)}, beside {write(best)} here and {write(median)} of the median run."


def _counted(number: int, what: str) -> str:
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def _code_type(setting: SweptSetting) -> np.dtype[Any]:
    """Return the type of codes from 0, which stands for no value."""
    return np.min_scalar_type(len(setting.values)).newbyteorder("<")


def _packed(values: np.ndarray[Any, Any]) -> str:
    """Return an array as little-endian bytes in base64, a third of the size of its digits."""
    return b64encode(np.ascontiguousarray(values).tobytes()).decode()
