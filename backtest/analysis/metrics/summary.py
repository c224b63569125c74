"""The headline numbers of a result, as they stand in `summary.json`."""

from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.attribution.levered_return import levered_return_terms
from backtest.analysis.attribution.return_attribution import compound_growth, linked_attribution
from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.metrics import performance
from backtest.analysis.metrics.ex_ante import by_class, diversification
from backtest.analysis.metrics.forecasts import forecast_accuracy
from backtest.analysis.metrics.realised_risk import realised_risk_contributions
from backtest.analysis.metrics.smoothing import adjusted_volatility, autocorrelation
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns, drawdown_lengths
from backtest.analysis.tables.crises import in_crises
from backtest.analysis.tables.events import counts_of_events
from backtest.analysis.tables.holdings import capital_and_risk
from backtest.analysis.uncertainty.bootstrap import LEVEL, SEED
from backtest.analysis.uncertainty.confidence import confidence
from backtest.numerics.arrays import Floats
from backtest.risk import percentage_contributions


def summarise(result: RunRecord) -> dict[str, Any]:
    """All headline numbers of a result, and under `benchmark` those of its benchmark and of the two together.

    Decimals; rates per year. Costs and turnover a year are Σ(cost_t / NAV_{t-1}) / years. A number that is not defined
    is NaN, a date None. A run of less than a year has no CAGR, Calmar ratio, alpha or costs a year, but the sums of its
    costs and turnover, `turnover`, `trading_cost` and so on. What has more than one number is nested: `calendar_years`
    by year; `worst_drawdowns`, a list of ten at most, deepest first, each as a row of `calendar.drawdown_lengths`;
    `crises`, a list of those that the dates cover as a whole, each with `name`, `start` and `end` of the crisis,
    `first` and `last` of the dates that count, and `return` and `drawdown` between them; `confidence`, by number its
    interval as [low, high] or None, with the level, draws, seed and mean block of the bootstrap. The benchmark has the
    same over the same dates, so that its crises are in the same order.
    """
    summary = _of_one(result)
    if result.benchmark is not None:
        summary["benchmark"] = {**_of_one(result.benchmark), **_together(result, result.benchmark)}
        if result.loan.any():
            summary["break_even"] = _break_even(result.break_even)
    return summary


def _break_even(found: BreakEven | None) -> dict[str, Any]:
    """Spreads in basis points; infinite beyond those that were looked at, None what was not worked out."""
    if found is None:
        return dict.fromkeys(("return_bps", "return_interval_bps", "sharpe_bps", "sharpe_interval_bps"))
    numbers: dict[str, Any] = {}
    for name, one in (("return", found.by_return), ("sharpe", found.by_sharpe)):
        interval = None if one.interval is None else [1e4 * end for end in one.interval]
        numbers |= {f"{name}_bps": 1e4 * one.spread, f"{name}_interval_bps": interval}
    return numbers


def _of_one(result: RunRecord) -> dict[str, Any]:
    nav, periods = result.nav.to_numpy(), result.periods_per_year
    returns, excess = result.returns.to_numpy(), result.excess_returns.to_numpy()
    years = performance.years_between(result.nav.index[0].to_datetime64(), result.nav.index[-1].to_datetime64())
    growth = compound_growth(result)
    worst = _worst_drawdowns(result)
    deepest: dict[str, Any] = worst[0] if worst else {"depth": 0.0, "peak": None, "trough": None}
    depth = deepest["depth"]
    var, cvar = performance.value_at_risk(returns)
    return {
        "name": result.name,
        "strategy": result.strategy,
        "start": _iso(result.nav.index[0]),
        "end": _iso(result.nav.index[-1]),
        "periods": len(returns),
        "periods_per_year": periods,
        "total_return": float(nav[-1] - 1),
        "cagr": growth["net"],
        "gross_cagr": growth["gross"],
        "real_cagr": growth.get("real", float("nan")),
        "volatility": performance.volatility(returns, periods),
        "autocorrelation": autocorrelation(returns),
        "adjusted_volatility": adjusted_volatility(returns, periods),
        "sharpe": performance.sharpe(excess, periods),
        "sortino": performance.sortino(excess, periods),
        "calmar": growth["net"] / -depth if depth < 0 else float("nan"),
        "max_drawdown": depth,
        "max_drawdown_start": deepest["peak"],
        "max_drawdown_end": deepest["trough"],
        "skew": performance.standardised_moment(returns, 3),
        "excess_kurtosis": performance.standardised_moment(returns, 4) - 3,
        "var_95": var,
        "cvar_95": cvar,
        **_exposures_and_costs(result, years),
        **_risk(result),
        **counts_of_events(result),
        "attribution": _attribution(result, growth),
        "latest_target_weights": _numbers(result.allowed_targets.iloc[-1]),
        "calendar_years": _numbers(calendar_returns(result.nav, 1)[YEAR]),
        "worst_drawdowns": worst,
        "crises": _crises(result),
        "confidence": _confidence(returns, excess, years if result.whole_year else None, periods),
    }


def _confidence(returns: Floats, excess: Floats, years: float | None, periods: int) -> dict[str, Any]:
    """Intervals of four headline numbers as [low, high], or None, and what they were drawn by."""
    found = confidence(returns, excess, years, periods)
    names = ("cagr", "volatility", "sharpe", "max_drawdown")
    intervals = {name: getattr(found, name) for name in names}
    return {
        "level": LEVEL,
        "draws": found.draws,
        "seed": SEED,
        "mean_block_periods": found.mean_block,
        "decimals": dict(found.decimals),
        **{name: None if ends is None else list(ends) for name, ends in intervals.items()},
    }


def _worst_drawdowns(result: RunRecord) -> list[dict[str, Any]]:
    """The ten of `calendar.drawdown_lengths`, dates as text; None and NaN for what has not come yet."""
    rows = drawdown_lengths(result.nav, 10).to_dict("records")
    dates = {"peak", "trough", "recovery"}
    return [
        {str(key): (None if pd.isna(value) else _iso(value)) if key in dates else value for key, value in row.items()}
        for row in rows
    ]


def _crises(result: RunRecord) -> list[dict[str, Any]]:
    """What NAV did in each crisis that its dates cover as a whole."""
    return [
        {
            "name": one.crisis.name,
            "start": _iso(one.crisis.start),
            "end": _iso(one.crisis.end),
            "first": _iso(one.first),
            "last": _iso(one.last),
            "return": float(one.returns.iloc[0]),
            "drawdown": float(one.drawdowns.iloc[0]),
        }
        for one in in_crises(result.nav.to_frame())
    ]


def _exposures_and_costs(result: RunRecord, years: float) -> dict[str, float]:
    opening = result.nav.to_numpy()[:-1]

    def total(values: Any) -> float:
        return float(np.sum(values.to_numpy()[1:] / opening))

    totals = {
        "turnover": float(result.turnover.sum()),
        "trading_cost": total(result.costs["trading"]),
        "financing_cost": total(result.costs["financing"]),
        "financing_drag": total(result.financing_drag),
        "borrow_cost": total(result.costs["borrow"]),
        "fees": total(result.costs["fees"]),
    }
    a_year = {
        f"{name}_per_year": value / years if result.whole_year else float("nan") for name, value in totals.items()
    }
    days = np.diff(result.nav.index.to_numpy()) / np.timedelta64(1, "D")
    loan_years = float(np.sum(result.loan.to_numpy()[1:] * days / 360))
    interest = float(result.costs["financing"].sum())
    return {
        "average_gross_exposure": float(result.gross_exposure.mean()),
        "max_gross_exposure": float(result.gross_exposure.max()),
        "average_cash_weight": float((1 - result.weights.sum(axis=1)).mean()),
        **a_year,
        "average_financing_rate": interest / loan_years if loan_years > 0 else float("nan"),
        **({} if result.whole_year else totals),
    }


def _risk(result: RunRecord) -> dict[str, Any]:
    """Averages over the rebalance dates that have a covariance, the bias of the forecasts, and shares of risk."""
    spread, accuracy = diversification(result).mean(), forecast_accuracy(result)
    portfolio, assets = accuracy.iloc[0], accuracy.iloc[1:]  # by position: an asset may have any name
    return {
        "forecast_volatility": float(result.forecast_volatility.mean()),
        "bias_statistic": float(portfolio["bias_statistic"]),
        "bias_statistic_band": portfolio[["low", "high"]].tolist(),
        "diversification_ratio": float(spread["diversification_ratio"]),
        "effective_number_of_bets": float(spread["effective_number_of_bets"]),
        "asset_bias_statistics": _numbers(assets["bias_statistic"]),
        **_shares(result),
    }


def _shares(result: RunRecord) -> dict[str, dict[str, float]]:
    """Of capital and of risk, by asset and, where there are classes, by class; `capital_and_risk` says of what."""
    realised = realised_risk_contributions(result)
    realised[:] = percentage_contributions(realised)
    shares = capital_and_risk(result).reindex(result.assets)
    by_asset = pd.DataFrame(
        {
            "capital_shares": shares["capital"].to_numpy(),
            "risk_shares": shares["risk"].to_numpy(),
            "realised_risk_shares": realised.to_numpy()[:-1],  # there without a covariance too
        },
        index=result.assets,
    )
    classes = by_class(by_asset.T, result.classes).T
    return {
        **{str(name): _numbers(table) for name, table in by_asset.items()},
        "realised_risk_shares": _numbers(realised),
        **{f"class_{name}": _numbers(table) for name, table in classes.items()},
    }


def _attribution(result: RunRecord, growth: dict[str, float]) -> dict[str, Any]:
    """Linked over the run, by asset, class and source; CAGR gross, net, real; the terms of a run that had a loan."""
    linked, count = linked_attribution(result), len(result.assets)
    assets = linked.iloc[:count]
    return {
        "assets": _numbers(assets),
        "classes": _numbers(by_class(assets.to_frame().T, result.classes).iloc[0]),
        **_numbers(linked.iloc[count:]),
        "cagr": growth,
        **({"levered_return": _numbers(levered_return_terms(result))} if result.loan.any() else {}),
    }


def _numbers(table: pd.Series) -> dict[str, float]:
    return {str(name): float(value) for name, value in table.items()}


def _together(result: RunRecord, benchmark: RunRecord) -> dict[str, float]:
    periods = result.periods_per_year
    returns, others = result.returns.to_numpy(), benchmark.returns.to_numpy()
    beta, alpha = performance.beta_alpha(result.excess_returns.to_numpy(), benchmark.excess_returns.to_numpy(), periods)
    error = performance.volatility(returns - others, periods)
    return {
        "beta": beta,
        "alpha": alpha if result.whole_year else float("nan"),
        "tracking_error": error,
        "information_ratio": periods * float((returns - others).mean()) / error if error > 0 else float("nan"),
        "up_capture": performance.capture(returns, others, up=True),
        "down_capture": performance.capture(returns, others, up=False),
        "correlation": performance.correlation(returns, others),
    }


def _iso(date: Any) -> str:
    return f"{date:%Y-%m-%d}"
