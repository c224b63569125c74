"""Words for the number of periods in a year."""

from backtest.data.dates.frequencies import FREQUENCIES, frequency_name
from backtest.data.dates.spacing import DAILY


def frequency_in_words(periods_per_year: int) -> str:
    """Return the adjective for a period: `monthly`, or `1/17-year` where there is no word for it.

    >>> frequency_in_words(12), frequency_in_words(26), frequency_in_words(260), frequency_in_words(17)
    ('monthly', 'fortnightly', 'daily', '1/17-year')
    """
    if periods_per_year >= DAILY:
        return "daily"
    return frequency_name(periods_per_year) if periods_per_year in FREQUENCIES else f"1/{periods_per_year}-year"
