"""Metrics that the independent simulator checks, and the reason for each metric that it does not check."""

OF_A_RUN = frozenset({
    "total_return", "cagr", "cash_cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "skew",
    "excess_kurtosis", "var_95", "cvar_95", "average_gross_exposure", "max_gross_exposure", "average_cash_weight",
    "turnover_per_year", "trading_cost_per_year", "financing_cost_per_year", "financing_drag_per_year",
    "borrow_cost_per_year", "fees_per_year", "average_financing_rate",
})  # fmt: skip
"""Checked in every run of `run_agreement.agree_on_numbers`."""

BELOW_A_YEAR = ("turnover", "trading_cost", "financing_cost", "financing_drag", "borrow_cost", "fees")
"""Checked there in runs of less than a year."""

AGAINST_BENCHMARK = frozenset(
    {"beta", "alpha", "tracking_error", "information_ratio", "up_capture", "down_capture", "correlation"}
)
"""Checked in `run_agreement.agree_on_comparison`."""

_FORECAST = "the oracle checks the risk contributions that it is computed from; its definition is checked in {}"

REASONS = {
    "gross_cagr": "compared with the same weights traded free of cost in test_return_attribution.py",
    "real_cagr": "compared with NAV over the published index values in test_return_attribution.py",
    "autocorrelation": "the adjusted volatility, which is a function of it, is checked in test_smoothing.py",
    "adjusted_volatility": "compared with the deviation of all sums over a year in test_smoothing.py",
    "forecast_volatility": "the oracle checks the risk contributions, whose sum is averaged",
    "bias_statistic": _FORECAST.format("test_forecasts.py"),
    "diversification_ratio": _FORECAST.format("test_diversification.py"),
    "effective_number_of_bets": _FORECAST.format("test_diversification.py"),
    "margin_calls": "counted in worked examples in test_events.py",
    "forced_sales": "counted in worked examples in test_events.py",
    "targets_scaled_down": "counted in worked examples in test_events.py",
}
"""Where else a metric is checked, or what the oracle checks instead."""
