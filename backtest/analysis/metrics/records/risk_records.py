"""Metrics of ex-ante risk and of events, and the shares of capital and risk."""

from functools import partial

from backtest.analysis.metrics.records.metric_record import MetricRecord, Part
from backtest.analysis.metrics.records.run_numbers import RunNumbers, numbers

_SHARES = ("capital_shares", "risk_shares", "realised_risk_shares")


def _asset_shares(run: RunNumbers, *, key: str) -> dict[str, float]:
    return dict(run.asset_shares[key])


def _class_shares(run: RunNumbers, *, key: str) -> dict[str, float]:
    return dict(run.class_shares[key])


RISK: tuple[MetricRecord | Part, ...] = (
    MetricRecord(
        key="forecast_volatility",
        label="Forecast volatility",
        meaning="Ex-ante volatility of the target weights, averaged over the rebalance dates.",
        form="percent",
        group="Risk",
        better=None,
        value=lambda run: float(run.result.forecast_volatility.mean()),
    ),
    MetricRecord(
        key="bias_statistic",
        label="Bias statistic",
        meaning="Standard deviation of returns above cash over their forecast volatility; above 1, risk was "
        "underestimated.",
        form="ratio",
        group="Risk",
        better="nearest 1",
        value=lambda run: float(run.accuracy["bias_statistic"].iloc[0]),
    ),
    Part("bias_statistic_band", lambda run: run.accuracy.iloc[0][["low", "high"]].tolist()),
    MetricRecord(
        key="diversification_ratio",
        label="Diversification ratio",
        meaning="Sum of weighted asset volatilities over portfolio volatility, ex ante; average over rebalance dates.",
        form="ratio",
        group="Risk",
        better="higher",
        value=lambda run: float(run.diversification["diversification_ratio"]),
    ),
    MetricRecord(
        key="effective_number_of_bets",
        label="Effective bets",
        meaning="1 / Σ (risk share)², ex ante; average over the rebalance dates. It is n for n equal contributions.",
        form="ratio",
        group="Risk",
        better="higher",
        value=lambda run: float(run.diversification["effective_number_of_bets"]),
    ),
    # by position: an asset may have any name
    Part("asset_bias_statistics", lambda run: numbers(run.accuracy["bias_statistic"].iloc[1:])),
    *(Part(key, partial(_asset_shares, key=key)) for key in _SHARES),
    *(Part(f"class_{key}", partial(_class_shares, key=key)) for key in _SHARES),
)

EVENTS: tuple[MetricRecord | Part, ...] = (
    MetricRecord(
        key="margin_calls",
        label="Margin calls",
        meaning="Margin calls, including those met by a trade at the same close.",
        form="count",
        group="Events",
        better="lower",
        value=lambda run: run.events["margin_calls"],
        shown=frozenset({"comparison"}),
        if_any=True,
    ),
    MetricRecord(
        key="forced_sales",
        label="Forced sales",
        meaning="Trades that the strategy did not decide: after a margin call, or because an asset lost its price.",
        form="count",
        group="Events",
        better="lower",
        value=lambda run: run.events["forced_sales"],
        shown=frozenset({"comparison"}),
        if_any=True,
    ),
    MetricRecord(
        key="targets_scaled_down",
        label="Targets scaled down",
        meaning="Target weights scaled down to what the initial margin allows.",
        form="count",
        group="Events",
        better="lower",
        value=lambda run: run.events["targets_scaled_down"],
        shown=frozenset({"comparison"}),
        if_any=True,
    ),
)
