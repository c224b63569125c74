"""`check_estimator`: conformance suite of a covariance estimator."""

from backtest.estimation.estimator import Estimator
from backtest.testing.estimator_rules import ESTIMATOR_RULES
from backtest.testing.rules import check_rules, instance_of
from backtest.testing.same_pickled import pickles

_MONTHS = 12


def check_estimator(estimator: type[Estimator] | Estimator) -> None:
    """Check that an estimator follows the rules of all estimators, on synthetic monthly returns.

    Covariances are symmetric, positive semi-definite and independent of later data, of the other dates asked and of the
    order of the assets; an asset without a return is NaN; arguments stay as they are; the object can be pickled.

    Args:
        estimator: the class, if all its settings have defaults, or an object.

    Raises:
        BrokenRule: a rule is broken; the message names it.

    Example:
        >>> import numpy as np
        >>> from backtest.estimation.methods.ewma import EWMA
        >>> check_estimator(EWMA(half_life="1Y"))
        >>> class Whole(EWMA):
        ...     '''Covariance of the whole sample.'''
        ...     def estimate(self, excess_returns, rows, periods_per_year):
        ...         return np.stack([np.cov(np.nan_to_num(excess_returns).T)] * len(rows))
        >>> check_estimator(Whole)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        backtest.errors.BrokenRule: Whole: it looks ahead: returns after row ... Rule: ...later_returns_change_nothing
    """
    check_rules((*ESTIMATOR_RULES, pickles), instance_of(estimator, Estimator), _MONTHS)
