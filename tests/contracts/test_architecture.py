"""House rules that no linter checks: no modules for odds and ends, and printing in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted([*(REPOSITORY / "backtest").rglob("*.py"), *(REPOSITORY / "strategies").rglob("*.py")])
NOT_ALLOWED = {"utils", "util", "helpers", "helper", "common", "misc"}


def prints(code: str) -> Iterator[int]:
    """Return the lines on which code writes to the terminal."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names=imported) if any(_is_terminal(name.name) for name in imported):
                yield node.lineno
            case ast.ImportFrom(module=str(name)) if _is_terminal(name):
                yield node.lineno
            case ast.Call(func=ast.Name(id="print" | "input")):
                yield node.lineno
            case ast.Attribute() if ast.unparse(node).startswith(("sys.stdout.", "sys.stderr.")):
                yield node.lineno
            case _:
                pass


def _is_terminal(module: str) -> bool:
    return module.partition(".")[0] in {"rich", "typer", "click"}


def test_files_are_found() -> None:
    assert len(FILES) > 30
    assert REPOSITORY / "backtest" / "cli" / "__init__.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_files_are_named_after_their_subject(path: Path) -> None:
    assert not NOT_ALLOWED & set(path.relative_to(REPOSITORY).with_suffix("").parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_only_the_command_line_prints(path: Path) -> None:
    lines = list(prints(path.read_text(encoding="utf-8")))
    if "cli" not in path.relative_to(REPOSITORY).parts:
        assert not lines, f"{path.relative_to(REPOSITORY)}: prints on lines {lines}"


@pytest.mark.parametrize(
    "code",
    [
        "print(1)",
        "import sys\nsys.stdout.write('x')",
        "import sys\nprint('x', file=sys.stderr)",
        "from rich.console import Console",
        "import typer",
        "def f():\n    from rich import print",
    ],
)
def test_printing_is_detected(code: str) -> None:
    assert list(prints(code))


def test_a_strategy_is_one_file_with_one_class() -> None:
    for path in sorted((REPOSITORY / "strategies").glob("*.py")):
        classes = [
            node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
        ]
        assert len([name for name in classes if not name.startswith("_")]) == (path.stem != "__init__"), path.name


def test_main_only_calls_the_command_line() -> None:
    tree = ast.parse((REPOSITORY / "backtest" / "__main__.py").read_text(encoding="utf-8"))
    assert [ast.unparse(node) for node in tree.body[1:]] == [
        "from backtest.cli import main",
        "if __name__ == '__main__':\n    main()",
    ]
