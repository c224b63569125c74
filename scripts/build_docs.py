"""Refresh the generated parts of the docs: the output below each `$ python` command, the picture, metrics and peers.

    python scripts/build_docs.py

`tests/contracts/test_docs.py` fails where a page shows something else than its command prints.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.estimator_table import refresh_table
from scripts.metrics_page import PAGE as METRICS
from scripts.metrics_page import metrics_page
from scripts.peers_table import refresh_peers

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def main() -> None:
    """Run every command of every page, and take the picture from the README's run."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "strategies"):
            (Path(folder) / name).symlink_to(ROOT / name)
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
            text = refresh_peers(refresh_table(page.read_text(encoding="utf-8")))
            page.write_text(BLOCK.sub(lambda block: refreshed(block[1], Path(folder)), text), encoding="utf-8")
        METRICS.write_text(metrics_page(), encoding="utf-8")
        shutil.copy(Path(folder) / "reports/erc/figures/growth.png", ROOT / "docs/growth.png")


def refreshed(block: str, folder: Path) -> str:
    """A console block with each command's output as it is now."""
    commands = re.findall(r"^\$ (.*)$", block, flags=re.MULTILINE)
    shown = "\n".join(f"$ {command}\n{output_of(command, folder)}" for command in commands)
    return f"```console\n{shown}```"


def output_of(command: str, folder: Path) -> str:
    """Return what `python ...` prints, without trailing blanks."""
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "BACKTEST_TRIALS": "off"},
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.strip("\n").splitlines())


if __name__ == "__main__":
    main()
