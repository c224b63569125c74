"""Comparisons of numbers with arithmetic done by hand."""

from fractions import Fraction

import pytest


def close(got: float, wanted: float | Fraction) -> None:
    """Equal to a few last bits."""
    assert got == pytest.approx(float(wanted), rel=1e-13, abs=1e-15)


def closes(got: list[float], wanted: list[float] | list[Fraction]) -> None:
    """The same of a list."""
    assert got == pytest.approx([float(w) for w in wanted], rel=1e-13, abs=1e-15)
