"""The distribution: what `pip install` installs is complete, runs outside the repository, and owns one top-level name.

`make dist-check` does the same with a full installation of the dependencies, on every Python that it finds.
"""

import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import numpy as np
import pytest

import backtest as bt
from backtest.reporting.files.report_files import json_bytes
from scripts import check_distribution

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the unpacked sdist."""
    return check_distribution.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_every_file_of_the_package_and_one_top_level_name(wheel: Path) -> None:
    """The same bytes as in the repository, with the shipped strategies inside the package."""
    files = [path for path in (ROOT / "backtest").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {str(path.relative_to(ROOT)): path.read_bytes() for path in files}
    expected |= {f"backtest/strategies/{path.name}": path.read_bytes() for path in (ROOT / "strategies").glob("*.py")}
    info = f"{PROJECT['name'].replace('-', '_')}-{bt.__version__}.dist-info/"
    assert {name: text for name, text in contents(wheel).items() if not name.startswith(info)} == expected
    assert {name.partition("/")[0] for name in expected} == {"backtest"}


def test_the_licences_of_the_project_of_vendored_code_and_of_the_data_are_in_the_wheel(
    wheel: Path, metadata: Message
) -> None:
    licences = metadata.get_all("License-File") or []
    assert {"LICENSE", "NOTICE", "backtest/data/sample/PROVENANCE.md"} <= set(licences)
    beside = {f"backtest/reporting/pages/assets/{name}" for name in ("echarts.LICENSE", "echarts.NOTICE")}
    assert beside <= set(licences)
    names = set(contents(wheel))
    info = f"{PROJECT['name'].replace('-', '_')}-{bt.__version__}.dist-info"
    assert {f"{info}/licenses/{name}" for name in licences} <= names
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[1]
    assert str(metadata["License-Expression"]).startswith("Apache-2.0")


def test_the_version_is_written_in_one_place(metadata: Message) -> None:
    """The changelog has an entry for the version, and the citation file names it too."""
    assert metadata["Version"] == bt.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)[:2] == ["Unreleased", bt.__version__]
    assert f'version: "{bt.__version__}"' in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_sdist_has_what_the_tests_and_the_documentation_need(wheel: Path) -> None:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("tests", "docs", "configs", "strategies", "scripts", "requirements"):
        files = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.*") if path.is_file()}
        assert {name for name in files if "__pycache__" not in name} <= names
    assert {"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"} <= names


def test_the_installed_package_runs_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    """The main job gives the repository's numbers, and a user's strategy extends a shipped one.

    The environment shares the dependencies of the current one, but not its editable installation. Compiled kernels are
    copied from the repository: their sources are the same bytes, and compiling them again would take 15 seconds.
    """
    python = check_distribution.new_environment(Path(sys.executable), tmp_path / "environment")
    check_distribution.install(python, "--no-deps", wheel)
    (packages,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(str(Path(np.__file__).parents[1]), encoding="utf-8")
    copy_compiled_kernels(packages)
    check_distribution.run_elsewhere(python, tmp_path / "elsewhere")
    summary = (tmp_path / "elsewhere/reports/erc/summary.json").read_bytes()
    assert summary == json_bytes(bt.run(ROOT / "configs/erc.yaml").summary())


def copy_compiled_kernels(packages: Path) -> None:
    """Copy Numba's files, and the modification times by which it knows the sources."""
    for source in (ROOT / "backtest").rglob("*.py"):
        shutil.copystat(source, packages / source.relative_to(ROOT))
    for compiled in (ROOT / "backtest").rglob("__pycache__/*.nb[ic]"):
        copy = packages / compiled.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy2(compiled, copy)
