"""Titles of charts, for pages and for figures."""

GROWTH = "Growth of 1"
DRAWDOWN = "Drawdown below the running peak"
VOLATILITY = "Volatility, last 12 months, a year"
SHARPE = "Sharpe ratio, last 12 months"
CORRELATION = "Correlation to the benchmark, last 12 months"
WEIGHTS = "Weights and gross exposure, as fractions of NAV"
CLASS_WEIGHTS = "Weights of the asset classes and gross exposure, as fractions of NAV"
GROSS_EXPOSURE = "Gross exposure, as a fraction of NAV"
EXPECTED_RISK = "Expected risk contributions, a year"
RISK_SHARES = "Expected shares of the volatility"
REALISED_RISK = "Realised over the 12 months before, a year"
FORECASTS = "Forecast and subsequent volatility, a year"
ATTRIBUTION = "From assets to the total return, as fractions of the first NAV"
SLEEVES = "Profit of each sleeve so far, as a fraction of the first NAV"
COSTS = "Costs by calendar year, as a fraction of NAV"
FINANCING_RATE = "Financing rate, a year"
FINANCED = "Financed amount, as a fraction of NAV"
CLASS_SHARES = "Asset classes: shares of capital and of risk"


def returns_title(frequency: str) -> str:
    """Return the title of a histogram of returns of a frequency in words, such as `monthly`."""
    return f"{frequency.capitalize()} returns"


def excess_title(*, whole_year: bool) -> str:
    """Return the title of the returns above the benchmark at each spread."""
    return f"Return above the benchmark's{', a year' if whole_year else ''}"
