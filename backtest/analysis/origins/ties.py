"""Worlds in which levered risk parity of stocks and bonds earns as much as 60/40: the break-even turned round."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.analysis.metrics.performance import sharpe, volatility
from backtest.analysis.origins.regime_labels import YEAR, by_month, class_returns
from backtest.analysis.run_record import RunRecord
from backtest.analysis.uncertainty.batches import FEWEST
from backtest.errors import DataError
from backtest.numerics.tolerances import has_risk

_CLASSES = ("equities", "bonds")
_CORRELATIONS = np.linspace(-0.6, 0.8, 15)
_SHARPE_RATIOS = np.linspace(-0.4, 1.2, 17)


@dataclass(frozen=True, eq=False)
class Ties:
    """Loan spreads at which risk parity of stocks and bonds, levered to the volatility of 60/40, earns as much as it.

    Risk parity is equal risk contribution. Spreads are over cash, decimal per year. A negative one means that risk
    parity loses even at the cash rate; NaN, that it needs no loan.

    Args:
        spreads: (a, b) by correlation of stocks and bonds, and by Sharpe ratio of bonds, with the stocks' Sharpe ratio
            and both volatilities of the whole history.
        history: by period, `whole`, then each decade with 24 months or more, and `last 10 years`: `correlation`,
            `stock_sharpe`, `bond_sharpe`, `stock_volatility`, `bond_volatility`, and the `spread` of this period.
    """

    spreads: pd.DataFrame
    history: pd.DataFrame

    @property
    def sentence(self) -> str:
        """The spread of a tie over the whole history, and in how many decades risk parity led at the cash rate."""
        spread = float(self.history["spread"]["whole"])
        decades = self.history["spread"].drop(["whole", "last 10 years"]).dropna()
        price = f"{abs(spread) * 1e4:,.0f} bp {'over' if spread > 0 else 'below'} cash"
        tie = (
            "needs no loan for the volatility of 60/40" if np.isnan(spread) else f"ties with 60/40 at a loan of {price}"
        )
        led = f"{(decades > 0).sum()} of {len(decades)} decades"
        return f"Risk parity of stocks and bonds {tie}; at the cash rate it led in {led}."


def tie_spread(
    stock_sharpe: float, bond_sharpe: float, stock_volatility: float, bond_volatility: float, correlation: float
) -> float:
    """Return the loan spread at which levered equal risk contribution earns as much as 60/40, decimal per year.

    Weights of equal risk are w_i = (1/σ_i) / Σ (1/σ_j), and L = σ_60/40 / σ_ERC levers them to the volatility of 60/40.
    The mean excess returns are L Σ w_i S_i σ_i - s (L - 1) and 0.6 S_1 σ_1 + 0.4 S_2 σ_2; s makes them equal.

    Args:
        stock_sharpe: Sharpe ratio of stocks, per year.
        bond_sharpe: Sharpe ratio of bonds, per year.
        stock_volatility: volatility of the stocks' excess returns, decimal per year.
        bond_volatility: volatility of the bonds' excess returns, decimal per year.
        correlation: correlation of the two.

    Returns:
        The spread; NaN if L is 1 or less, so that there is no loan.

    Example:
        >>> round(tie_spread(0.4, 0.4, 0.15, 0.05, 0.0), 4)
        0.011
    """
    volatilities = np.array([stock_volatility, bond_volatility])
    means = np.array([stock_sharpe, bond_sharpe]) * volatilities
    covariance = np.outer(volatilities, volatilities) * np.array([[1, correlation], [correlation, 1]])
    balanced, parity = np.array([0.6, 0.4]), 1 / volatilities / (1 / volatilities).sum()
    leverage = float(np.sqrt((balanced @ covariance @ balanced) / (parity @ covariance @ parity)))
    if leverage <= 1:
        return float("nan")
    return float((leverage * parity @ means - balanced @ means) / (leverage - 1))


def ties(record: RunRecord) -> Ties:
    """Return the ties of levered risk parity and 60/40, from the monthly returns of a run's stocks and bonds.

    Args:
        record: a run with a period of a month or less, with assets of the classes `equities` and `bonds`; a class is
            the mean of its assets.

    Raises:
        DataError: the period is longer than a month, one of the classes is missing or does not vary, or there are fewer
            than 24 months.

    Example:
        >>> import backtest as bt
        >>> found = bt.run("configs/60_40.yaml").ties()
        >>> round(float(found.history["spread"]["whole"]) * 1e4)
        -63
    """
    excess = _excess(record)
    whole = _measures(excess)
    decades = excess.groupby(pd.DatetimeIndex(excess.index).year // 10 * 10)
    periods = {"whole": excess} | {f"{decade}s": part for decade, part in decades}
    history = {name: _measures(part) for name, part in periods.items() if len(part) >= FEWEST}
    history["last 10 years"] = _measures(excess.iloc[-10 * YEAR :])
    table = [
        [tie_spread(whole["stock_sharpe"], ratio, whole["stock_volatility"], whole["bond_volatility"], correlation)
         for ratio in _SHARPE_RATIOS]
        for correlation in _CORRELATIONS
    ]  # fmt: skip
    correlations = pd.Index(_CORRELATIONS.round(2), name="correlation")
    ratios = pd.Index(_SHARPE_RATIOS.round(2), name="bond_sharpe")
    return Ties(pd.DataFrame(table, correlations, ratios), pd.DataFrame.from_dict(history, orient="index"))


def _excess(record: RunRecord) -> pd.DataFrame:
    """Return the monthly excess returns of stocks and bonds."""
    if record.periods_per_year < YEAR:
        raise DataError(f"ties: the run has {record.periods_per_year} periods a year; expected {YEAR} or more")
    missing = [name for name in _CLASSES if name not in record.classes.values()]
    if missing:
        raise DataError(f"ties: no asset of the class {missing[0]}. Hint: data.assets: {{NAME: {missing[0]}, ...}}")
    cash = by_month(record.cash_returns.iloc[1:].to_frame()).iloc[:, 0]
    excess = pd.DataFrame({name: class_returns(record, name) - cash for name in _CLASSES}).dropna()
    if len(excess) < FEWEST:
        raise DataError(f"ties: the run has {len(excess)} months of stocks and bonds; expected {FEWEST} or more")
    if not all(has_risk(deviation) for deviation in excess.std()):
        raise DataError("ties: expected returns of stocks and of bonds that vary")
    return excess


def _measures(excess: pd.DataFrame) -> dict[str, float]:
    stocks, bonds = (excess[name].to_numpy() for name in _CLASSES)
    found = {
        "stock_sharpe": sharpe(stocks, YEAR),
        "bond_sharpe": sharpe(bonds, YEAR),
        "stock_volatility": volatility(stocks, YEAR),
        "bond_volatility": volatility(bonds, YEAR),
        "correlation": float(np.corrcoef(stocks, bonds)[0, 1]),
    }
    return found | {"spread": tie_spread(**found)}
