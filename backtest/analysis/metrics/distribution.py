"""Distribution of returns, compared with a normal distribution."""

import math

import numpy as np
import pandas as pd

from backtest.numerics.tolerances import has_risk

FEWEST_BINS, MOST_BINS = 10, 60


def histogram(returns: pd.Series) -> pd.DataFrame:
    """Return the counts of returns in bins of equal width, and the counts expected of a normal distribution.

    The bins cover the range of the returns. Their number is the range over the width of Freedman, Diaconis (1981),
    2 × interquartile range / P^(1/3), rounded up and kept between 10 and 60. A return on the edge of two bins counts
    in the higher bin, and the highest return counts in the last bin.

    Args:
        returns: (P,) decimal per period, no NaN.

    Returns:
        (b, 5), no NaN: the edges `low` and `high` of each bin and its `centre`, decimals; `count` of returns, which
        add up to P; and `normal`, the expected count of P normal returns with the same mean and standard deviation
        (ddof 1). (0, 5) if returns do not vary, or if there are fewer than two.

    Example:
        >>> bins = histogram(pd.Series(np.linspace(-0.05, 0.05, 101)))
        >>> len(bins), bins["count"].sum().item(), bins["normal"].round(1).tolist()[:3]
        (10, 101, [4.3, 6.8, 9.5])
    """
    values = returns.to_numpy(dtype=float)
    if len(values) < 2 or not has_risk(np.std(values, ddof=1)):
        return pd.DataFrame({"low": [], "high": [], "centre": [], "count": [], "normal": []}, dtype=float)
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    width = 2 * float(three_quarters - quarter) / len(values) ** (1 / 3)
    spread = float(np.ptp(values))
    bins = MOST_BINS if width * MOST_BINS <= spread else max(FEWEST_BINS, math.ceil(spread / width))
    counts, edges = np.histogram(values, bins=bins)
    standardised = (edges - values.mean()) / (np.std(values, ddof=1) * math.sqrt(2))
    below = np.array([0.5 * math.erfc(-edge) for edge in standardised])
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "centre": (edges[:-1] + edges[1:]) / 2,
            "count": counts,
            "normal": len(values) * np.diff(below),
        }
    )
