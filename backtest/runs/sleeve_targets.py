"""Target weights of each sleeve of a blend."""

import numpy as np
import pandas as pd

from backtest.numerics.blas import one_blas_thread
from backtest.runs.plan import Decided
from backtest.strategy.sleeves import Blended


@one_blas_thread()
def sleeve_targets(decided: Decided) -> pd.DataFrame | None:
    """Return the target weights of each sleeve, scaled as the target weights of the run; None if it is no blend.

    Returns:
        (m, k × n) fractions of NAV by rebalance date, with columns of sleeve and asset. Their sums over the sleeves are
        the target weights.
    """
    strategy, decisions = decided.plan.config.strategy.model, decided.decisions
    if not isinstance(strategy, Blended):
        return None
    names, data = list(strategy.sleeves), decided.plan.data
    parts = np.zeros((len(names), *decisions.targets.shape))
    made = 0
    for batch in decisions.agenda.slices(decisions.first, decisions.first + len(decided.rows)):
        for first, end in batch.stretches():
            held = np.flatnonzero(batch.holdable[first])
            parts[:, made + first : made + end, held] = strategy.sleeve_weights(batch.views(first, end))
        made += len(batch.rows)
    before, after = (np.abs(weights).sum(axis=1) for weights in (parts.sum(axis=0), decisions.targets))
    multiples = after / np.where(before > 0, before, np.inf)
    weights = (multiples[:, None] * parts).transpose(1, 0, 2).reshape(len(decided.rows), -1)
    columns = pd.MultiIndex.from_product([names, data.assets], names=["sleeve", "asset"])
    return pd.DataFrame(weights, index=data.dates[list(decided.rows)], columns=columns)
