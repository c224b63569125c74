"""The headline numbers: what stands in which group of the page, how it is written, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backtest.analysis.tables.frequency_words import frequency_in_words
from backtest.reporting.format import FILTERS, interval, is_missing


@dataclass(frozen=True)
class Measure:
    """One number of `BacktestResult.summary()`.

    Args:
        key: its name there.
        label: its name on the page.
        form: the filter that writes it.
        meaning: its definition.
        if_any: shown only where it is not zero, as without a loan there is no financing.
        of_one_period: whether it is a number of the returns of single periods, and so depends on their length.
    """

    key: str
    label: str
    form: str
    meaning: str
    if_any: bool = False
    of_one_period: bool = False

    def of(self, periods_per_year: int) -> "Measure":
        """Return the measure with the length of a period in its label, where that matters: `VaR 95%, monthly`."""
        if not self.of_one_period:
            return self
        return replace(self, label=f"{self.label}, {frequency_in_words(periods_per_year)}")


@dataclass(frozen=True)
class Row:
    """A measure with its numbers as text, and between which others they lie; None what there is none of."""

    measure: Measure
    strategy: str
    benchmark: str | None
    interval: str | None
    benchmark_interval: str | None


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    title: str
    rows: tuple[Row, ...]


GROUPS: Mapping[str, tuple[Measure, ...]] = {
    "Return": (
        Measure(
            "cagr", "CAGR", "percent",
            "Compound annual growth rate of NAV, after all costs, from the first NAV's date.",
        ),
        Measure(
            "gross_cagr", "CAGR before costs", "percent",
            "Before trading costs and other fees, as if somebody else paid them.",
        ),
        Measure(
            "real_cagr", "Real CAGR", "percent",
            "CAGR of NAV in the consumer prices of its first date, by what was known of them.",
        ),
        Measure("total_return", "Total return", "percent", "Last NAV over first NAV, less one."),
        Measure("sharpe", "Sharpe ratio", "ratio", "Annualised mean return above cash over its annualised deviation."),
        Measure("sortino", "Sortino ratio", "ratio", "Annualised mean return above cash over its downside deviation."),
        Measure("calmar", "Calmar ratio", "ratio", "CAGR over the size of the maximum drawdown."),
    ),
    "Risk": (
        Measure("volatility", "Volatility", "percent", "Standard deviation of returns, annualised."),
        Measure(
            "adjusted_volatility", "Volatility, adjusted", "percent",
            "With the autocorrelations of returns (Lo 2002): more than the plain one where returns are smoothed.",
        ),
        Measure(
            "autocorrelation", "Autocorrelation", "ratio", "Correlation of returns with the period before.",
            of_one_period=True,
        ),
        Measure("max_drawdown", "Maximum drawdown", "percent", "The deepest fall of NAV below its running peak."),
        Measure(
            "var_95", "VaR 95%", "percent", "Historical: in 5% of periods the loss is this or more.",
            of_one_period=True,
        ),
        Measure(
            "cvar_95", "CVaR 95%", "percent", "The average loss in the worst 5% of periods.", of_one_period=True,
        ),
        Measure(
            "forecast_volatility", "Forecast volatility", "percent",
            "Of the target weights, by the covariance of each rebalance date; the average.",
        ),
        Measure(
            "bias_statistic", "Bias statistic", "ratio",
            "Deviation of returns above cash over their forecast volatility: above 1 risk was underestimated.",
        ),
        Measure(
            "diversification_ratio", "Diversification ratio", "ratio",
            "Weighted volatilities of the assets over that of the portfolio, ex ante; the average.",
        ),
        Measure(
            "effective_number_of_bets", "Effective bets", "ratio",
            "1 / Σ (risk share)², ex ante; the average. With equal contributions it is the number of assets.",
        ),
        Measure(
            "skew", "Skew", "ratio",
            "Third standardised moment of returns; below zero the large moves are losses.", of_one_period=True,
        ),
        Measure(
            "excess_kurtosis", "Excess kurtosis", "ratio",
            "Fourth standardised moment less 3: above 0 has fatter tails.", of_one_period=True,
        ),
    ),
    "Exposure and trading": (
        Measure(
            "average_gross_exposure", "Average gross exposure", "multiple",
            "Mean of Σ|weight|, as a multiple of NAV.",
        ),
        Measure("max_gross_exposure", "Maximum gross exposure", "multiple", "Largest Σ|weight| after a close."),
        Measure("average_cash_weight", "Average cash", "percent", "Mean of 1 - Σ weight; below zero it is borrowed."),
        Measure(
            "turnover_per_year", "Turnover a year", "percent",
            "Half the sum of all trades over NAV; the first included.",
        ),
        Measure("turnover", "Turnover", "percent", "Half the sum of all trades over NAV, in all; the first included."),
    ),
    "Costs, of NAV": (
        Measure(
            "trading_cost_per_year", "Trading cost a year", "percent2",
            "Trading costs over the NAV before each period.",
        ),
        Measure(
            "financing_cost_per_year", "Financing cost a year", "percent2",
            "All interest on what is financed, over NAV: in a loan, in futures, or inside funds.", if_any=True,
        ),
        Measure(
            "financing_drag_per_year", "Financing drag a year", "percent2",
            "The part of the interest above the cash return: what leverage cost beyond the cash rate.", if_any=True,
        ),
        Measure(
            "average_financing_rate", "Financing rate, average", "percent2",
            "Interest over what is financed, a year.", if_any=True,
        ),
        Measure(
            "borrow_cost_per_year", "Borrow fees a year", "percent2",
            "Fees on short positions, over NAV.", if_any=True,
        ),
        Measure(
            "fees_per_year", "Other fees a year", "percent2",
            "Fund expenses and management fees, over NAV.", if_any=True,
        ),
        Measure("trading_cost", "Trading cost", "percent2", "Over the NAV before each period, in all."),
        Measure(
            "financing_cost", "Financing cost", "percent2",
            "All interest on what is financed, over NAV, in all.", if_any=True,
        ),
        Measure(
            "financing_drag", "Financing drag", "percent2",
            "The part of the interest above the cash return, in all.", if_any=True,
        ),
        Measure("borrow_cost", "Borrow fees", "percent2", "Fees on short positions, over NAV, in all.", if_any=True),
        Measure("fees", "Other fees", "percent2", "Fund expenses and management fees, over NAV, in all.", if_any=True),
    ),
}  # fmt: skip

RELATIVE: tuple[Measure, ...] = (
    Measure("beta", "Beta", "ratio", "Slope of returns above cash on the benchmark's."),
    Measure("alpha", "Alpha a year", "percent", "Jensen's: mean return above cash less beta times the benchmark's."),
    Measure("correlation", "Correlation", "ratio", "Of returns per period."),
    Measure("tracking_error", "Tracking error", "percent", "Annualised deviation of the difference in returns."),
    Measure("information_ratio", "Information ratio", "ratio", "Annualised mean difference over the tracking error."),
    Measure("up_capture", "Up capture", "percent", "Mean return over the benchmark's in periods in which that rose."),
    Measure(
        "down_capture", "Down capture", "percent", "Mean return over the benchmark's in periods in which that fell."
    ),
)

CARDS = (
    "total_return", "cagr", "real_cagr", "volatility", "sharpe", "max_drawdown", "average_gross_exposure",
    "turnover_per_year", "trading_cost_per_year", "financing_drag_per_year", "turnover", "trading_cost",
    "financing_drag",
)  # fmt: skip
"""The measures that open the page."""


def headline(summary: Mapping[str, Any], cash: Measure | None = None) -> tuple[Group, ...]:
    """All groups that have a row; a measure that neither side has is left out.

    Args:
        summary: of a run.
        cash: the measure of `average_cash_weight`, where weights are not what is paid for.
    """
    benchmark = summary.get("benchmark")
    groups = [Group(title, _rows(measures, summary, benchmark)) for title, measures in groups_of(cash).items()]
    if benchmark is not None:
        groups.append(Group("Against the benchmark", _rows(RELATIVE, benchmark, None)))
    return tuple(group for group in groups if group.rows)


def groups_of(cash: Measure | None = None) -> dict[str, tuple[Measure, ...]]:
    """Return `GROUPS`, with another measure of `average_cash_weight` if one is given."""
    return {
        title: tuple(cash if cash is not None and one.key == cash.key else one for one in measures)
        for title, measures in GROUPS.items()
    }


def cards(groups: tuple[Group, ...], *, whole_year: bool) -> tuple[Row, ...]:
    """The rows that open the page, in the order of `CARDS`.

    Of a run of less than a year that is the total return, not a rate per year.
    """
    rows = {row.measure.key: row for group in groups for row in group.rows}
    rows.pop("total_return" if whole_year else "cagr", None)
    return tuple(rows[key] for key in CARDS if key in rows)


def _rows(
    measures: tuple[Measure, ...], summary: Mapping[str, Any], benchmark: Mapping[str, Any] | None
) -> tuple[Row, ...]:
    rows = []
    for measure in measures:
        write = FILTERS[measure.form]
        values = [side.get(measure.key) for side in (summary, benchmark) if side is not None]
        if any(_shown(value, measure) for value in values):
            other = None if benchmark is None else write(benchmark.get(measure.key))
            intervals = [_interval(side, measure) for side in (summary, benchmark)]
            named = measure.of(summary["periods_per_year"])
            rows.append(Row(named, write(summary.get(measure.key)), other, *intervals))
    return tuple(rows)


def _interval(side: Mapping[str, Any] | None, measure: Measure) -> str | None:
    found = (side or {}).get("confidence", {})
    ends = found.get(measure.key)
    return None if ends is None else interval(ends, measure.form, found["decimals"][measure.key])


def _shown(value: Any, measure: Measure) -> bool:
    return not is_missing(value) and not (measure.if_any and value == 0)
