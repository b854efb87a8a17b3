"""Which rows of a resource are asked for: what changed since, window by window, or value by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import whole_number
from source_invoicing.platforms.rest_api.headers import check_header_name
from source_invoicing.platforms.rest_api.timestamps import INTEGER, parse_format, unit_of
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

LONGEST_WINDOW = 3660


@dataclass(frozen=True)
class Since:
    """How the API is asked for what changed since a time. Names are those of the configuration.

    :param first: what stands for the time in a sync that has none yet (seconds since 1970, UTC, or a row version)
    """

    param: str
    header: str
    format: str
    first: int | None

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """
        :param fields: the stream
        :raises Failure: for the first option that is wrong
        """
        header, form = fields.optional_text("since_header"), parse_format(fields, "since_format")
        if header:
            check_header_name(fields, header, "since_header")
        param = fields.optional_text("since_param")
        if form != INTEGER:
            return cls(param, header, form, fields.timestamp("first_since"))
        text = fields.optional_text("first_since")
        version = whole_number(text) if text else None
        if text and version is None:
            what = f"should be a whole number where since_format is integer, found {text!r}"
            raise fields.complaint("first_since", what)
        return cls(param, header, form, version)

    @property
    def option(self) -> str:
        """The option that has it sent, if there is one."""
        return "since_param" if self.param else "since_header" if self.header else ""


@dataclass(frozen=True)
class Windows:
    """Windows of time that are asked for one by one, for lists that want a beginning and an end.

    :param days: length of a window
    :param first: where the first one begins (seconds since 1970, UTC)
    :param format: how the borders are written
    """

    days: int
    from_param: str
    to_param: str
    first: int | None
    format: str

    @classmethod
    def parse(cls, fields: Fields | None) -> Self | None:
        """The windows of a stream, if it has some: Airbyte's form sends an object without days where it has none.

        :raises Failure: for the first option that is wrong
        """
        if fields is None:
            return None
        days = fields.integer("days", None, 1, LONGEST_WINDOW)
        windows = cls(
            days=days or 0,
            from_param=fields.optional_text("from_param"),
            to_param=fields.optional_text("to_param"),
            first=fields.timestamp("first"),
            format=parse_format(fields, "format", default="date"),
        )
        if windows.format == INTEGER:
            raise fields.complaint("format", "is integer, and windows are of time")
        if days is None and (windows.from_param or windows.to_param or windows.first is not None):
            raise fields.complaint("days", "is missing. It is how many days a window has")
        return None if days is None else windows

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Windows from a time to another one, each of which begins one unit of the format before the last one's end.

        :param start: seconds since 1970 (UTC)
        """
        unit = unit_of(self.format)
        start, end = start - start % unit, end - end % unit
        while True:
            stop = start + self.days * SECONDS_PER_DAY
            yield start, min(stop, end)
            if stop >= end:
                return
            start = stop - unit if self.days * SECONDS_PER_DAY > unit else stop
