"""`trials`: the ledger of the rules that were run in a project."""

from typing import TYPE_CHECKING

import typer

from backtest.cli.terminal import new_table, show

if TYPE_CHECKING:
    from backtest.trials.trial import Trial
    from backtest.trials.trial_ledger import TrialLedger

app = typer.Typer(
    no_args_is_help=True,
    help="Show or switch the ledger of all rules that were run in this project, which reports count.",
)


@app.command("list")
def list_trials() -> None:
    """List the distinct rules that were run in this project, in the order of their first runs."""
    ledger = _ledger()
    runs: dict[tuple[str, str], list[Trial]] = {}
    for trial in ledger.read():
        runs.setdefault((trial.universe, trial.rule), []).append(trial)
    if runs:
        from backtest.reporting.format import terminal_ratio

        table = new_table("name", "assets", "period", "Sharpe", "runs", "first run", "rule")
        for (universe, rule), each in runs.items():
            last, first = each[-1], each[0]
            period, ratio = f"{last.start:%Y}-{last.end:%Y}", terminal_ratio(last.sharpe)
            table.add_row(last.name, universe, period, ratio, str(len(each)), str(first.time.date()), rule[:8])
        show(table)
    else:
        typer.echo(f"{ledger.path.as_posix()} holds no trial. Hint: python -m backtest run CONFIG")
    if ledger.is_off:
        typer.echo("the ledger is off: runs are not recorded")


@app.command()
def reset() -> None:
    """Begin a new ledger, for example for another question; the old file is kept once."""
    kept = _ledger().reset()
    typer.echo("there were no trials" if kept is None else f"the trials so far are in {kept.as_posix()}")


@app.command()
def off() -> None:
    """Record no runs of this project, whoever makes them, and say so in its reports."""
    _switch(on=False)


@app.command()
def on() -> None:
    """Record the runs of this project, as by default."""
    _switch(on=True)


def _switch(*, on: bool) -> None:
    ledger = _ledger()
    ledger.switch(on=on)
    if on and ledger.is_off:
        from backtest.data.cache.default_folders import TRIALS

        typer.echo(f"the ledger of {ledger.root.as_posix()} is on, but {TRIALS}=off turns it off here")
    else:
        typer.echo(f"the ledger of {ledger.root.as_posix()} is {'on' if on else 'off'}")


def _ledger() -> "TrialLedger":
    """Return the ledger of the project of the current folder.

    Raises:
        BacktestError: the folder does not belong to a project.
    """
    from pathlib import Path

    from backtest.errors import BacktestError
    from backtest.own.own_files import ROOT_MARKS
    from backtest.trials.trial_ledger import TrialLedger

    ledger = TrialLedger.near(Path.cwd())
    if ledger is None:
        raise BacktestError(
            f"{Path.cwd().as_posix()}: not in a project, so there is no ledger of trials; expected one of "
            f"{', '.join(ROOT_MARKS)} in this folder or above it. Hint: an empty {ROOT_MARKS[0]} makes it a project."
        )
    return ledger
