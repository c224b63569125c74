"""The commands in README and docs print what stands below them there: documentation that rots fails here."""

import re
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
from ruamel.yaml import YAML

import backtest as bt
from backtest.config import load_config
from backtest.config.document import Document
from scripts.build_docs import BLOCK, output_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_commands() -> list[tuple[str, str, str]]:
    """(page, command, what the page shows of its output) for each `$ python -m ...` in a console block."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                if command.startswith("python "):
                    found.append((page.name, command, output))
    return found


def test_readme_shows_commands() -> None:
    """Without this, a change of the page's format would leave the test below nothing to check."""
    assert {page for page, _, _ in shown_commands()} >= {"README.md", "worked_example.md"}


@pytest.mark.parametrize(("page", "command", "shown"), shown_commands())
def test_command_prints_what_the_page_shows(page: str, command: str, shown: str, tmp_path: Path) -> None:
    """Run in a folder that has the project's configs and strategies, and nothing else of it."""
    for name in ("configs", "strategies"):
        (tmp_path / name).symlink_to(ROOT / name)
    assert _stripped(output_of(command, tmp_path)) == _stripped(shown), f"{page} shows something else: build_docs.py"


def _stripped(text: str) -> list[str]:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links and pictures point at files of the project."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


def _readme_block(language: str, containing: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


def test_the_readmes_configuration_is_the_one_that_make_run_runs(tmp_path: Path) -> None:
    """A reader who copies it gets the numbers printed above it."""
    (tmp_path / "erc.yaml").write_text(_readme_block("yaml", "name: erc\ndata:"), encoding="utf-8")
    (tmp_path / "60_40.yaml").write_bytes((ROOT / "configs/60_40.yaml").read_bytes())
    assert load_config(tmp_path / "erc.yaml").resolved() == load_config(ROOT / "configs/erc.yaml").resolved()


@pytest.mark.parametrize(
    ("containing", "base"),
    [
        ("budgets:", "erc.yaml"),
        ("leverage: {target", "erc.yaml"),
        ("performance:", "erc.yaml"),
        ("kind: futures", "levered_erc_futures.yaml"),
        ("kind: leveraged_fund", "daily/erc.yaml"),
    ],
)
def test_the_readmes_sections_fit_into_a_configuration(containing: str, base: str, tmp_path: Path) -> None:
    """Each in the place of what a shipped configuration says there."""
    yaml = YAML(typ="safe", pure=True)
    written = yaml.load(_readme_block("yaml", containing))
    config = {**Document(ROOT / "configs" / base).values, **written}
    del config["benchmark"]
    with (tmp_path / "mine.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(config, file)
    resolved = load_config(tmp_path / "mine.yaml").resolved()
    assert all(resolved[section] for section in written)


def test_the_readmes_strategy_runs_from_its_one_file(tmp_path: Path) -> None:
    """It holds 40 % in one asset, the calmest, on every date."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies/equities_and_cash.py").write_text(
        _readme_block("python", "EquitiesAndCash"), encoding="utf-8"
    )
    text = (ROOT / "configs/erc.yaml").read_text(encoding="utf-8").replace("benchmark: 60_40.yaml", "")
    text = text.replace("strategy: {name: erc}", "strategy: {name: equities_and_cash, share: 0.4}")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    targets = bt.run(tmp_path / "mine.yaml").target_weights
    assert ((targets == 0.4).sum(axis=1) == 1).all()
    assert (targets.sum(axis=1) == 0.4).all()


def test_the_readmes_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line as it stands, in a folder that has the configurations."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    exec(compile(_readme_block("python", "bt.run"), "README.md", "exec"), {})  # noqa: S102 - our own page
    assert (tmp_path / "reports/erc/tearsheet.html").exists()


def test_the_readmes_error_message_is_what_the_mistake_gives(tmp_path: Path) -> None:
    """The line shown there, but for the file's folder."""
    text = (ROOT / "configs/erc.yaml").read_text(encoding="utf-8").replace("window: 36", "windw: 36")
    (tmp_path / "erc.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "60_40.yaml").write_bytes((ROOT / "configs/60_40.yaml").read_bytes())
    with pytest.raises(bt.BacktestError) as caught:
        load_config(tmp_path / "erc.yaml")
    shown = f"error: {caught.value}".replace(f"{tmp_path}/", "configs/")
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_trades_at_opens_is_a_configuration(tmp_path: Path) -> None:
    """With its three files, a name and a strategy it runs, and pays for its trades."""
    page = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    (example,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "opens.csv" in one]
    for name, values in (("prices", "100,100"), ("opens", "99,101"), ("volumes", "1e8,1e8")):
        rows = "".join(f"{date:%F},{values}\n" for date in pd.bdate_range("2020-01-01", periods=90))
        (tmp_path / f"{name}.csv").write_text(f"date,SPY,TLT\n{rows}", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        f"name: mine\n{dedent(example)}strategy: {{name: equal_weight}}\n", encoding="utf-8"
    )
    config = load_config(tmp_path / "mine.yaml")
    assert config.costs.impact is not None
    assert config.rebalance.execution == "open"
    assert bt.run(config).costs["trading"].sum() > 0
