"""Variants of a valid array argument: the same numbers in other forms, and input that no number follows from."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]
Vary = Callable[[Array], Any]


def _read_only(values: Array) -> Array:
    values.flags.writeable = False
    return values


def _unaligned(values: Array) -> Array:
    table = np.zeros(values.shape, dtype=[("byte", "u1"), ("number", "<f8")])
    table["number"] = values
    return table["number"]


def _replaced(values: Any, value: Any) -> Any:
    """Return a copy with another first element, which is on the diagonal of a matrix."""
    copy = np.array(values)
    if copy.size:
        copy[(0,) * copy.ndim] = value
    return copy


def _labelled(values: Array, labels: Any, dtype: Any = None) -> Any:
    """Return a Series or a DataFrame with labels of any kind; a stack, which pandas does not have, stays an array."""
    if values.ndim == 1:
        return pd.Series(values, index=labels[: len(values)], dtype=dtype)
    if values.ndim == 2:
        return pd.DataFrame(values, index=labels[: len(values)], columns=labels[: values.shape[1]], dtype=dtype)
    return values


SAME: dict[str, Vary] = {
    "list": lambda values: values.tolist(),
    "tuple": lambda values: tuple(values.tolist()) if values.ndim else float(values),
    "read-only": _read_only,
    "Fortran order": lambda values: np.array(values, order="F"),
    "every second element": lambda values: np.repeat(values, 2, axis=-1)[..., ::2] if values.ndim else values,
    "negative strides": lambda values: np.flip(np.flip(values).copy()),
    "other byte order": lambda values: values.astype(">f8"),
    "unaligned": _unaligned,
    "objects": lambda values: values.astype(object),
    "decimals": lambda values: np.array([Decimal(number) for number in values.flat], dtype=object).reshape(
        values.shape
    ),
    "table": lambda values: _labelled(values, range(100)),
    "table with dates": lambda values: _labelled(values, pd.date_range("2020-01-31", periods=100, freq="ME")),
    "table with equal labels": lambda values: _labelled(values, ["a"] * 100),
    "table with pairs of labels": lambda values: _labelled(
        values, pd.MultiIndex.from_product([range(10), ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]])
    ),
    "nullable table": lambda values: _labelled(values, range(100), dtype="Float64"),
    "Arrow table": lambda values: _labelled(values, range(100), dtype="float64[pyarrow]"),
    "masked, nothing hidden": np.ma.masked_array,
}
"""Forms with the same numbers: the result has the same bits."""

VALUES: dict[str, Vary] = {
    "NaN": lambda values: _replaced(values, np.nan),
    "all NaN": lambda values: np.full(values.shape, np.nan),
    "infinity": lambda values: _replaced(values, np.inf),
    "minus infinity": lambda values: _replaced(values, -np.inf),
    "all infinite": lambda values: np.full(values.shape, np.inf),
    "last infinite": lambda values: _replaced(values[::-1], np.inf)[::-1] if values.ndim else values,
    "zeros": np.zeros_like,
    "minus zeros": lambda values: -np.zeros_like(values),
    "ones": np.ones_like,
    "one zero": lambda values: _replaced(values, 0.0),
    "negative": lambda values: -values,
    "one negative": lambda values: _replaced(values, -values.flat[0] if values.size else 0.0),
    "one huge": lambda values: _replaced(values, 1e300),
    "one tiny": lambda values: _replaced(values, 1e-300),
    "huge": lambda values: values * 1e300,
    "large": lambda values: values * 1e150,
    "small": lambda values: values * 1e-150,
    "tiny": lambda values: values * 1e-300,
    "smallest": lambda values: values * 1e-320,
    "asymmetric": lambda values: values * np.linspace(1, 2, values.shape[-1]) if values.ndim else values,
    "equal rows": lambda values: np.broadcast_to(values[:1], values.shape) if values.ndim else values,
}
"""Other numbers, in an array of the same shape."""

OTHER: dict[str, Vary] = {
    "integers": lambda values: np.round(values * 100).astype(np.int64),
    "small integers": lambda values: np.round(values * 100).astype(np.int8),
    "unsigned integers": lambda values: np.round(np.abs(values) * 100).astype(np.uint64),
    "huge integers": lambda values: np.full(values.shape, 10**400, dtype=object),
    "booleans": lambda values: values > 0,
    "float16": lambda values: values.astype(np.float16),
    "float32": lambda values: values.astype(np.float32),
    "long double": lambda values: values.astype(np.longdouble),
    "beyond double": lambda values: values.astype(np.longdouble) * np.longdouble("1e1000"),
    "complex": lambda values: values + 1j,
    "text": lambda values: values.astype(str),
    "words": lambda values: np.full(values.shape, "word"),
    "bytes": lambda values: values.astype("S"),
    "dates": lambda values: np.full(values.shape, np.datetime64("2020-01-31")),
    "time spans": lambda values: np.full(values.shape, np.timedelta64(1, "D")),
    "records": lambda values: np.zeros(values.shape, dtype=[("a", float), ("b", float)]),
    "objects with None": lambda values: _replaced(values.astype(object), None),
    "objects with NA": lambda values: _replaced(values.astype(object), pd.NA),
    "objects with words": lambda values: _replaced(values.astype(object), "word"),
    "objects with lists": lambda values: _replaced(values.astype(object), [1.0, 2.0]),
    "nullable with NA": lambda values: _labelled(_replaced(values, np.nan), range(100), dtype="Float64"),
    "masked": lambda values: np.ma.masked_array(values, mask=_replaced(np.zeros(values.shape, bool), True)),
    "categories": lambda values: _labelled(values, range(100), dtype="category"),
    "a number": lambda values: 0.5,
    "NumPy's number": lambda values: np.float64(0.5),
    "empty": lambda values: [],
    "empty stack": lambda values: np.empty((0, *values.shape)),
    "no rows": lambda values: values[:0] if values.ndim else values,
    "no columns": lambda values: values[..., :0] if values.ndim else values,
    "one fewer row": lambda values: values[1:] if values.ndim else values,
    "one fewer column": lambda values: values[..., 1:] if values.ndim else values,
    "one of each": lambda values: values[(slice(1),) * values.ndim],
    "stack of one": lambda values: values[None],
    "stack of two": lambda values: np.stack([values, values]),
    "too many dimensions": lambda values: values[None, None, None, None],
    "ragged": lambda values: [[1.0], [1.0, 2.0]],
    "None": lambda values: None,
    "a word": lambda values: "word",
    "a set": lambda values: {0.5, 0.25},
    "a dictionary": lambda values: {"a": 0.5},
    "a generator": lambda values: (number for number in (0.5, 0.5)),
    "a class": lambda values: Array,
}
"""Other input: the result is finite where a number belongs, or an error explains."""

NUMBERS = (0.0, -0.0, -1.0, 1.0, 0.5, 2.0, 1e300, -1e300, 1e-300, float("nan"), float("inf"), -float("inf"))
"""Values of an argument that is a single number."""


def variants(values: Array, zoo: Mapping[str, Vary] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield each variant of a valid argument by name, by default from all of the zoo."""
    for name, vary in ({**SAME, **VALUES, **OTHER} if zoo is None else zoo).items():
        with np.errstate(all="ignore"):
            yield name, vary(values.copy())
