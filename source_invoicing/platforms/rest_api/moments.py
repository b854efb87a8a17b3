"""When a record was changed, in whatever form an API writes it, and the form its filter wants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import pendulum

from source_invoicing.streams.moments import real

SECONDS_PER_DAY = 86_400
# Larger numbers are milliseconds: as seconds they would be in the year 5138.
LARGEST_SECONDS = 10**11
# No clock on earth is further behind UTC (seconds).
FURTHEST_BEHIND = 12 * 3600
CLOCK = re.compile(r"[0-9][Tt: ][0-9]")
NUMBER = re.compile(r"-?[0-9]+")
MOST_DIGITS = 18


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
    return _text(form) if any(sign in form for sign in ("%H", "%I", "%s", "%X", "%c", "%T")) else _day_before(form)


class AnyMoment:
    """Unix seconds or milliseconds, as number or text; ISO 8601 with or without a zone (then UTC); a pattern.

    :param pattern: of ``strptime``, for texts in another form
    """

    description = "a date and time such as 2024-01-31T12:00:00Z"

    def __init__(self, pattern: str = "") -> None:
        self._pattern = pattern

    def seconds(self, value: Any) -> int | None:
        """See :class:`MomentFormat`."""
        if isinstance(value, str):
            return self._of_text(value.strip())
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        return real(value / 1000 if abs(value) > LARGEST_SECONDS else value)

    def lag(self, value: Any) -> int:
        """How far the moment that a text is taken for may be behind the moment it was written at, by the clock of a
        server (seconds). Texts without a zone may be local ones, and a date is the beginning of its day."""
        if not isinstance(value, str) or NUMBER.fullmatch(value.strip()):
            return 0
        moment = self._parse(value.strip())
        if moment is None or moment.tzinfo:
            return 0
        return FURTHEST_BEHIND if CLOCK.search(value) else FURTHEST_BEHIND + SECONDS_PER_DAY

    def value(self, seconds: int) -> str:
        """See :class:`MomentFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _of_text(self, text: str) -> int | None:
        if not text:
            return None
        if NUMBER.fullmatch(text):
            return self.seconds(int(text)) if len("20240131") < len(text) <= MOST_DIGITS else None
        moment = self._parse(text)
        if moment is None:
            return None
        return real((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())

    def _parse(self, text: str) -> datetime | None:
        try:
            # Before Python 3.11 a zone called Z is not understood.
            return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        except ValueError:
            pass
        if self._pattern:
            try:
                return datetime.strptime(text, self._pattern)
            except (ValueError, re.error):  # the latter for a pattern that names something twice
                pass
        try:
            moment = pendulum.parse(text)
        except (ValueError, OverflowError):
            return None
        return moment if isinstance(moment, datetime) else None
