"""Risk budgeting: given shares of risk."""

from pydantic import Field

from backtest.strategy import Budgets, GroupBudget

from .erc import ERC


class RiskBudgeting(ERC):
    """Given shares of risk: w_i (Σw)_i / σ = b_i σ; by default 30 % equities, 40 % bonds, 30 % commodities.

    It has the settings of `erc`: `budgets` by asset, by class or in groups, and bounds on weights. Source: Roncalli
    (2013), "Introduction to Risk Parity and Budgeting", chapter 2.

    Definitions: docs/conventions/strategies.md#risk-budgets

    Args:
        budgets: shares of risk by asset, by class or in groups, as in `erc`.
    """

    budgets: Budgets = Field(
        default_factory=lambda: dict[str, float | GroupBudget](equities=0.3, bonds=0.4, commodities=0.3)
    )
