"""The same run by each of the peers: prices, target weights on some dates, and a proportional cost.

Each is used as its documentation says, with fractions of shares where it has them, and with the options that the
comparison needs; docs/peers.md has the conventions that are left. Packages are imported by name: they live in
environments of their own, and ship no types.
"""

import logging
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats

CAPITAL = 1e6
ZIPLINE_CAPITAL = 1e13  # it deals in whole shares: 1e10 of them or more are round to 1e-10


@dataclass(frozen=True)
class Work:
    """Task given to a peer: T dates and n assets.

    Args:
        prices: (T, n) closes. cash: (T,) level of cash; only cvxportfolio knows interest.
        targets: (m, n) fractions of NAV on m of the dates. cost: fraction of what is traded.
    """

    prices: pd.DataFrame
    cash: pd.Series
    targets: pd.DataFrame
    cost: float


def by_bt(work: Work) -> Floats:
    """(T,) NAV after the trades of each close, by bt."""
    bt = import_module("bt")
    algos = [bt.algos.RunOnDate(*work.targets.index), bt.algos.WeighTarget(work.targets), bt.algos.Rebalance()]
    test = bt.Backtest(
        bt.Strategy("run", algos),
        work.prices,
        initial_capital=CAPITAL,
        commissions=lambda quantity, price: abs(quantity) * price * work.cost,
        integer_positions=False,
        progress_bar=False,
    )
    bt.run(test)
    return np.asarray(test.strategy.values.reindex(work.prices.index) / CAPITAL, np.float64)


def by_cvxportfolio(work: Work) -> Floats:
    """(T,) NAV before the trades of each close, by cvxportfolio, whose returns stand at the beginning of a period."""
    cvx = import_module("cvxportfolio")
    logging.getLogger("cvxportfolio").setLevel(logging.ERROR)
    levels = work.prices.assign(cash=work.cash)
    with tempfile.TemporaryDirectory() as folder:
        simulator = cvx.MarketSimulator(
            returns=levels.pct_change().shift(-1).fillna(0.0),  # the last one is not used
            cash_key="cash",
            costs=[cvx.TransactionCost(a=work.cost)],
            min_history=pd.Timedelta(0),
            base_location=Path(folder),
        )
        policy = cvx.FixedWeights(work.targets.assign(cash=1 - work.targets.sum(axis=1)))
        result = simulator.backtest(
            policy, start_time=levels.index[0], end_time=levels.index[-1], initial_value=CAPITAL
        )
    return np.asarray(result.v / CAPITAL, np.float64)


def vectorbt_portfolio(work: Work, **options: Any) -> Any:
    """The portfolio of vectorbt: one account for all columns; further options go to it."""
    vbt = import_module("vectorbt")
    size = work.targets.reindex(work.prices.index)
    return vbt.Portfolio.from_orders(
        work.prices,
        size,
        size_type="targetpercent",
        direction="both",
        fees=work.cost,
        init_cash=CAPITAL,
        group_by=True,
        cash_sharing=True,
        freq="D",
        **options,
    )


def by_vectorbt(work: Work) -> Floats:
    """(T,) NAV after the trades of each close, by vectorbt, sales before purchases."""
    return np.asarray(vectorbt_portfolio(work, call_seq="auto").value() / CAPITAL, np.float64)


def by_zipline(work: Work) -> Floats:
    """(T,) NAV after the trades of each close, by zipline: what is ordered at one close fills at the next."""
    api, execution, run = (import_module(f"zipline.{name}") for name in ("api", "finance.execution", "utils.run_algo"))
    commission, slippage = (import_module(f"zipline.finance.{name}") for name in ("commission", "slippage"))
    wanted: dict[Any, pd.Series] = dict(work.targets.iterrows())

    def initialize(context: Any) -> None:
        context.assets = {name: api.symbol(name) for name in work.targets}
        api.set_commission(us_equities=commission.PerDollar(cost=work.cost))
        api.set_slippage(us_equities=slippage.NoSlippage())

    def handle_data(context: Any, data: Any) -> None:
        row = wanted.get(data.current_session)
        if row is not None:
            for name, asset in context.assets.items():
                api.order_target_percent(asset, row[name], style=execution.MarketOrder())

    with tempfile.TemporaryDirectory() as folder:
        environ = {"ZIPLINE_ROOT": folder}
        found = run.run_algorithm(
            start=work.prices.index[0],
            end=work.prices.index[-1],
            initialize=initialize,
            handle_data=handle_data,
            capital_base=ZIPLINE_CAPITAL,
            bundle=_BUNDLE,
            trading_calendar=_ingest(work.prices, environ),
            benchmark_returns=pd.Series(0.0, index=pd.DatetimeIndex(work.prices.index, tz="UTC")),
            default_extension=False,
            environ=environ,
        )
    return np.asarray(found["portfolio_value"] / ZIPLINE_CAPITAL, np.float64)


_BUNDLE, _WEEK = "peer_paths", pd.Timedelta(days=7)


def _ingest(prices: pd.DataFrame, environ: dict[str, str]) -> Any:
    """Put closes into zipline's store, which keeps three decimals of a price; its calendar: weekdays until 16:00."""
    bundles = import_module("zipline.data.bundles")
    first, last = prices.index[0], prices.index[-1]

    def bars(column: Any) -> pd.DataFrame:
        close = prices[column]
        return pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 1_000_000})

    def ingest(  # the arguments that zipline gives
        environ: Any,  # noqa: ARG001 - given by zipline
        asset_writer: Any,
        minute_writer: Any,  # noqa: ARG001 - given by zipline
        daily_writer: Any,
        adjustment_writer: Any,
        *rest: Any,  # noqa: ARG001 - given by zipline
    ) -> None:
        asset_writer.write(
            pd.DataFrame(
                {
                    "symbol": list(prices),
                    "start_date": first,
                    "end_date": last,
                    "auto_close_date": last + pd.Timedelta(days=1),
                    "exchange": "synthetic",
                }
            ),
            exchanges=pd.DataFrame(
                {"exchange": ["synthetic"], "canonical_name": ["synthetic"], "country_code": ["US"]}
            ),
        )
        daily_writer.write(((k, bars(name)) for k, name in enumerate(prices)), show_progress=False)
        adjustment_writer.write()

    weekdays = import_module("exchange_calendars.weekday_calendar").WeekdayCalendar
    hours = {"name": _BUNDLE, "close_times": ((None, time(16)),), "close_offset": 0}
    span = {"default_start": classmethod(lambda _: first - _WEEK), "default_end": classmethod(lambda _: last + _WEEK)}
    calendars = import_module("zipline.utils.calendar_utils")
    calendars.global_calendar_dispatcher.register_calendar_type(
        _BUNDLE, type("Weekdays", (weekdays,), hours | span), force=True
    )
    bundles.register(_BUNDLE, ingest, calendar_name=_BUNDLE, start_session=first, end_session=last)
    bundles.ingest(_BUNDLE, environ=environ, show_progress=False)
    return calendars.get_calendar(_BUNDLE)


PEERS: dict[str, Callable[[Work], Floats]] = {
    "bt": by_bt,
    "cvxportfolio": by_cvxportfolio,
    "vectorbt": by_vectorbt,
    "zipline": by_zipline,
}


def quietly(run: Callable[[], Any]) -> Any:
    """Without the warnings of the peers about each other's versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run()
