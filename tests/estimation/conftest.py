"""Fixture of estimator tests: GARCH fits that many of them ask for."""

from collections.abc import Iterator

import pytest

from backtest.estimation.methods import conditional_correlation
from backtest.estimation.methods.garch import Garch, fit_garch
from backtest.numerics.arrays import Floats


@pytest.fixture(scope="module")
def each_fit_once() -> Iterator[None]:
    """Fit a GARCH model to the same returns once, because the rules of estimators ask for the same fits many times.

    Fits are known by every bit of their returns, so a fit to later or other returns is a fit of its own. That a fit
    depends on nothing else is tested in test_garch.py.
    """
    known: dict[tuple[bytes, bool], Garch] = {}

    def fit(returns: Floats, *, leverage: bool = False) -> Garch:
        key = returns.tobytes(), leverage
        if key not in known:
            known[key] = fit_garch(returns, leverage=leverage)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditional_correlation, "fit_garch", fit)
        yield
