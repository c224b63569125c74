"""Writing rules that a script can check: how docstrings open, and phrases that read as translated."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
THIS = Path(__file__).resolve()
CODE = ("backtest", "strategies", "scripts", "benchmarks", "tests")
PAGES = ("*.md", "*.html.j2", "configs/*.yaml")

OPENING = re.compile(r"(What|How|Whether|Which|Where|Who|When|All that|That of|Those of)\b")
"""A docstring opens with an imperative or a noun phrase, not with a clause."""

PHRASES = {
    "that of": "repeat the noun",
    "those of": "repeat the noun",
    "is none": "say what is missing",
    "are none": "say what is missing",
    "anew": "again, or from scratch",
    "a press": "a click",
    "is told": "is reported",
    "are told": "are reported",
    "told of": "reported",
    "to be had": "available",
    "made up": "synthetic",
    "made-up": "synthetic",
    "of so many": "up to n",
    "somebody else": "another program, another user",
    "besides": "in addition to, other than",
}
FOUND = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, PHRASES))})(?![\w-])", re.IGNORECASE)


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository that match, by git: nothing that a run or a tool has left behind."""
    done = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "-z", *patterns], capture_output=True, text=True, check=True
    )
    return [REPOSITORY / name for name in done.stdout.split("\0") if name and (REPOSITORY / name).exists()]


def docstrings(code: str) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring of a module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield node.body[0].lineno, text


def prose(code: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string and comment: docstrings, messages and notes."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT} or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def phrases(text: str) -> list[str]:
    """Phrases of a text that read as translated, each with a better one."""
    joined = re.sub(r"\s+", " ", text)
    return [f"{match[0]!r}: {PHRASES[match[0].lower()]}" for match in FOUND.finditer(joined)]


@pytest.mark.parametrize("folder", CODE)
def test_docstrings_open_with_an_imperative_or_a_noun(folder: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line}: {text.splitlines()[0]}"
        for path in tracked(f"{folder}/*.py")
        for line, text in docstrings(path.read_text(encoding="utf-8"))
        if OPENING.match(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", CODE)
def test_code_has_no_phrase_that_reads_as_translated(folder: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line}: {phrase}"
        for path in tracked(f"{folder}/*.py")
        if path != THIS
        for line, text in prose(path.read_text(encoding="utf-8"))
        for phrase in phrases(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pattern", PAGES)
def test_pages_have_no_phrase_that_reads_as_translated(pattern: str) -> None:
    paths = tracked(pattern)
    assert paths
    wrong = [
        f"{path.relative_to(REPOSITORY)}: {phrase}"
        for path in paths
        for phrase in phrases(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The interval is that of the benchmark, made anew.", 2),
        ("A line that\n    of two words breaks apart.", 1),
        ("is None", 1),
        ("The total of that often differs.", 0),
    ],
)
def test_phrases_are_seen(text: str, count: int) -> None:
    assert len(phrases(text)) == count


def test_clauses_are_seen() -> None:
    code = '"""What it holds."""\n\ndef f():\n    """Whether it is so."""\n\ndef g():\n    """Return the whole."""\n'
    assert [line for line, text in docstrings(code) if OPENING.match(text)] == [1, 4]
