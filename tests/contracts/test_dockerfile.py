"""The container's image: its files exist and reach the build, it has an ordinary user, and kernels are compiled in it.

`tests/numerics/test_numba_kernels.py` shows that a second start with the compiled code compiles nothing.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
SENT = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}


def lines_of(instruction: str) -> list[str]:
    return re.findall(rf"^{instruction} (.*)$", DOCKERFILE, re.MULTILINE)


def test_copied_files_exist_and_no_others_are_sent_to_the_build() -> None:
    copied = {source for line in lines_of("COPY") if not line.startswith("--from") for source in line.split()[:-1]}
    assert copied == SENT
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_ends_with_an_ordinary_user() -> None:
    (user,) = lines_of("USER")
    assert int(user) > 0


def test_caches_are_filled_in_the_build_and_read_from_the_copy() -> None:
    """The entry point copies the folder that the build fills to where the variables point."""
    (compiling,) = [line for line in lines_of("RUN") if "compile_kernels" in line]
    (variables,) = lines_of("ENV")
    for variable, name in (("NUMBA_CACHE_DIR", "kernels"), ("MPLCONFIGDIR", "matplotlib")):
        assert f"{variable}=/opt/caches/{name} " in compiling
        assert f"{variable}=/tmp/caches/{name}" in variables.split()
    assert '"cp -R /opt/caches /tmp/ && exec backtest' in lines_of("ENTRYPOINT")[0]
