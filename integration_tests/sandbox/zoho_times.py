"""Times of Zoho's rows: unix seconds in the tables, text with an offset on the wire."""

from __future__ import annotations

import time

from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.zoho_list_spec import TIMES
from integration_tests.sandbox.zoho_query import moment

SUMMER = range(4, 11)
"""Months in which New York is four hours behind UTC, roughly."""


def with_values(row: Row, values: Row) -> Row:
    """The row with values set by hand; a time is a unix second, Zoho's text for one, or blank."""
    values = dict(values)
    for name, column in TIMES.items():
        if name not in values:
            continue
        given = values.pop(name)
        at = moment(given) if isinstance(given, str) else given
        if at is None and given not in ("", None):
            raise SandboxError(f"{name} is a unix second, a time such as 2026-03-14T09:05:11+0100 or blank: {given!r}.")
        values |= {name: None, column: at}
    return row | values


def written(at: int | None, offset: str) -> str:
    """A time as Zoho writes it: no colon in the offset; blank where there is none."""
    if at is None:
        return ""
    if offset == "new_york":
        offset = "-0400" if time.gmtime(at).tm_mon in SUMMER else "-0500"
    hours, minutes = int(offset[1:3]), int(offset[3:])
    shift = (hours * 60 + minutes) * (-60 if offset[0] == "-" else 60)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at + shift)) + offset
