"""`Source`: where series come from; one file in `sources/` each, or a class of the user's own."""

from abc import ABC, abstractmethod
from datetime import date
from inspect import isabstract

from pydantic import ImportString, TypeAdapter, ValidationError

from backtest.data.quotes import Quotes
from backtest.data.table import Column


class Source(ABC):
    """Where series come from.

    A class of one's own, anywhere Python can import it, is named in a configuration as `package.module:Class`, and is
    made without arguments.

    Example:
        >>> import pandas as pd
        >>> class Constant(Source):
        ...     def fetch(self, symbol, since, seconds):
        ...         dates = pd.date_range("2020-01-01", periods=3, name="date")
        ...         return Quotes(pd.DataFrame({"level": 1.0}, index=dates), symbol, "levels")
        >>> len(Constant().fetch("ONE", None, 10.0).values)
        3
    """

    cached: bool = True
    """Whether what is fetched is kept in the cache; files on this machine are read anew each time."""

    def columns(self) -> list[Column] | None:
        """The series on offer; None where only asking for one tells.

        Raises:
            DataError: what lists them cannot be read.
        """
        return None

    @abstractmethod
    def fetch(self, symbol: str, since: date | None, seconds: float) -> Quotes:
        """One attempt to get a series, retried by the caller where the error says that it may help.

        Args:
            symbol: of the series.
            since: the first date wanted; all of the history where None. Earlier rows do no harm.
            seconds: how long this attempt may take.

        Raises:
            UnknownSeries: there is no such series.
            DataUnavailableError: it could not be had; `NoNetwork`, `RateLimited`, `SourceDown`, `TimedOut` and
                `NoDataInRange` say why.
            DataError: it is there and cannot be read.
        """


def own_source(name: str) -> type[Source]:
    """The class that `package.module:Class` names.

    Raises:
        ValueError: nothing of that name can be imported, or it is no source.
    """
    try:
        found = TypeAdapter(ImportString).validate_python(name)
    except ValidationError as problem:
        raise ValueError(f"{name}: {problem.errors()[0]['msg']}; expected package.module:Class") from problem
    if not (isinstance(found, type) and issubclass(found, Source) and not isabstract(found)):
        raise ValueError(
            f"{name}: no source; expected a class that extends backtest.data.sources.source.Source, with fetch"
        )
    return found
