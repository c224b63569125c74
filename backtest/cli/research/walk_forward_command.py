"""`walk-forward`: the best of several candidates, chosen again and again by the history before."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from backtest.cli.chosen_configs import End, Replace, Setting, Start, config_names, in_command, overrides_of, source_of
from backtest.cli.research.sweep_command import Vary, grid_of, record
from backtest.cli.run_commands import print_json, print_run, write_run
from backtest.data.cache.default_folders import REPORTS
from backtest.redaction import redact


def walk_forward(
    config: Annotated[
        Path,
        typer.Argument(
            help="A configuration with the sections sweep and walk_forward, or any configuration with --vary.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    *,
    vary: Vary = None,
    output: Annotated[
        Path | None, typer.Option(help="Report folder. Default: reports/<name>_walk_forward.", show_default=False)
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    replace: Replace = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only summary.json; writes a report only with --output.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Choose the best of several candidates again and again by the history before, and write a report of the path."""
    from backtest.reporting.files.report_folder import folder_for
    from backtest.studies.walk_forward import walk_forward as follow
    from backtest.sweeps.sweep_trials import trials_of_candidates
    from backtest.trials.tried_rules import ledger_of, record_trials

    overrides = overrides_of(setting, start=start, end=end)
    result = follow(source_of(config), None, grid_of(vary), overrides, offline=offline)
    record(ledger_of(result), lambda time: trials_of_candidates(result, time))
    if as_json:
        print_json([result])
    if as_json and output is None:
        record_trials([result])  # a report does this itself
        return
    folder = folder_for(output, REPORTS / result.name, result.settings, replace=replace)
    command = in_command("walk-forward", [config], setting, start=start, end=end)
    words = [word for each in vary or () for word in ("--vary", redact(each))]
    command = f"{command} {shlex.join(words)}" if words else command
    page = write_run(result, folder, command, lambda _: None, replace=replace)
    if not as_json:
        print_run(result, page, output or REPORTS / result.name)
