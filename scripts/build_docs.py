"""Refresh the generated parts of README.md and docs/: the picture, command output, and the table of estimators.

    python scripts/build_docs.py

`tests/contracts/test_docs.py` fails where a page differs from what the code gives.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from backtest.estimation.estimation_settings import estimator_classes

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
ESTIMATORS = "| name | Σ | source | settings and defaults |\n|---|---|---|---|\n"
ESTIMATOR_TABLE = re.compile(rf"{re.escape(ESTIMATORS)}(?:\|.*\n)*")


def main() -> None:
    """Run every command of every page, and take the picture from the README's run."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "strategies"):
            (Path(folder) / name).symlink_to(ROOT / name)
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
            text = ESTIMATOR_TABLE.sub(lambda _: estimator_table(), page.read_text(encoding="utf-8"))
            page.write_text(BLOCK.sub(lambda block: refreshed(block[1], Path(folder)), text), encoding="utf-8")
        shutil.copy(Path(folder) / "reports/erc/figures/growth.png", ROOT / "docs/growth.png")


def refreshed(block: str, folder: Path) -> str:
    """A console block with each command's output as it is now."""
    commands = re.findall(r"^\$ (.*)$", block, flags=re.MULTILINE)
    shown = "\n".join(f"$ {command}\n{output_of(command, folder)}" for command in commands)
    return f"```console\n{shown}```"


def output_of(command: str, folder: Path) -> str:
    """What `python ...` prints, without blanks at line ends."""
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.strip("\n").splitlines())


def estimator_table() -> str:
    """Return the Markdown table of estimators: name, formula, source, and the settings besides `missing`."""
    rows = []
    for estimator in estimator_classes():
        fields = {key: field for key, field in estimator.model_fields.items() if key not in {"covariance", "missing"}}
        settings = ", ".join(_setting(key, field.default, field.annotation) for key, field in fields.items())
        name = estimator.model_fields["covariance"].default
        rows.append(f"| `{name}` | {estimator.formula} | {estimator.source} | {settings} |\n")
    return ESTIMATORS + "".join(rows)


def _setting(key: str, default: Any, annotation: Any) -> str:
    """A setting with its default, and the other choices if there are any."""
    if default is None:
        return f"`{key}` (optional)"
    others = [value for value in get_args(annotation) if value != default] if get_origin(annotation) is Literal else []
    return f"`{key}: {default}`" + (f" (or {', '.join(f'`{value}`' for value in others)})" if others else "")


if __name__ == "__main__":
    main()
