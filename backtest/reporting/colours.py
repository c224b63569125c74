"""Colours and dashes of pages, figures and notebooks.

The n-th strategy, asset or asset class drawn has the n-th colour of `PALETTE`. On a dark screen, pages use the names of
`DARK` instead. Figures and print are always light.
"""

from collections.abc import Mapping, Sequence

PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#332288", "#999933", "#882255",
)  # fmt: skip
"""Colours safe for colour blindness: Okabe and Ito (2008), then three colours of Tol."""

STRATEGY, BENCHMARK, OTHERS = "#0072b2", "#777777", "#bbbbbb"
GAIN, LOSS = "#0072b2", "#d55e00"

MOST_COLOURED = 9
"""Assets or asset classes of a chart with a colour of their own; the others are one series in the colour `OTHERS`."""

DASHES = ("solid", (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (9, 2))
"""Dashes and gaps in line widths, so that lines differ in more than colour, for colour-blind readers and for print in
grey."""

PAGE_DASHES = ("solid", (8, 2.4), (2, 2), (9.6, 2.4, 2, 2.4), (14, 3.2))
"""The same dashes in pixels, for lines of 1.6 pixels, rounded where a dash is short or long."""

NOTEBOOK_BENCHMARK = "#8a8a8a"
NOTEBOOK = ("#3a8fd0", "#b87900", "#159c78", "#c26a9c", "#d9622b", "#8a7fe0", "#8f8f2e", NOTEBOOK_BENCHMARK)
"""Colours of lines in notebooks, each with a contrast of at least 3 with white and with #1e1e1e, a dark background."""

_DARK_PALETTE = (
    "#4aa8e8", "#e69f00", "#1fb88a", "#d992ba", "#9ad4f5", "#ee7a2c", "#f0e442", "#9a8cf0", "#b5b556", "#c7608f",
)  # fmt: skip


_CELLS = ("gain", "loss")  # names of colours of table cells


def _by_name(named: Mapping[str, str], palette: Sequence[str]) -> Mapping[str, str]:
    return {**named, **{f"s{place}": colour for place, colour in enumerate(palette)}}


LIGHT = _by_name(
    {
        "up": GAIN,
        "down": LOSS,
        "gain": GAIN,
        "loss": LOSS,
        "strategy": STRATEGY,
        "benchmark": BENCHMARK,
        "others": OTHERS,
    },
    PALETTE,
)
"""Colours of pages by name: `up` and `down` of bars, `gain` and `loss` of table cells, `s0`, `s1`, … of the palette."""

DARK = _by_name(
    {
        "up": "#4aa8e8",
        "down": "#ee7a2c",
        "gain": "#409cdc",
        "loss": "#e27426",
        "strategy": "#4aa8e8",
        "benchmark": "#a0a6ad",
        "others": "#6b737d",
    },
    _DARK_PALETTE,
)
"""Colours of pages by name on a dark screen."""


def css_variables() -> str:
    """Return CSS that defines a variable for each name of `LIGHT` and `DARK`.

    Colours of table cells are three numbers, so that `rgb(var(--gain) / .5)` can set their opacity.

    Example:
        >>> css_variables()[:31]
        ':root { --up: #0072b2; --down: '
    """
    light, dark = (
        " ".join(f"--{name}: {_triple(colour) if name in _CELLS else colour};" for name, colour in theme.items())
        for theme in (LIGHT, DARK)
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _triple(colour: str) -> str:
    return " ".join(str(part) for part in bytes.fromhex(colour[1:]))
