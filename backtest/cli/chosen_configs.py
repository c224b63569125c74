"""Configurations as commands take them: files, names, standard input, and settings that replace others."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.errors import ConfigError, nearest

if TYPE_CHECKING:
    from backtest.config import RunConfig

FOLDER = Path("configs")
STANDARD_INPUT = Path("-")
_LONGEST = 200  # characters of a path for which a similar one is suggested


def config_names(begun: str) -> list[str]:
    """Return the names of the files in `configs/` that begin like a word, for shell completion."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem.startswith(begun))


def setting_names(begun: str) -> list[str]:
    """Return `NAME=` of each setting of a configuration that begins like a word, for shell completion."""
    from backtest.config.hints import setting_places

    return sorted(f"{place}=" for place in setting_places() if place.startswith(begun))


Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Replace a setting, such as estimation.window=3Y; may be repeated. The value is YAML.",
        show_default=False,
        autocompletion=setting_names,
    ),
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace a report of other settings, instead of a numbered folder next to it."),
]
Start = Annotated[
    str | None, typer.Option(metavar="DATE", help="First date; windows use earlier data.", show_default=False)
]
End = Annotated[str | None, typer.Option(metavar="DATE", help="Last date.", show_default=False)]


def configs_of(given: Sequence[Path], overrides: Mapping[str, Any]) -> "list[RunConfig]":
    """Return the configurations with these files or names, each with the same overrides.

    Raises:
        ConfigError: a configuration is missing or wrong, or two have one name.
    """
    from backtest.config import load_config

    configs = [load_config(source_of(path), overrides) for path in given]
    names = [config.name for config in configs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        files = " and ".join(str(path) for path, name in zip(given, names, strict=True) if name == twice)
        raise ConfigError(f"{files} are both named {twice}; expected a different `name:` for each report")
    return configs


def overrides_of(
    settings: Sequence[str] | None, *, start: str | None = None, end: str | None = None, name: str | None = None
) -> dict[str, Any]:
    """Return the values by dotted name that options of a command give.

    Raises:
        ConfigError: an option is not of the form NAME=VALUE, its value is not YAML, or a setting is given twice.

    >>> overrides_of(["estimation.window=3Y", "strategy.weights={gold: 1}"], start="2000-01-01")
    {'start': '2000-01-01', 'estimation.window': '3Y', 'strategy.weights': {'gold': 1}}
    """
    options = {"start": start, "end": end, "name": name}
    given: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    for setting in settings or ():
        key, equals, text = setting.partition("=")
        if not key or not equals:
            raise ConfigError(f"--set {setting}: expected NAME=VALUE, such as estimation.window=3Y")
        if key in given:
            raise ConfigError(f"--set {key}: given twice; expected each setting once")
        given[key] = _value(text, key)
    return given


def in_command(command: str, given: Sequence[Path], settings: Sequence[str] | None, **options: str | None) -> str:
    """Return a command that repeats this one, for a report, with paths relative to this folder and without secrets."""
    from backtest.data.sources.address import public
    from backtest.redaction import redact

    words = [public(_relative(path).as_posix()) for path in given]
    words += [word for setting in settings or () for word in ("--set", redact(setting))]
    words += [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
    return f"python -m backtest {command} {shlex.join(words)}"


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _value(text: str, key: str) -> Any:
    """Return the value that YAML reads in a text."""
    from backtest.config.yaml_nodes import plain
    from backtest.config.yaml_text import parse

    problems: list[str] = []
    values = plain(parse(f"value: {text}", Path(f"--set {key}")), problems)
    if problems or list(values) != ["value"]:
        raise ConfigError(f"--set {key}: got {text!r}; expected one value, such as 60 or {{gold: 1}}")
    return values["value"]


def source_of(path: Path) -> "Path | Mapping[str, Any] | RunConfig":
    """Return the file that a path or a name stands for, or the settings on standard input or in a manifest."""
    from backtest.reporting.files.manifest import MANIFEST

    if path == STANDARD_INPUT:
        from backtest.config.yaml_nodes import plain
        from backtest.config.yaml_text import parse

        problems: list[str] = []
        settings: Mapping[str, Any] = plain(parse(sys.stdin.read(), path), problems)
        if problems:
            raise ConfigError(*problems)
        return _of_manifest(settings) or settings
    if path.name == MANIFEST:
        from backtest.config.manifest_config import load_finished

        return load_finished(path.parent)
    named = FOLDER / f"{path}.yaml"  # Path's own methods raise for a name that is too long
    if os.path.lexists(path):
        return path
    return named if len(path.parts) == 1 and os.path.isfile(named) else _missing(path)  # noqa: PTH113 - see above


def _of_manifest(settings: "Mapping[str, Any]") -> "RunConfig | None":
    """Return the configuration of a manifest on standard input; None for settings that are not a manifest."""
    from backtest.reporting.files.finished_run import is_of_run

    if not is_of_run(settings):
        return None
    from backtest.config.manifest_config import config_of_manifest

    return config_of_manifest(settings, STANDARD_INPUT)


def _missing(path: Path) -> Path:
    """Raise an error that names similar files, or return an address or a device as it is."""
    if len(str(path)) > _LONGEST:
        return path
    folders = [path.parent, FOLDER, *sorted(folder for folder in FOLDER.glob("*") if folder.is_dir())]
    found = [file for folder in reversed(folders) if folder.is_dir() for file in folder.glob("*.yaml")]
    files = {file.stem: file for file in found}  # the nearest file of a name
    near = nearest(path.stem, files)
    if not near:
        return path  # the loader tells what is wrong with it
    raise ConfigError(f"{path}: no such file. Did you mean {files[near].as_posix()}?")
