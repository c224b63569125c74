"""Risk budgeting: shares of risk as they are given."""

from backtest.strategy import Budgets
from strategies.erc import ERC


class RiskBudgeting(ERC):
    """Given shares of risk: w_i (Σw)_i / σ = b_i σ, by asset, by class or in groups (Bruder, Roncalli 2012).

    The settings of `erc`, of which `budgets` has to be given.
    """

    budgets: Budgets
