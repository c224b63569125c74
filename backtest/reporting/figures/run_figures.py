"""Figures of a report: one function a figure, and `render_all` for all that have something to show."""

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from backtest.analysis.attribution.financing_path import financing_path
from backtest.analysis.metrics.distribution import histogram
from backtest.analysis.result import BacktestResult
from backtest.reporting.figures.figure_files import Picture, pictures
from backtest.reporting.figures.figure_leverage import attribution, break_even, costs, financing
from backtest.reporting.figures.figure_performance import distribution, drawdown, growth, monthly_returns, rolling
from backtest.reporting.figures.figure_risk import capital_and_risk_shares, forecasts, risk, weights
from backtest.reporting.figures.figure_sleeves import sleeves

__all__ = [
    "attribution",
    "break_even",
    "capital_and_risk_shares",
    "costs",
    "distribution",
    "drawdown",
    "financing",
    "forecasts",
    "growth",
    "monthly_returns",
    "render_all",
    "risk",
    "rolling",
    "sleeves",
    "weights",
]


def render_all(result: BacktestResult) -> dict[str, Picture]:
    """Return all figures that have something to show, as PNG and SVG, by name.

    Example:
        >>> import backtest as bt
        >>> render_all(bt.run("configs/60_40.yaml"))["growth"].svg[:4]
        b'<svg'
    """
    return pictures({name: draw for name, (draw, shown) in _FIGURES.items() if shown(result)}, result)


def _has_paid(result: BacktestResult) -> bool:
    return bool((result.costs != 0).to_numpy().any())


def _has_window(result: BacktestResult) -> bool:
    return not result.rolling.empty


def _has_risk(result: BacktestResult) -> bool:
    return not result.capital_and_risk.empty


def _varies(result: BacktestResult) -> bool:
    return not histogram(result.returns).empty


_FIGURES: Mapping[str, tuple[Callable[[BacktestResult], Figure], Callable[[BacktestResult], bool]]] = {
    "growth": (growth, lambda _: True),
    "drawdown": (drawdown, lambda _: True),
    "rolling": (rolling, lambda result: _has_window(result) and _varies(result)),
    "monthly_returns": (monthly_returns, lambda result: result.periods_per_year >= 12 and bool(result.returns.any())),
    "distribution": (distribution, _varies),
    "weights": (weights, lambda _: True),
    "risk": (risk, _has_risk),
    "capital_and_risk_shares": (capital_and_risk_shares, _has_risk),
    "forecasts": (forecasts, lambda result: _has_window(result) and len(result.forecast_volatility) > 1),
    "attribution": (attribution, lambda result: bool((result.contributions != 0).to_numpy().any())),
    "sleeves": (sleeves, lambda result: result.sleeve_weights is not None),
    "costs": (costs, _has_paid),
    "financing": (financing, lambda result: len(financing_path(result)) > 1),
    "break_even": (break_even, lambda result: result.break_even is not None and bool(result.break_even.curve)),
}
