"""A historical backtester for risk-parity portfolios.

    import backtest as bt
    result = bt.run("configs/erc.yaml")
    result.summary()

The names in `__all__` are the public interface. Each is imported on first use, so that `import backtest` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backtest import testing
    from backtest.analysis.orders.order_list import orders
    from backtest.analysis.own_metric import Metric
    from backtest.analysis.result import BacktestResult
    from backtest.config import RunConfig
    from backtest.data.market_data import MarketData
    from backtest.data.sources.source import Source
    from backtest.errors import BacktestError
    from backtest.estimation.estimator import Estimator
    from backtest.reporting.figures import run_figures as plot
    from backtest.reporting.files.report_files import write_report
    from backtest.risk import risk_contributions, risk_parity_weights
    from backtest.runs.break_even import break_even
    from backtest.runs.compared_runs import compare
    from backtest.runs.pipeline import run, run_all
    from backtest.runs.prepared import prepare
    from backtest.strategy import MarketView, Strategy
    from backtest.studies.monte_carlo import monte_carlo
    from backtest.studies.robustness import robustness
    from backtest.studies.stress import stress
    from backtest.studies.walk_forward import walk_forward
    from backtest.sweeps.run_sweep import sweep
    from backtest.version import __version__

__all__ = [
    "BacktestError",
    "BacktestResult",
    "Estimator",
    "MarketData",
    "MarketView",
    "Metric",
    "RunConfig",
    "Source",
    "Strategy",
    "__version__",
    "break_even",
    "compare",
    "monte_carlo",
    "orders",
    "plot",
    "prepare",
    "risk_contributions",
    "risk_parity_weights",
    "robustness",
    "run",
    "run_all",
    "stress",
    "sweep",
    "testing",
    "walk_forward",
    "write_report",
]

_PLACES = {
    "BacktestError": "backtest.errors",
    "BacktestResult": "backtest.analysis.result",
    "Estimator": "backtest.estimation.estimator",
    "MarketData": "backtest.data.market_data",
    "MarketView": "backtest.strategy",
    "Metric": "backtest.analysis.own_metric",
    "RunConfig": "backtest.config",
    "Source": "backtest.data.sources.source",
    "Strategy": "backtest.strategy",
    "__version__": "backtest.version",
    "break_even": "backtest.runs.break_even",
    "compare": "backtest.runs.compared_runs",
    "orders": "backtest.analysis.orders.order_list",
    "prepare": "backtest.runs.prepared",
    "risk_contributions": "backtest.risk",
    "risk_parity_weights": "backtest.risk",
    "monte_carlo": "backtest.studies.monte_carlo",
    "robustness": "backtest.studies.robustness",
    "run": "backtest.runs.pipeline",
    "run_all": "backtest.runs.pipeline",
    "stress": "backtest.studies.stress",
    "sweep": "backtest.sweeps.run_sweep",
    "walk_forward": "backtest.studies.walk_forward",
    "write_report": "backtest.reporting.files.report_files",
}
_MODULES = {"plot": "backtest.reporting.figures.run_figures", "testing": "backtest.testing"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
