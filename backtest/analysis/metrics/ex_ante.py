"""Ex-ante risk of assets, classes and the portfolio, by the covariance of each rebalance date.

Covariances are large and are not stored: `ex_ante_risk` reduces them, in batches of dates, to the numbers needed later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Bools, Floats
from backtest.risk import effective_number_of_bets, risk_contributions, sleeve_covariance

UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, eq=False)
class ExAnteRisk:
    """Risk of m target weights by m covariances, decimals per period.

    Args:
        contributions: (m, n) risk contributions of the target weights; a row is NaN if an asset that is held has no
            covariance, or if nothing is held.
        asset_volatilities: (m, n) volatilities of the assets, NaN for an asset without a covariance.
        class_volatilities: (m, k) volatility of the holdings of each class alone; NaN in the same rows as
            `contributions`.
    """

    contributions: Floats
    asset_volatilities: Floats
    class_volatilities: Floats


def ex_ante_risk(targets: Floats, covariances: Floats, members: Bools) -> ExAnteRisk:
    """Return the risk of target weights by the covariances of their dates.

    The row of a date is bit-for-bit the same whichever other dates are in the batch.

    Args:
        targets: (m, n) fractions of NAV.
        covariances: (m, n, n) decimal² per period; NaN for assets without one.
        members: (k, n) True for the assets that belong to each class; k is 0 without classes.

    Example:
        >>> risk = ex_ante_risk(np.array([[0.6, 0.4]]), np.array([[[0.04, 0.0], [0.0, 0.01]]]), np.eye(2, dtype=bool))
        >>> risk.contributions.round(4).tolist(), risk.class_volatilities.round(2).tolist()
        ([[0.1138, 0.0126]], [[0.12, 0.04]])
    """
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    known, held = np.isfinite(variances), targets != 0
    complete = held.any(axis=1) & (known | ~held).all(axis=1)
    usable = covariances if complete.all() else covariances[complete]
    if not known[complete].all():  # the covariance of an asset without weight has no effect, but NaN × 0 would be NaN
        pairs = known[complete]
        usable = np.where(pairs[:, :, None] & pairs[:, None, :], usable, 0.0)
    contributions = np.full(targets.shape, np.nan)
    alone = np.full((len(targets), len(members)), np.nan)
    if complete.any():
        contributions[complete] = risk_contributions(targets[complete], usable)
        if len(members):
            sleeves = np.diagonal(sleeve_covariance(targets[complete], usable, members), axis1=1, axis2=2)
            alone[complete] = np.sqrt(np.maximum(sleeves, 0.0))
    return ExAnteRisk(contributions, np.sqrt(variances), alone)


def class_members(assets: Sequence[str], classes: Mapping[str, str]) -> tuple[list[str], Bools]:
    """Return the k classes in the order of their first assets, and (k, n) True for the assets of each class.

    Assets without a class form the class `unclassified`, unless no asset has a class: then k is 0.

    Example:
        >>> class_members(["spx", "ust", "eafe"], {"spx": "equities", "ust": "bonds", "eafe": "equities"})[1].tolist()
        [[True, False, True], [False, True, False]]
    """
    if not any(classes.get(asset) for asset in assets):
        return [], np.zeros((0, len(assets)), dtype=bool)
    of_each = [classes.get(asset) or UNCLASSIFIED for asset in assets]
    names = list(dict.fromkeys(of_each))
    return names, np.array(of_each)[None, :] == np.array(names)[:, None]


def by_class(table: pd.DataFrame, classes: Mapping[str, str]) -> pd.DataFrame:
    """Return the sums over the assets of each class, for risk contributions, weights or any additive quantity.

    Args:
        table: (m, n) by asset; a NaN makes the sum of its class NaN.
        classes: asset class by asset.

    Returns:
        (m, k) by class, in the order of their first assets; no columns if no asset has a class.

    Example:
        >>> table = pd.DataFrame({"spx": [0.04], "ust": [0.02], "eafe": [0.01]})
        >>> by_class(table, {"spx": "equities", "ust": "bonds", "eafe": "equities"}).round(2).to_dict("list")
        {'equities': [0.05], 'bonds': [0.02]}
    """
    names, members = class_members(list(table.columns), classes)
    values = table.to_numpy()
    sums = [values[:, own].sum(axis=1) for own in members]
    return pd.DataFrame(dict(zip(names, sums, strict=True)), index=table.index)


def diversification(result: RunRecord) -> pd.DataFrame:
    """Return the diversification of the allowed targets on each rebalance date that has a covariance.

    Returns:
        (m', 4) by rebalance date, NaN if a portfolio has no risk: `diversification_ratio` (its square is a number of
        independent bets) and `effective_number_of_bets` (the inverse Herfindahl index of risk shares, n for ERC by
        construction). Both are across assets and, with the prefix `class_`, across classes; NaN without classes.

    Example:
        >>> import backtest as bt
        >>> diversification(bt.run("configs/erc.yaml")).mean().round(2).tolist()
        [2.11, 4.0, 1.86, 2.67]
    """
    contributions = result.risk_contributions
    volatility = contributions.to_numpy().sum(axis=1)
    weights = np.abs(result.allowed_targets.loc[contributions.index].to_numpy())
    alone = np.where(weights != 0, weights * result.asset_volatilities.to_numpy(), 0.0).sum(axis=1)
    classes = by_class(contributions, result.classes)
    between = result.class_volatilities.to_numpy().sum(axis=1) if classes.shape[1] else np.full(len(classes), np.nan)

    def ratio(values: Floats) -> Floats:
        return np.asarray(np.divide(values, volatility, out=np.full_like(values, np.nan), where=volatility > 0))

    return pd.DataFrame(
        {
            "diversification_ratio": ratio(alone),
            "effective_number_of_bets": effective_number_of_bets(contributions),
            "class_diversification_ratio": ratio(between),
            "class_effective_number_of_bets": effective_number_of_bets(classes) if classes.shape[1] else np.nan,
        },
        index=contributions.index,
    )
