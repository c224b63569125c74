"""Probabilistic and deflated Sharpe ratio, and the length of history that a Sharpe ratio needs.

All Sharpe ratios are per period, not annualised. Kurtosis is 3 for a normal distribution. Arguments broadcast: numbers
and arrays can be mixed, and the result is an array, of no dimension for numbers. NaN in an argument gives NaN.
"""

import numpy as np

from backtest.numerics.arrays import Floats

Numbers = float | Floats


def probabilistic_sharpe(
    sharpe: Numbers, periods: Numbers, skew: Numbers, kurtosis: Numbers, *, threshold: Numbers = 0.0
) -> Floats:
    """Return the probability that the true Sharpe ratio is above a threshold, given the observed one.

    PSR = Φ[(SR - SR*) sqrt(T - 1) / sqrt(1 - γ₃ SR + (γ₄ - 1) / 4 × SR²)]: Bailey, López de Prado (2012), "The Sharpe
    ratio efficient frontier", Journal of Risk 15(2), for returns that are independent over time.

    Args:
        sharpe: observed Sharpe ratio, per period.
        periods: number of returns, T.
        skew: γ₃ of the returns.
        kurtosis: γ₄ of the returns, 3 for a normal distribution.
        threshold: SR*, per period.

    Returns:
        Probability from 0 to 1; NaN for fewer than two returns.

    Example:
        >>> probabilistic_sharpe(0.1, 120, 0.0, 3.0).round(3), probabilistic_sharpe(0.1, 120, -2.0, 10.0).round(3)
        (np.float64(0.862), np.float64(0.838))
    """
    from scipy.special import ndtr

    with np.errstate(invalid="ignore", divide="ignore"):  # fewer than one period, and moments that no returns have
        root = np.sqrt(np.subtract(periods, 1.0))
        z = np.subtract(sharpe, threshold) * root / _spread(sharpe, skew, kurtosis)
    return np.asarray(ndtr(np.where(root > 0, z, np.nan)))[()]


def minimum_track_record(
    sharpe: Numbers, skew: Numbers, kurtosis: Numbers, *, threshold: Numbers = 0.0, confidence: float = 0.95
) -> Floats:
    """Return the number of periods from which on an observed Sharpe ratio is above a threshold with confidence.

    MinTRL = 1 + (1 - γ₃ SR + (γ₄ - 1) / 4 × SR²) × (z / (SR - SR*))², z = Φ⁻¹[confidence]: Bailey, López de Prado
    (2012); the probabilistic Sharpe ratio of this many periods equals the confidence.

    Args:
        sharpe: observed Sharpe ratio, per period.
        skew: γ₃ of the returns.
        kurtosis: γ₄ of the returns, 3 for a normal distribution.
        threshold: SR*, per period.
        confidence: above 0.5 and below 1.

    Returns:
        Periods, not rounded; infinity if the Sharpe ratio is not above the threshold.

    Example:
        >>> minimum_track_record(0.1, 0.0, 3.0).round(1), minimum_track_record(-0.1, 0.0, 3.0)
        (np.float64(272.9), np.float64(inf))
    """
    from scipy.special import ndtri

    excess = np.subtract(sharpe, threshold)
    with np.errstate(invalid="ignore", divide="ignore"):
        periods = 1 + _spread(sharpe, skew, kurtosis) ** 2 * (ndtri(confidence) / excess) ** 2
    return np.asarray(np.where(excess <= 0, np.inf, periods))[()]


def expected_best_sharpe(trials: Numbers, variance: Numbers) -> Floats:
    """Return the expected highest Sharpe ratio of independent trials whose true Sharpe ratio is 0.

    SR0 = sqrt(V) × ((1 - γ) Φ⁻¹[1 - 1 / N] + γ Φ⁻¹[1 - 1 / (N e)]), γ = 0.5772: Bailey, López de Prado (2014), "The
    deflated Sharpe ratio", Journal of Portfolio Management 40(5), from the limit of the largest of N normal numbers.

    Args:
        trials: number of independent trials, N, 1 or more; it need not be whole.
        variance: variance of the trials' Sharpe ratios, V. The result has the unit of its root: per period, or per
            year for annualised ratios.

    Returns:
        0 for one trial, which is not selected; the formula is an approximation for large N.

    Example:
        >>> expected_best_sharpe(100, 1.0).round(2), expected_best_sharpe(1, 1.0)
        (np.float64(2.53), np.float64(0.0))
    """
    from scipy.special import ndtri

    with np.errstate(invalid="ignore"):
        count = np.maximum(trials, 1.0)
        best = (1 - np.euler_gamma) * ndtri(1 - 1 / count) + np.euler_gamma * ndtri(1 - 1 / (count * np.e))
        best = np.where(count > 1, np.maximum(best, 0.0), np.where(np.isnan(count), np.nan, 0.0))
        return np.asarray(np.sqrt(variance) * best)[()]


def deflated_sharpe(
    sharpe: Numbers, periods: Numbers, skew: Numbers, kurtosis: Numbers, *, trials: Numbers, variance: Numbers
) -> Floats:
    """Return the probability that the true Sharpe ratio is above 0, if the observed one is the best of many trials.

    The probabilistic Sharpe ratio with SR* of `expected_best_sharpe`: Bailey, López de Prado (2014).

    Args:
        sharpe: observed Sharpe ratio of the chosen trial, per period.
        periods: number of its returns, T.
        skew: γ₃ of its returns.
        kurtosis: γ₄ of its returns, 3 for a normal distribution.
        trials: number of independent trials.
        variance: variance of the trials' Sharpe ratios per period.

    Returns:
        Probability from 0 to 1; NaN for fewer than two returns.

    Example:
        The article's: five years of daily returns, annual Sharpe ratio 2.5, the best of 100 trials.

        >>> deflated_sharpe(2.5 / 250**0.5, 1250, -3.0, 10.0, trials=100, variance=0.5 / 250).round(4)
        np.float64(0.9004)
    """
    return probabilistic_sharpe(sharpe, periods, skew, kurtosis, threshold=expected_best_sharpe(trials, variance))


def _spread(sharpe: Numbers, skew: Numbers, kurtosis: Numbers) -> Floats:
    """Return sqrt(T) × the standard error of a Sharpe ratio (Mertens 2002).

    It is real, since the kurtosis of any distribution is at least 1 + skew².
    """
    return np.asarray(np.sqrt(1 - np.multiply(skew, sharpe) + (np.subtract(kurtosis, 1.0)) / 4 * np.square(sharpe)))
