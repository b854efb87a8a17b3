"""When a record was changed, in whatever form an API writes it, and the form its filter wants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from typing import Any

import pendulum

from source_invoicing.streams.dates import tidy_date, tidy_date_time
from source_invoicing.streams.timestamps import real

SECONDS_PER_DAY = 86_400
# Larger numbers are milliseconds: as seconds they would be in the year 5138.
LARGEST_SECONDS = 10**11
# No clock on earth is further behind UTC (seconds).
FURTHEST_BEHIND = 12 * 3600
CLOCK = re.compile(r"[0-9][Tt: ][0-9]")
NUMBER = re.compile(r"-?[0-9]+")
MOST_DIGITS = 18
# What the state holds, which no pattern may read in another way.
OUR_OWN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# A code of strftime, with the flags of the GNU C library.
CODE = re.compile(r"%(?:[-_0^#]?([A-Za-z])|%|)")
CODES_OF_A_CLOCK = ("%H", "%I", "%s", "%X", "%c", "%T")
CODES = frozenset("aAbBcdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZC")


def _text(pattern: str) -> Callable[[int], str]:
    return lambda seconds: datetime.fromtimestamp(seconds, timezone.utc).strftime(pattern)


def _day_before(pattern: str) -> Callable[[int], str]:
    """A filter by day begins a day early: the vendor may count days in another time zone."""
    return lambda seconds: _text(pattern)(seconds - SECONDS_PER_DAY)


FORMATS: Mapping[str, Callable[[int], str | int]] = {
    "iso8601": _text("%Y-%m-%dT%H:%M:%SZ"),
    "date": _day_before("%Y-%m-%d"),
    "unix": lambda seconds: seconds,
    "unix_ms": lambda seconds: seconds * 1000,
}


def filter_value(form: str) -> Callable[[int], str | int]:
    """How a filter takes seconds since 1970 (UTC).

    :param form: a name of :data:`FORMATS`, or a pattern of ``strftime``
    """
    if form in FORMATS:
        return FORMATS[form]
    return _text(form) if any(code in form for code in CODES_OF_A_CLOCK) else _day_before(form)


def fault_in_pattern(pattern: str) -> str:
    """What keeps a text from being a pattern of ``strftime``; empty where nothing does."""
    found = [(code[0], code[1]) for code in CODE.finditer(pattern)]
    strangers = [code for code, letter in found if code != "%%" and (letter is None or letter not in CODES)]
    if strangers:
        return f"holds {strangers[0]!r}, which stands for nothing"
    return "" if any(letter for _, letter in found) else "names no part of a date"


class AnyTimestamp:
    """Unix seconds or milliseconds, as number or text; ISO 8601 with or without a zone (then UTC); a pattern.

    What fits the pattern is read by it, whatever else it looks like: ``20240131`` may be a day or a number, and the
    fourth of May or the fifth of April.

    :param pattern: of ``strptime``
    """

    description = "a date and time such as 2024-01-31T12:00:00Z"

    def __init__(self, pattern: str = "") -> None:
        self._pattern = pattern

    def seconds(self, value: Any) -> int | None:
        """See :class:`TimestampFormat`."""
        if isinstance(value, str):
            return self._of_text(value.strip())
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if self._pattern and (timestamp := self._by_pattern(str(value))):
            return _seconds(timestamp)
        return real(value / 1000 if abs(value) > LARGEST_SECONDS else value)

    def lag(self, value: Any) -> int:
        """How far the moment that a text is taken for may be behind the moment it was written at, by the clock of a
        server (seconds). Texts without a zone may be local ones, and a date is the beginning of its day."""
        if not isinstance(value, str):
            return 0
        text = value.strip()
        timestamp = self._by_pattern(text) if self._pattern else None
        if timestamp is None and not NUMBER.fullmatch(text):
            timestamp = _iso_8601(text)
        if timestamp is None or timestamp.tzinfo:
            return 0
        has_clock = CLOCK.search(text) or any(code in self._pattern for code in CODES_OF_A_CLOCK)
        return FURTHEST_BEHIND if has_clock else FURTHEST_BEHIND + SECONDS_PER_DAY

    def value(self, seconds: int) -> str:
        """See :class:`TimestampFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _of_text(self, text: str) -> int | None:
        if not text:
            return None
        if self._pattern and not OUR_OWN.fullmatch(text) and (timestamp := self._by_pattern(text)):
            return _seconds(timestamp)
        if NUMBER.fullmatch(text):
            return self.seconds(int(text)) if len("20240131") < len(text) <= MOST_DIGITS else None
        timestamp = _iso_8601(text)
        return None if timestamp is None else _seconds(timestamp)

    def _by_pattern(self, text: str) -> datetime | None:
        try:
            return datetime.strptime(text, self._pattern)
        except (ValueError, re.error):  # the latter for a pattern that names something twice
            return None


def _seconds(timestamp: datetime) -> int | None:
    return real((timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=timezone.utc)).timestamp())


def _iso_8601(text: str) -> datetime | None:
    """Before Python 3.11 only the plainest forms are understood; the rest is left to a library on every Python."""
    plain = tidy_date_time(text) or tidy_date(text) or text
    if plain is text:
        return _rare_form(text)
    try:
        return datetime.fromisoformat(plain.replace("Z", "+00:00"))
    except ValueError:
        return _rare_form(plain)


def _rare_form(text: str) -> datetime | None:
    try:
        # Without this, a time of the day is one of today.
        timestamp = pendulum.parse(text, exact=True)
    except (ValueError, OverflowError):
        return None
    if isinstance(timestamp, datetime):
        return timestamp
    return datetime(timestamp.year, timestamp.month, timestamp.day) if isinstance(timestamp, date) else None
