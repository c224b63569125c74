"""The shipped strategies: one module each, named as configurations name them.

    from backtest.strategies.erc import ERC

A wheel has their files in this folder. In a checkout they are in `strategies/` at the top of the repository.
"""

from pathlib import Path

_HERE = Path(__file__).parent
if not any(_HERE.glob("[!_]*.py")):
    __path__ = [str(_HERE.parents[1] / "strategies")]
