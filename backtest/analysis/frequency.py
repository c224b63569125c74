"""Words for the number of periods in a year."""

from collections.abc import Mapping

FREQUENCIES: Mapping[int, str] = {
    252: "daily",
    52: "weekly",
    26: "fortnightly",
    24: "semi-monthly",
    13: "four-weekly",
    12: "monthly",
    6: "two-monthly",
    4: "quarterly",
    2: "half-yearly",
    1: "yearly",
}
"""By periods a year, the word for one period."""

_FEWEST_OF_DAYS = 200  # trading weeks of four to seven days


def frequency_in_words(periods_per_year: int) -> str:
    """Return the adjective for a period: `monthly`, or `1/17-year` where there is no word for it.

    >>> frequency_in_words(12), frequency_in_words(26), frequency_in_words(260), frequency_in_words(17)
    ('monthly', 'fortnightly', 'daily', '1/17-year')
    """
    if periods_per_year >= _FEWEST_OF_DAYS:
        return "daily"
    return FREQUENCIES.get(periods_per_year, f"1/{periods_per_year}-year")
