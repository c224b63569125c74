"""Sliders of a tearsheet, and what its script needs to compute the path of the run again."""

from base64 import b64encode
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from backtest.analysis.result import BacktestResult
from backtest.engine.path_inputs import PathInputs
from backtest.engine.terms import Terms
from backtest.reporting.charts.embedding import steps
from backtest.reporting.pages.measure_texts import Row

LIMIT = 1_900_000
"""Largest size of a page with sliders, bytes."""

_BASE64 = 8 * 4 / 3  # bytes of a number

_NUMBERS = ("cagr", "total_return", "volatility", "sharpe", "max_drawdown")


@dataclass(frozen=True)
class Slider:
    """Slider of one setting.

    Args:
        key: `spread`, `cost` or `size`.
        label: name on the page.
        value: configured value.
        low: smallest value.
        high: largest value.
        step: step of a key.
        unit: unit of the values.
    """

    key: str
    label: str
    value: float
    low: float
    high: float
    step: float
    unit: str = "bp"

    @property
    def place(self) -> float:
        """Return the place of the configured value on the track, from 0 to 1."""
        return (self.value - self.low) / (self.high - self.low)

    def with_room(self) -> Self:
        """Return the slider with a range that contains the configured value, with room on both sides."""
        low = 2 * self.value if self.value < 0 else min(self.low, self.value / 2)
        return replace(self, low=low, high=max(self.high, 2 * self.value))


def sliders_of(result: BacktestResult, cards: tuple[Row, ...]) -> dict[str, Any] | None:
    """Return the sliders, their numbers as configured, and the `data` of the page's script; None without inputs.

    Args:
        result: result of a run.
        cards: the numbers that open the page.
    """
    inputs = result.path_inputs
    if inputs is None or len(result.nav) < inputs.periods.shape[0] - inputs.start:  # the run is ruined
        return None
    if _BASE64 * (result.nav.size * inputs.periods.shape[1] + inputs.targets.size) > LIMIT:  # prices and targets alone
        return None
    sliders = _sliders(inputs)
    dates = {"dates": steps(result.nav.index), "whole_year": result.whole_year}
    return {
        "sliders": sliders,
        "sized": inputs.sizing is not None,
        "numbers": [card for card in cards if card.metric.key in _NUMBERS],
        "data": {
            "sliders": [asdict(slider) for slider in sliders],
            "embedded": {**embedded(inputs, result.nav.to_numpy(), result.periods_per_year), **dates},
        },
    }


def embedded(inputs: PathInputs, nav: ArrayLike, periods_per_year: int) -> dict[str, Any]:
    """Return the inputs of a path as JSON values, from the first NAV on; `decode` in `live/path.js` reads them.

    Args:
        inputs: inputs of the path.
        nav: (P,) NAV, currency.
        periods_per_year: periods per year of the returns.
    """
    periods, due, sizing = inputs.periods, inputs.terms.fees.performance_due, inputs.sizing
    since = slice(inputs.start, None)
    return {
        "nav": _base64(nav),
        "prices": _base64(periods.prices[since]),
        "cash": _base64(periods.cash_returns[since]),
        "loan": None if periods.loan_returns is None else _base64(periods.loan_returns[since]),
        "dates": periods.days[since].tolist(),
        "whole_year": False,
        "periods_per_year": periods_per_year,
        "performance_due": [] if due is None else np.flatnonzero(due[since]).tolist(),
        "trades": (inputs.trade_rows - inputs.start).tolist(),
        "targets": _base64(inputs.targets),
        "terms": _terms(inputs.terms),
        "sizing": sizing and {"reach": _base64(sizing.reach), "cap": sizing.cap if np.isfinite(sizing.cap) else None},
    }


def _terms(terms: Terms) -> dict[str, Any]:
    """Return terms by name, decimals; terms by asset as lists."""
    loan, futures, fees, margin, count = terms.loan, terms.futures, terms.fees, terms.margin, len(terms.trading.cost)

    def by_asset(rates: ArrayLike | None) -> list[float]:
        return [float(rate) for rate in np.broadcast_to(np.asarray(0.0 if rates is None else rates), count)]

    return {
        "trading": by_asset(terms.trading.cost),
        "futures": futures is not None,
        "spread": loan.spread,
        "cash_spread": terms.financing.cash_spread,
        "rebate_spread": loan.rebate_spread,
        "borrow": by_asset(terms.borrow_fee),
        "basis": by_asset(futures.basis if futures else None),
        "roll": by_asset(futures.roll if futures else None),
        "expenses": by_asset(fees.expense_ratio),
        "management": fees.management,
        "performance": fees.performance,
        "initial": None if margin.initial is None else by_asset(margin.initial),
        "maintenance": None if margin.maintenance is None else by_asset(margin.maintenance),
        "restored": by_asset(margin.restored(futures is not None)),
    }


def _sliders(inputs: PathInputs) -> list[Slider]:
    """Return the sliders in order. A term that differs by asset is shifted for all of them, from 0."""
    terms, sizing = inputs.terms, inputs.sizing
    costs, over = terms.trading.cost, "cash" if inputs.periods.loan_returns is None else "the loan rate"
    spread = "Basis" if terms.futures is not None else f"Spread over {over}"
    sliders = [
        _in_basis_points(Slider("spread", spread, terms.financing.configured_spread, 0, 400, 5)),
        _in_basis_points(Slider("cost", "Trading cost", float(costs[0]) if np.ptp(costs) == 0 else np.nan, 0, 100, 1)),
    ]
    if sizing is not None and sizing.setting == "target_volatility":
        sliders.append(Slider("size", "Target volatility", round(100 * sizing.configured, 9), 1, 25, 0.5, "%"))
    elif sizing is not None:
        sliders.append(Slider("size", "Leverage multiple", sizing.configured, 0.1, 4, 0.05, "\u00d7"))
    return [slider.with_room() for slider in sliders]


def _in_basis_points(rate: Slider) -> Slider:
    """Return a slider of a rate, or of what is added to rates that differ by asset (NaN), in basis points."""
    if np.isnan(rate.value):
        return replace(rate, label=f"Added to the {rate.label.lower()}", value=0.0)
    return replace(rate, value=round(1e4 * rate.value, 9))


def fits(page: str) -> bool:
    """Return whether a page with sliders is small enough."""
    return len(page.encode()) <= LIMIT


def _base64(values: ArrayLike) -> str:
    return b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode()
