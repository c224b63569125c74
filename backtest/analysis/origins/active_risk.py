"""Active return and tracking error against the benchmark, by asset class: allocation, selection, and risk."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.analysis.attribution.return_attribution import period_attribution
from backtest.analysis.metrics.performance import volatility
from backtest.analysis.run_record import RunRecord
from backtest.errors import ComparisonError
from backtest.numerics.tolerances import ROUNDING

REST = "cash, loans and costs"


@dataclass(frozen=True, eq=False)
class ActiveRisk:
    """Parts of the difference from the benchmark.

    Args:
        table: by asset class, with `REST` as the last row: `active_weight`, the mean weight less the benchmark's;
            `allocation` and `selection`, their effects on the mean active return; `active_return`, their sum; `risk`,
            the contribution to the tracking error. Decimal; all but the weight are per year. NaN: `REST` has no
            weight, allocation or selection, and without a tracking error there is no contribution.
        active_return: mean return less the benchmark's, decimal per year: the sum of its column.
        tracking_error: standard deviation of the difference, decimal per year: the sum of `risk`.
        assets: contribution of each asset of either side, and of `REST`, to the tracking error, decimal per year.
    """

    table: pd.DataFrame
    active_return: float
    tracking_error: float
    assets: pd.Series

    @property
    def sentence(self) -> str:
        """The class with the largest contribution to the tracking error, in words."""
        if not self.tracking_error > 0:
            return "The run has the returns of its benchmark."
        risks = self.table["risk"].to_numpy(dtype=float)
        name = self.table.index[int(risks.argmax())]
        share = risks.max() / self.tracking_error
        return (
            f"The run differs from its benchmark by {self.active_return:+.1%} a year with a tracking error of "
            f"{self.tracking_error:.1%}, of which {name} brings {share:.0%}."
        )


def active_risk(record: RunRecord) -> ActiveRisk:
    """Return the active return and the tracking error of a run by asset class; an asset without a class is one.

    In each period, with contributions c to the return, opening weights w, and the benchmark's c' and w', a class has
    the allocation effect (w - w') (c'/w' - cash) and the selection effect c - w c'/w'. Where the benchmark does not
    hold the class, c/w replaces c'/w', and all is allocation. The cash return of active weights is in `REST`, with
    interest, spreads and costs. A part a of the active return has the risk cov(a, Σa) / σ(Σa).

    Raises:
        ComparisonError: the run has no benchmark, or fewer than two periods.

    Example:
        >>> import backtest as bt
        >>> found = bt.run("configs/erc.yaml").active_risk
        >>> found.table["risk"].round(3).to_dict()
        {'equities': 0.045, 'bonds': 0.003, 'commodities': 0.03, 'cash, loans and costs': -0.0}
    """
    other = record.benchmark
    if other is None:
        raise ComparisonError("active_risk: the run has no benchmark; expected one. Hint: the setting benchmark:")
    if len(record.nav) < 3:
        raise ComparisonError(f"active_risk: {record.name} has fewer than two periods; expected two or more")
    cash = record.cash_returns.iloc[1:]
    own, theirs = (_by_asset(each) for each in (record, other))
    names = list(dict.fromkeys([*own[0].columns, *theirs[0].columns]))
    classes = {asset: {**other.classes, **record.classes}.get(asset, asset) for asset in names}
    allocation, selection, weights = _effects(_by_class(own, classes), _by_class(theirs, classes), cash)
    active = record.returns - other.returns
    rest = active - (allocation + selection).sum(axis=1)
    per_year, error = record.periods_per_year, volatility(active.to_numpy(), record.periods_per_year)
    table = pd.DataFrame(
        {
            "active_weight": weights.mean(),
            "allocation": per_year * allocation.mean(),
            "selection": per_year * selection.mean(),
        }
    ).reindex([*allocation.columns, REST])
    parts = (allocation + selection).assign(**{REST: rest})
    table["active_return"] = per_year * parts.mean()
    table["risk"] = _risks(parts, active, per_year)
    ours, others = (each[0].reindex(columns=names, fill_value=0.0) for each in (own, theirs))
    held = ours - others
    by_asset = held.assign(**{REST: active - held.sum(axis=1)})
    return ActiveRisk(table, float(per_year * active.mean()), error, _risks(by_asset, active, per_year))


def _by_asset(record: RunRecord) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the (P - 1, n) contributions to the return of each period, and the weights at its beginning."""
    contributions = period_attribution(record).iloc[:, : len(record.assets)]
    return contributions, record.weights.iloc[:-1].set_axis(contributions.index, axis=0)


def _by_class(tables: tuple[pd.DataFrame, pd.DataFrame], classes: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = list(dict.fromkeys(classes.values()))
    contributions, weights = (
        table.T.groupby([classes[str(asset)] for asset in table.columns]).sum().T.reindex(columns=order, fill_value=0.0)
        for table in tables
    )
    return contributions, weights


def _effects(
    own: tuple[pd.DataFrame, pd.DataFrame], theirs: tuple[pd.DataFrame, pd.DataFrame], cash: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return allocation, selection and active weights by period and class."""
    (made, weights), (made_by_other, other_weights) = own, theirs
    returns = (made_by_other / other_weights).where(other_weights.abs() > ROUNDING)
    returns = returns.fillna((made / weights).where(weights.abs() > ROUNDING)).fillna(0.0)
    active = weights - other_weights
    return active * returns.sub(cash, axis=0), made - weights * returns, active


def _risks(parts: pd.DataFrame, total: pd.Series, periods_per_year: int) -> pd.Series:
    """Return the contributions of parts to the annualised standard deviation of their sum; NaN without one."""
    error = volatility(total.to_numpy(), periods_per_year)
    moves = total.to_numpy() - total.to_numpy().mean()
    covariances = (parts - parts.mean()).to_numpy().T @ moves / (len(moves) - 1)
    risks = periods_per_year * covariances / error if error > 0 else np.full(len(covariances), np.nan)
    return pd.Series(risks, parts.columns, name="risk")
