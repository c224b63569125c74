"""Commands for writing configurations and strategies: `schema`, `new` and `init`."""

import json
import keyword
import re
from pathlib import Path
from typing import Annotated

import typer

from backtest.errors import BacktestError

new = typer.Typer(no_args_is_help=True, help="Write the files of a new strategy.")
_SCHEMA = Path("configs/schema.json")
_PROJECT = Path(__file__).parent / "first_project"
_FIRST = "my_strategy"


def schema() -> None:
    """Print the JSON Schema of configurations, with which editors complete and check them."""
    typer.echo(_schema_text(), nl=False)


@new.command("strategy")
def new_strategy(
    name: Annotated[str, typer.Argument(help="Name of the strategy, such as my_strategy.", show_default=False)],
) -> None:
    """Write a strategy, a configuration and a test that run at once, in this folder."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise BacktestError(f"strategy {name}: expected lower-case letters, digits and _, such as {_FIRST}")
    from backtest.strategy.discovery import shipped_strategies

    if name in shipped_strategies():
        raise BacktestError(f"strategy {name}: a shipped strategy has this name; expected another one")
    _write(_files_of(name))
    _print_next(name)


def init() -> None:
    """Set up this folder, which has to be empty: a strategy, its configuration on bundled data, and a test."""
    found = sorted(path.name for path in Path().iterdir() if not path.name.startswith("."))
    if found:
        raise BacktestError(
            f"this folder has {found[0]} in it; expected an empty one. Hint: python -m backtest new strategy NAME"
        )
    from backtest.own.own_files import ROOT_MARKS

    _write(
        {Path(ROOT_MARKS[0]): "# The root of the project: own code is searched in its folders.\n", **_files_of(_FIRST)}
    )
    _print_next(_FIRST)


def _schema_text() -> str:
    from backtest.cli.project.json_schema import json_schema

    return f"{json.dumps(json_schema(), indent=1, ensure_ascii=False)}\n"


def _files_of(name: str) -> dict[Path, str]:
    """Return the text of each file of a strategy, written like the first project, and the schema of configurations."""
    title = "".join(part.capitalize() for part in name.split("_"))
    texts = {
        Path(str(file.relative_to(_PROJECT)).replace(_FIRST, name)): file.read_text(encoding="utf-8")
        for file in sorted(_PROJECT.rglob(f"*{_FIRST}.*"))
        if file.suffix in {".py", ".yaml"}
    }
    named = {path: text.replace(_FIRST, name).replace("MyStrategy", title) for path, text in texts.items()}
    return named if _SCHEMA.exists() else {**named, _SCHEMA: _schema_text()}


def _write(texts: dict[Path, str]) -> None:
    """Write files that do not exist yet.

    Raises:
        BacktestError: one of them exists; none is written.
    """
    there = [path.as_posix() for path in texts if path.exists()]
    if there:
        raise BacktestError(f"{', '.join(there)}: exists already, so nothing was written; expected another name")
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {path.as_posix()}")


def _print_next(name: str) -> None:
    typer.echo(f"run it: python -m backtest run {name}")
    typer.echo(f"test it: python -m pytest tests/test_{name}.py")
