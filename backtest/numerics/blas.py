"""Limit of one thread for NumPy's matrix products (BLAS): the same bits on any number of cores."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from threadpoolctl import ThreadpoolController

_LIMITED: ContextVar[ThreadpoolController | None] = ContextVar("_LIMITED", default=None)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; a context manager, and a decorator of functions.

    OpenBLAS splits the sums of large products (10,000 elements or more) over its threads, so the last bits of a product
    depend on the number of cores. Its threads also spin while they wait: products that take a few milliseconds take
    five times as long once another process uses one of their cores. A BLAS that is loaded later, such as SciPy's when
    scipy.linalg is imported, is limited only from the next call on.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     float(np.ones(3) @ np.ones(3))
        3.0
    """
    libraries = _blas(scipy="scipy.linalg" in sys.modules)
    if _LIMITED.get() is libraries:  # a caller has already set the limit
        yield
        return
    with libraries.limit(limits=1):
        token = _LIMITED.set(libraries)
        try:
            yield
        finally:
            _LIMITED.reset(token)


@cache
def _blas(*, scipy: bool) -> ThreadpoolController:  # noqa: ARG001 - SciPy loads a BLAS of its own: look again
    """Return the BLAS libraries that this process has loaded."""
    return ThreadpoolController().select(user_api="blas")
