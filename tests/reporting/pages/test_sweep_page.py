"""The page of a sweep: its numbers, what it leaves out, its words, and names with markup."""

import math
from dataclasses import replace

import numpy as np
import pytest

from backtest.reporting.pages.sweep_page import MOST_BYTES, plateau_words, sweep_page, verdict_of
from backtest.sweeps.sweep_numbers import NUMBERS
from support.pages.read_page import Page
from support.pages.swept_page import CHANCE, MARKUP, embedded, swept_runs


def test_the_page_has_the_numbers_of_all_runs() -> None:
    runs = swept_runs()
    found = embedded(Page(sweep_page(runs)))
    assert found["run"].tolist() == list(range(36))
    for setting in runs.settings:
        assert found[setting.name].tolist() == setting.codes.tolist()
    for key, values in runs.metrics.items():
        np.testing.assert_array_equal(found[key], values.astype(np.float32))


def test_numbers_of_the_whole_sweep_are_exact() -> None:
    """The best run, the runs beside it, the distribution and the effects do not depend on what is embedded."""
    runs = swept_runs()
    for page in (Page(sweep_page(runs)), Page(sweep_page(runs, most_bytes=500))):
        sharpe = page.data["metrics"][0]
        values, best = runs.metrics["sharpe"], int(np.nanargmax(runs.metrics["sharpe"]))
        assert sharpe["best"] == [best, values[best]]
        assert all(values[run] == value for run, *_, value in sharpe["near"])
        assert sum(sharpe["histogram"]["counts"]) == 35
        grid = values.reshape(3, 3, 4)
        windows = {value: median for value, base, _, median, *_ in sharpe["effects"][0] if base == 1}
        assert windows == {at: pytest.approx(np.nanmedian(grid[at] - grid[1]), rel=1e-12) for at in (0, 2)}
        assert [pairs for _, _, pairs, *_ in sharpe["effects"][0]] == [12, 11]  # the run that failed has no pair


def test_a_page_beyond_the_limit_has_the_best_runs_and_says_so() -> None:
    runs = swept_runs()
    page = Page(sweep_page(runs, most_bytes=500))
    kept = embedded(page)["run"]
    assert 5 < len(kept) < 20
    assert set(kept) == set(np.argsort(np.where(np.isnan(values := runs.metrics["sharpe"]), 9, -values))[: len(kept)])
    assert list(kept) == sorted(kept)
    assert f"have the best {len(kept)} of 36 runs, by Sharpe ratio" in page.text
    assert "have the best" not in Page(sweep_page(runs)).text


def test_a_hundred_thousand_runs_fit_below_the_limit() -> None:
    """Bytes of a run do not depend on their number; a sweep has ten metrics, here with eight settings."""
    runs = swept_runs()
    wide = replace(
        runs,
        settings=[replace(runs.settings[1], name=f"section.{at}") for at in range(8)],
        metrics=dict.fromkeys(NUMBERS, runs.metrics["sharpe"]),
    )
    data = Page(sweep_page(wide)).data
    packed = [
        data["runs"],
        *(each["codes"] for each in data["settings"]),
        *(each["values"] for each in data["metrics"]),
    ]
    assert 100_000 * sum(map(len, packed)) / 36 < MOST_BYTES


def test_names_with_markup_are_text() -> None:
    text = sweep_page(swept_runs(name=MARKUP))
    page = Page(text)
    assert MARKUP in page.text
    assert page.data["name"] == MARKUP
    assert page.data["settings"][1]["texts"][1] == MARKUP
    assert page.data["errors"] == {"35": f"singular {MARKUP}"}
    assert "<b>&" not in text
    assert len(text) < 70_000  # without a chart library


def test_the_page_asks_for_nothing_outside() -> None:
    page = Page(sweep_page(swept_runs()))
    assert not {"src", "href"} & {name for tag, attributes in page.tags if tag != "a" for name in attributes}


def test_a_sweep_of_failed_runs_has_a_page() -> None:
    runs = swept_runs()
    nothing = {key: np.full(36, np.nan) for key in runs.metrics}
    page = Page(sweep_page(replace(runs, metrics=nothing, chance={}, errors=dict.fromkeys(range(36), "no data"))))
    assert "All runs failed" in page.text
    assert "36 failed" in page.text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"luck": 0.01}, "The best run beats cash by more than chance."),
        ({}, "by more than chance, but its lead over 60/40 may be luck."),
        ({"deflated": 0.6, "luck": 0.01}, "Chance alone may explain the best run."),
        ({"overfitting": 0.6}, "may be luck and past results do not tell which of these runs is best next."),
        ({"deflated": 0.6, "overfitting": 0.5, "luck": math.nan}, "best run, and past results do not tell"),
        ({"independent": 1}, "the best of 1 independent rule without any merit is expected to have 0.31."),
        ({"trials": 1}, "by more than chance, but its lead over 60/40 may be luck. The only run has a Sharpe ratio of"),
        ({}, "Luck gives such a lead over 60/40 in 45% of histories."),
        ({}, "below the median of the other in 20% of cases."),
    ],
)
def test_the_verdict_says_what_chance_does(changed: dict[str, float], expected: str) -> None:
    assert expected in " ".join(verdict_of(CHANCE | changed, "60/40"))


def test_numbers_of_chance_that_are_not_known_are_not_told() -> None:
    words = " ".join(verdict_of(CHANCE | {"overfitting": math.nan, "luck": math.nan}))
    assert "median" not in words
    assert "Luck" not in words
    assert (
        "uck"
        not in Page(sweep_page(replace(swept_runs(), chance=CHANCE | {"luck": math.nan}))).text.split("Measure")[0]
    )


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ([0.69, 0.68], "On a plateau: the 2 runs one step away have a median of 0.69, beside 0.70 here and 0.50"),
        ([0.6], "On a slope: the run one step away has 0.60"),
        ([0.51, 0.4], "A spike"),
        ([], "No run is one step away"),
    ],
)
def test_a_plateau_is_told_from_a_spike(near: list[float], expected: str) -> None:
    assert expected in plateau_words(0.7, np.array(near), 0.5, "sharpe")
