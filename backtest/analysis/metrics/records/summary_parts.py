"""Parts of a summary that are not metrics: names and dates of the run, and nested tables."""

from dataclasses import asdict
from typing import Any

from backtest.analysis.attribution.levered_return import levered_return_terms
from backtest.analysis.attribution.return_attribution import linked_attribution
from backtest.analysis.metrics.ex_ante import by_class
from backtest.analysis.metrics.records.metric_record import Part
from backtest.analysis.metrics.records.run_numbers import RunNumbers, iso, numbers
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns
from backtest.analysis.tables.crises import in_crises
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED
from backtest.analysis.uncertainty.confidence import MEASURES, confidence
from backtest.analysis.uncertainty.differences import differences


def _attribution(run: RunNumbers) -> dict[str, Any]:
    """Linked attribution by asset, class and source; CAGR gross, net, real; the terms of a run that had a loan."""
    result = run.result
    linked, count = linked_attribution(result), len(result.assets)
    assets = linked.iloc[:count]
    return {
        "assets": numbers(assets),
        "classes": numbers(by_class(assets.to_frame().T, result.classes).iloc[0]),
        **numbers(linked.iloc[count:]),
        "cagr": dict(run.growth),
        **({"levered_return": numbers(levered_return_terms(result))} if result.loan.any() else {}),
    }


def _crises(run: RunNumbers) -> list[dict[str, Any]]:
    """Return and drawdown in each crisis that the dates cover completely."""
    return [
        {
            "name": crisis.crisis.name,
            "start": iso(crisis.crisis.start),
            "end": iso(crisis.crisis.end),
            "first": iso(crisis.first),
            "last": iso(crisis.last),
            "return": float(crisis.returns.iloc[0]),
            "drawdown": float(crisis.drawdowns.iloc[0]),
        }
        for crisis in in_crises(run.result.nav.to_frame())
    ]


def _confidence(run: RunNumbers) -> dict[str, Any]:
    """Intervals of four metrics as [low, high] or None, with the reason, and what they are drawn from."""
    years = run.years if run.whole_year else None
    drawn = confidence(run.returns, run.excess, years, run.periods_per_year)
    intervals = {key: getattr(drawn, key) for key in MEASURES}
    return {
        "level": LEVEL,
        "draws": drawn.draws,
        "seed": SEED,
        "spells_probability": drawn.clustering,
        "half_life_periods": drawn.half_life,
        "decimals": dict(drawn.decimals),
        "missing": dict(drawn.missing),
        **{key: None if ends is None else list(ends) for key, ends in intervals.items()},
    }


def _differences(run: RunNumbers) -> dict[str, dict[str, float]]:
    """Differences from the benchmark in three measures, with their tests and the years needed to tell them."""
    found = differences(run.excess, run.against.excess, run.periods_per_year)
    return {measure: asdict(difference) for measure, difference in found.items()}


RUN: tuple[Part, ...] = (
    Part("name", lambda run: run.result.name),
    Part("strategy", lambda run: run.result.strategy),
    Part("start", lambda run: iso(run.result.nav.index[0])),
    Part("end", lambda run: iso(run.result.nav.index[-1])),
    Part("periods", lambda run: len(run.returns)),
    Part("periods_per_year", lambda run: run.periods_per_year),
)

TABLES: tuple[Part, ...] = (
    Part("attribution", _attribution),
    Part("latest_target_weights", lambda run: numbers(run.result.allowed_targets.iloc[-1])),
    Part("calendar_years", lambda run: numbers(calendar_returns(run.result.nav, 1)[YEAR])),
    Part("worst_drawdowns", lambda run: run.worst_drawdowns),
    Part("crises", _crises),
    Part("confidence", _confidence),
)

AGAINST: tuple[Part, ...] = (Part("differences", _differences),)
