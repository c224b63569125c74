"""Comparisons of numbers with arithmetic done by hand."""

from fractions import Fraction

import pytest


def close(got: float, wanted: float | Fraction) -> None:
    """Return whether two numbers are equal up to a few last bits."""
    assert got == pytest.approx(float(wanted), rel=1e-13, abs=1e-15)


def closes(got: list[float], wanted: list[float] | list[Fraction]) -> None:
    """Return whether all numbers of two lists are equal up to a few last bits."""
    assert got == pytest.approx([float(w) for w in wanted], rel=1e-13, abs=1e-15)
