"""Check the distribution: build sdist and wheel, install the wheel on each Python, and run it outside the repository.

    python scripts/check_distribution.py [PYTHON ...]

Without arguments, it takes each of Python 3.11 to 3.14 on the PATH or under pyenv. Dependencies are installed from the
wheel's metadata, in the versions of requirements/run.txt. The tests do the same on one Python with the dependencies
that are already installed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ((3, 11), (3, 12), (3, 13), (3, 14))

OWN_STRATEGY = '''
from backtest.strategies.levered_erc import LeveredERC


class Cautious(LeveredERC):
    """Levered ERC with a target volatility of 8 %."""

    target_volatility: float = 0.08
'''
OWN_ESTIMATOR = '''
from backtest.estimation.methods.oas import OAS


class Doubled(OAS):
    """Twice the covariance."""

    def estimate(self, excess_returns, rows, periods_per_year):
        return 2 * super().estimate(excess_returns, rows, periods_per_year)
'''
OWN_SOURCE = '''
import numpy as np
import pandas as pd

import backtest as bt
from backtest.data.raw_series import RawSeries


class Desk(bt.Source):
    """Fifteen years of monthly levels, from a random walk of each symbol."""

    def fetch(self, symbol, since, seconds):
        steps = np.random.default_rng(len(symbol)).normal(0.005, 0.03, 180)
        dates = pd.date_range("2000-01-31", periods=180, freq="ME", name="date")
        return RawSeries(pd.DataFrame({"level": np.exp(steps.cumsum())}, index=dates), symbol, "levels")
'''
IN_ANOTHER_PROCESS = """
from multiprocessing import get_context
import backtest as bt
from backtest.config import load_config

if __name__ == "__main__":
    config = load_config("cautious.json")
    with get_context("spawn").Pool(1) as pool:
        result = pool.apply(bt.run, (config,))
    assert result.nav.equals(bt.run(config).nav)
    assert len(result.own_code) == 3, result.own_code
    bt.testing.check_estimator(type(config.estimation))
    print(result.nav.iloc[-1])
"""
OWN_CONFIG = {
    "name": "cautious",
    "data": {"source": "desk:Desk", "cash": 0.02, "assets": ["one", "three", "seventeen"]},
    "estimation": {"covariance": "doubled", "window": 36},
    "costs": {"trading_bps": 10},
    "financing": {"spread_bps": 50},
    "strategy": {"name": "cautious"},
}


def main() -> None:
    """Check each Python, and print one line for each."""
    pythons = [Path(python) for python in sys.argv[1:]] or installed_pythons()
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder) / "dist")
        print(f"built {wheel.name}")
        for number, python in enumerate(pythons):
            started = monotonic()
            place = Path(folder) / str(number)
            installed = new_environment(python, place / "environment")
            install_with_dependencies(installed, wheel, place)
            run_elsewhere(installed, place / "elsewhere")
            print(f"{version_of(python)}: installed, run and checked in {monotonic() - started:.0f} s")


def installed_pythons() -> list[Path]:
    """One interpreter of each supported version on this machine."""
    names = [shutil.which(f"python{major}.{minor}") for major, minor in VERSIONS]
    places = [Path(name) for name in names if name] + sorted(Path.home().glob(".pyenv/versions/*/bin/python"))
    found: dict[str, Path] = {}
    for place in places:
        found.setdefault(version_of(place), place)
    chosen = [found.get(f"{major}.{minor}") for major, minor in VERSIONS]
    return [place for place in chosen if place]


def version_of(python: Path) -> str:
    """`3.12`, or nothing if the file does not run."""
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    ended = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return ended.stdout.strip()


def build(folder: Path) -> Path:
    """Build the sdist from the repository and the wheel from the unpacked sdist; return the wheel."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def new_environment(python: Path, folder: Path) -> Path:
    """Create an empty environment; return its interpreter."""
    _run([python, "-m", "venv", "--without-pip", folder])
    return folder / "bin" / "python"


def install(python: Path, *arguments: str | Path) -> None:
    """Install into an environment with this environment's pip."""
    _run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", *arguments])


def install_with_dependencies(python: Path, wheel: Path, folder: Path) -> None:
    """Install the wheel and what its metadata asks for, in the locked versions."""
    locked = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    pins = re.findall(
        r"^\S+==[^\\\n]+", locked, re.MULTILINE
    )  # without hashes, which pip would then ask of the wheel too
    (folder / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
    install(python, "--constraint", folder / "pins.txt", wheel)
    _run([sys.executable, "-m", "pip", "--python", python, "check"])


def run_elsewhere(python: Path, folder: Path) -> None:
    """Run the main job and own classes in a new folder that has only the configurations of the repository."""
    folder.mkdir(parents=True)
    run_first_project(python, folder / "first")
    run_own_classes(python, folder)
    shutil.copytree(ROOT / "configs", folder / "configs")
    command = python.with_name("backtest")
    _run([command, "run", "configs/erc.yaml"], cwd=folder)
    page = (folder / "reports/erc/tearsheet.html").read_text(encoding="utf-8")
    if len(page) < 500_000:  # the chart library alone has more
        raise SystemExit("error: the page of erc is incomplete")
    listed = _run([command, "strategies"], cwd=folder)
    expected = {path.stem for path in (ROOT / "strategies").glob("[a-z]*.py")} | {"cautious"}
    if {line.split()[0] for line in listed.splitlines()[1:]} != expected:
        raise SystemExit(
            f"error: `backtest strategies` lists something else than the shipped ones and cautious:\n{listed}"
        )
    where = _run([python, "-c", "import backtest; print(backtest.__file__)"], cwd=folder).strip()
    if not Path(where).is_relative_to(python.parents[1]):
        raise SystemExit(f"error: backtest was imported from {where}, not from the environment")


def run_first_project(python: Path, folder: Path) -> None:
    """Set up an empty folder by `backtest init`, and run what it wrote."""
    folder.mkdir()
    command = python.with_name("backtest")
    _run([command, "init"], cwd=folder)
    if json.loads(_run([command, "run", "my_strategy", "--json"], cwd=folder))["name"] != "my_strategy":
        raise SystemExit("error: the run of the first project has another name")


def run_own_classes(python: Path, folder: Path) -> None:
    """Run an own strategy, estimator and source by the module, by the command, and in a new process of Python."""
    (folder / "strategies").mkdir()
    (folder / "strategies/__init__.py").touch()
    (folder / "estimators").mkdir()
    files = {
        "strategies/cautious.py": OWN_STRATEGY,
        "estimators/doubled.py": OWN_ESTIMATOR,
        "desk.py": OWN_SOURCE,
        "other_process.py": IN_ANOTHER_PROCESS,
        "cautious.json": json.dumps(OWN_CONFIG),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    run = ["run", "cautious.json", "--json"]
    by_module = json.loads(_run([python, "-m", "backtest", *run], cwd=folder))
    by_command = json.loads(_run([python.with_name("backtest"), *run], cwd=folder))
    last_nav = float(_run([python, "other_process.py"], cwd=folder))
    if not by_module == by_command or abs(last_nav - 1 - by_module["total_return"]) > 1e-12:  # rounding of the sum
        raise SystemExit("error: own classes give other numbers by the module, by the command or in another process")


def _run(command: list[str | Path], cwd: Path | None = None) -> str:
    """Run a command without this environment's paths; return what it prints, or end with its errors."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"error: {' '.join(map(str, command))}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


if __name__ == "__main__":
    main()
