"""Modification times in the formats that APIs write, and the formats that their filters accept."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any

import pendulum
from typing_extensions import override

from source_invoicing.config import Fields
from source_invoicing.http import whole_number
from source_invoicing.streams.dates import tidy_date, tidy_date_time
from source_invoicing.streams.timestamps import ISO_8601, SECONDS_PER_DAY, TimestampFormat, format_utc, real

# Larger numbers are milliseconds: as seconds they would be in the year 5138.
MAX_UNIX_SECONDS = 10**11
# The most that a local time can be behind UTC (seconds).
MAX_LAG = 12 * 3600
CLOCK = re.compile(r"[0-9][Tt: ][0-9]")
NUMBER = re.compile(r"-?[0-9]+")
# Shorter numbers in text may be dates: 20240131.
MIN_DIGITS, MAX_DIGITS = 9, 18
# As .NET writes it: "/Date(1769860800000+0000)/". The offset is for display only.
MS_DATE = re.compile(r"/Date\((-?[0-9]{1,18})(?:[+-][0-9]{4})?\)/")
# Up to eight bytes, as databases count versions.
VERSION = re.compile(r"[0-9]{1,20}")
DAY = "%Y-%m-%d"
# The format of the state, which no pattern overrides.
STORED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# A code of strftime, with the flags of the GNU C library.
CODE = re.compile(r"%(?:[-_0^#]?([A-Za-z%])|)")
#: Codes that strptime does not know, and equivalents that it does.
READ_AS = {
    **{"D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S", "r": "%I:%M:%S %p"},
    **{"e": "%d", "h": "%b", "k": "%H", "l": "%I", "P": "%p", "n": " ", "t": " "},
}
#: Codes of strftime that can also parse values; "%s" is seconds since 1970.
READABLE = frozenset("aAbBcdfGHIjmMpSsuUVwWxXyYzZ%") | READ_AS.keys()
#: Codes that cannot parse a value.
UNREADABLE = frozenset("Cg")
# A week needs its year and a day of it.
OF_A_WEEK = frozenset("GV")
DAYS_OF_A_WEEK = frozenset("uwaA")
OF_A_YEAR = frozenset("YyGcDFsxV+")
OF_A_CLOCK = frozenset("HIXcsTRrkl")
#: A row version: a number that grows with each change and is not a time.
INTEGER = "integer"
#: How a time (seconds since 1970, UTC) is written, by the name of the format.
FORMATS: Mapping[str, Callable[[int], str | int]] = {
    "iso8601": lambda seconds: format_utc(seconds, ISO_8601),
    "date": lambda seconds: format_utc(seconds, DAY),
    "unix": lambda seconds: seconds,
    "unix_ms": lambda seconds: seconds * 1000,
    "ms_date": lambda seconds: f"/Date({seconds * 1000})/",
    INTEGER: lambda version: version,
}


def format_time(form: str, seconds: int) -> str | int:
    """A time as a format writes it.

    :param form: a name of :data:`FORMATS`, or a pattern of ``strftime``
    :param seconds: since 1970 (UTC)
    """
    if form in FORMATS:
        return FORMATS[form](seconds)
    # The C library would count the seconds of "%s" in the time zone of this machine.
    return format_utc(seconds, CODE.sub(lambda code: str(seconds) if code[1] == "s" else code[0], form))


def filter_value(form: str, seconds: int) -> str | int:
    """The same for a filter. A day is the day before: the vendor may count days in another time zone."""
    return format_time(form, seconds - SECONDS_PER_DAY if unit_of(form) == SECONDS_PER_DAY else seconds)


def unit_of(form: str) -> int:
    """The smallest difference (seconds) that a format writes: a day, or a second."""
    return SECONDS_PER_DAY if form == "date" or (form not in FORMATS and not _has_clock(form)) else 1


def parse_format(fields: Fields, name: str, default: str = "iso8601") -> str:
    """A name of :data:`FORMATS`, or a pattern of ``strftime``.

    :param name: of the property that holds it
    """
    form = fields.text_or(name, default)
    check_format(fields, name, form)
    if form not in FORMATS and not OF_A_YEAR.intersection(code[1] for code in CODE.finditer(form)):
        raise fields.complaint(name, f"should be a pattern such as %d/%m/%Y, but {form!r} names no year")
    return form


def check_format(fields: Fields, name: str, form: str) -> None:
    """Check that a text is a name of :data:`FORMATS` or a pattern of ``strftime``.

    :param name: of the property that holds it
    """
    if form in FORMATS:
        return
    if "%" not in form:
        raise fields.complaint(name, f"should be {', '.join(FORMATS)} or a pattern such as %d/%m/%Y, found {form!r}")
    if fault := _fault_in_pattern(form):
        raise fields.complaint(name, f"should be a pattern such as %d/%m/%Y, but {form!r} {fault}")


def _fault_in_pattern(pattern: str) -> str:
    """Why a text is not a pattern of ``strftime`` that can parse values; empty if it is one."""
    found = [(code[0], code[1]) for code in CODE.finditer(pattern)]
    letters = {letter for _, letter in found}
    whole_week = letters >= OF_A_WEEK and letters & DAYS_OF_A_WEEK
    for code, letter in found:
        if letter in UNREADABLE or (letter in OF_A_WEEK and not whole_week):
            return f"holds {code!r}, which no value can be read by"
        if letter not in READABLE:
            return f"holds {code!r}, which stands for nothing"
    return "" if letters - {"%"} else "names no part of a date"


class AnyTimestamp(TimestampFormat):
    """Unix seconds or milliseconds, as number or text; ``/Date(ms)/``; ISO 8601 with or without a zone (then UTC); a
    pattern.

    The pattern has precedence where a value fits it: ``20240131`` may be a day or a number, ``04/05`` the fourth of May
    or the fifth of April.
    """

    description = "a date and time such as 2024-01-31T12:00:00Z"

    def __init__(self, pattern: str = "") -> None:
        """
        :param pattern: of ``strftime``
        """
        self._pattern = pattern
        # strptime knows fewer codes than strftime, and no flags.
        self._readable = CODE.sub(lambda code: READ_AS.get(code[1], f"%{code[1] or ''}"), pattern)
        self._epoch = _epoch(pattern)

    @override
    def parse(self, value: Any) -> int | None:
        if isinstance(value, str):
            timestamp = self._read(value.strip())
            return None if timestamp is None else _seconds(timestamp)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if by_pattern := self._by_pattern(str(value)):
            return _seconds(by_pattern)
        return real(value / 1000 if abs(value) > MAX_UNIX_SECONDS else value)

    @override
    def format(self, seconds: int) -> str:
        return format_utc(seconds, ISO_8601)

    def lag(self, value: Any) -> int:
        """How far the parsed time may be before the actual time (seconds).

        Text without a time zone may be local time, and a date is parsed as the beginning of its day.
        """
        timestamp = self._read(value.strip()) if isinstance(value, str) else None
        if timestamp is None or timestamp.tzinfo:
            return 0
        has_clock = CLOCK.search(value) or _has_clock(self._pattern)
        return MAX_LAG if has_clock else MAX_LAG + SECONDS_PER_DAY

    def _read(self, text: str) -> datetime | None:
        """The time in a text; without a time zone where that is not known."""
        if not STORED.fullmatch(text) and (timestamp := self._by_pattern(text)):
            return timestamp
        if found := MS_DATE.fullmatch(text):
            return _utc(int(found[1]) / 1000)
        if NUMBER.fullmatch(text):
            return _utc(self.parse(int(text))) if MIN_DIGITS <= len(text) <= MAX_DIGITS else None
        return _iso_8601(text) if text else None

    def _by_pattern(self, text: str) -> datetime | None:
        if not self._pattern:
            return None
        if self._epoch is not None:
            found = self._epoch.fullmatch(text)
            return _utc(int(found[1])) if found else None
        try:
            return datetime.strptime(text, self._readable)
        except (ValueError, re.error):  # re.error: the pattern names something twice
            return None


class RowVersion(TimestampFormat):
    """A whole number that grows with each change, as number or text."""

    description = "a whole number"

    @override
    def parse(self, value: Any) -> int | None:
        if isinstance(value, str) and VERSION.fullmatch(value.strip()):
            return int(value)
        return whole_number(value)

    @override
    def format(self, seconds: int) -> int:
        return seconds


def _epoch(pattern: str) -> re.Pattern[str] | None:
    """The expression that finds the seconds since 1970, for a pattern with "%s"; its other codes are ignored."""
    found = {"s": rf"(-?[0-9]{{1,{MAX_DIGITS}}})", "%": "%"}
    parts, end = [], 0
    for code in CODE.finditer(pattern):
        parts += [re.escape(pattern[end : code.start()]), found.get(code[1], ".+?")]
        end = code.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])])) if found["s"] in parts else None


def _has_clock(pattern: str) -> bool:
    return any(code[1] in OF_A_CLOCK for code in CODE.finditer(pattern))


def _utc(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as a time in UTC; ``None`` where no row can have changed at that time."""
    whole = None if seconds is None else real(seconds)
    return None if whole is None else datetime.fromtimestamp(whole, timezone.utc)


def _seconds(timestamp: datetime) -> int | None:
    with suppress(ValueError):  # a library may have parsed an offset of a day, which no time zone has
        return real((timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=timezone.utc)).timestamp())
    return None


def _iso_8601(text: str) -> datetime | None:
    """Python before 3.11 parses only the plainest forms; a library parses the others on every Python."""
    plain = tidy_date_time(text) or tidy_date(text) or text
    if plain is not text:
        with suppress(ValueError):
            return datetime.fromisoformat(plain.replace("Z", "+00:00"))
    try:
        # Without this argument, a time without a date is one of today.
        timestamp = pendulum.parse(plain, exact=True)
    except (ValueError, OverflowError):
        return None
    if isinstance(timestamp, datetime):
        return timestamp
    return datetime(timestamp.year, timestamp.month, timestamp.day) if isinstance(timestamp, date) else None
