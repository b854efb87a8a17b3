"""Dates and times in the form that the schemas declare: RFC 3339, or empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?([Zz]|[+-]\d{2}:?\d{2})?$")
ZEROS = "0000-00-00"


# Most dates of an account occur many times.
@lru_cache(maxsize=4096)
def tidy_date(text: str) -> str | None:
    """A date as ``YYYY-MM-DD``.

    :return: the date; ``""`` for a blank or a date of zeros; ``None`` for text that is not a date
    """
    text = text.strip()
    if not text or text.startswith(ZEROS):
        return ""
    return text if DATE.match(text) else None


# Rows that were created together share their times. They are on the same pages, so a small cache suffices.
@lru_cache(maxsize=1024)
def tidy_date_time(text: str) -> str | None:
    """A date and time as RFC 3339: a ``T`` in the middle, seconds, and a colon in the offset, if there is an offset.

    :return: the timestamp; ``""`` for a blank or a date of zeros; ``None`` for text that is not a timestamp
    """
    text = text.strip()
    if not text or text.startswith(ZEROS):
        return ""
    found = DATE_TIME.match(text)
    if found is None:
        return None
    day, time, offset = found.groups(default="")
    if len(time) == len("HH:MM"):
        time += ":00"
    if len(offset) == len("+HHMM"):
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{day}T{time}{offset.upper()}"


#: The function for each ``format`` of a schema.
DATE_FORMATS: Mapping[str, Callable[[str], str | None]] = {"date": tidy_date, "date-time": tidy_date_time}
