"""Command line: the only layer that prints. Heavy imports wait until a command needs them."""

import gc
import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Annotated, Any, Self

import typer

from backtest.cli import (
    check_command,
    data_commands,
    live_command,
    orders_command,
    repeat_commands,
    run_commands,
    shelf_commands,
)
from backtest.cli.message_options import LOG, with_message_options
from backtest.cli.project import project_commands
from backtest.cli.research import (
    break_even_command,
    compare_command,
    monte_carlo_command,
    robustness_command,
    stress_command,
    sweep_command,
    trial_commands,
    walk_forward_command,
)
from backtest.cli.terminal import write
from backtest.errors import BacktestError, readable
from backtest.redaction import redact
from backtest.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Backtest risk-parity portfolios on real history, with financing costs and without look-ahead.",
    epilog="Start with: python -m backtest run configs/erc.yaml",
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run_commands.run,
    "check": check_command.check,
    "compare": compare_command.compare,
    "sweep": sweep_command.sweep,
    "walk-forward": walk_forward_command.walk_forward,
    "robustness": robustness_command.robustness,
    "monte-carlo": monte_carlo_command.monte_carlo,
    "stress": stress_command.stress,
    "live": live_command.live,
    "breakeven": break_even_command.breakeven,
    "replay": repeat_commands.replay,
    "verify": repeat_commands.verify,
    "orders": orders_command.orders,
    "open": shelf_commands.open_page,
    "list": shelf_commands.list_shelf,
    "strategies": run_commands.strategies,
    "assets": run_commands.assets,
    "risk": run_commands.risk,
    "schema": project_commands.schema,
    "init": project_commands.init,
}
_INTERRUPTED = 130  # the usual exit code after Ctrl-C
_MACHINE = 3  # exit code of faults that do not come from the input
for name, command in _COMMANDS.items():
    app.command(name)(with_message_options(command))
for group, group_app in {"new": project_commands.new, "data": data_commands.app, "trials": trial_commands.app}.items():
    for registered in group_app.registered_commands:
        registered.callback = with_message_options(registered.callback or sys.exit)
    app.add_typer(group_app, name=group)


def _print_version(version: bool) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


class _Messages(logging.Handler):
    """Handler that prints log messages, such as warnings of old or damaged data, as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "warning" if record.levelno >= logging.WARNING else "note" if record.levelno >= logging.INFO else "debug"
        for line in readable(record.getMessage()).splitlines():
            write(f"{kind}: {line}", indent=len(kind) + 2, err=True)


def _print_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a fault of the program, which may show an address, without secrets."""
    typer.echo(redact("".join(traceback.format_exception(kind, fault, trace))), err=True, nl=False)


def _fault_of_the_machine(fault: Exception) -> str | None:
    """Return the message for too little memory, or a file or package that fails; None for a fault of the program."""
    if isinstance(fault, MemoryError):
        return "the command needs more memory than it may use; hint: fewer assets or dates, or a higher limit"
    if isinstance(fault, OSError | ImportError):
        return f"{readable(f'{type(fault).__name__}: {fault}')}; hint: check disk and memory, or install again"
    return None


class _Interrupt:
    """Handler of signals that end the program: INT (Ctrl-C), TERM and HUP, unless they are ignored, as with `nohup`.

    A compiled function that calls back into Python may swallow the exception and then fail, so `happened` remembers it.
    """

    _SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

    def __init__(self) -> None:
        self.happened = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other thread may set handlers
            numbers = [getattr(signal, name) for name in self._SIGNALS if hasattr(signal, name)]
            handlers = {number: signal.getsignal(number) for number in numbers}
            usual = (signal.SIG_DFL, signal.default_int_handler)
            self._before = {number: handler for number, handler in handlers.items() if handler in usual}
        for number in self._before:
            signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self.happened = True
        raise KeyboardInterrupt


def main() -> None:
    """Run the command line; an error that the user can fix prints one line and exits with code 2 or 3."""
    gc.set_threshold(1_000_000)  # objects live until the command exits; garbage collection took 10 % of the run time
    messages = _Messages()
    LOG.setLevel(logging.INFO)
    LOG.addHandler(messages)
    interrupt = _Interrupt()
    try:
        with interrupt:
            app(standalone_mode=True)
    except KeyboardInterrupt:  # before or after the command, which typer interrupts in the same way
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if interrupt.happened:
            sys.exit(_INTERRUPTED)
        message = str(error) if isinstance(error, BacktestError) else _fault_of_the_machine(error)
        if message is None:
            sys.excepthook = _print_fault
            raise
        for line in message.splitlines():
            write(f"error: {line}", indent=7, err=True)
        sys.exit(error.exit_code if isinstance(error, BacktestError) else _MACHINE)
    finally:
        LOG.removeHandler(messages)


def script() -> None:
    """Run the command `backtest`, which finds own modules in the current folder, as `python -m backtest` does."""
    sys.path.append("")
    main()
