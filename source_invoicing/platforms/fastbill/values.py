"""Brings FastBill's values into the form that the schemas declare.

The API was made for XML, which shows in its JSON: a list can come as an array, as nothing, as an object with indices
as keys, under the name of its element, or, with one element, as that element; an empty value can come as an empty
list. https://apidocs.fastbill.com/fastbill/en/fundamentals.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.streams import Row

#: What an element is called where a list is written as in XML; it may also have the list's name without its "S".
ELEMENT = "ELEMENT"
TIMESTAMP = re.compile(r"(?:(\d{4})-(\d{2})-(\d{2})|(\d{2})\.(\d{2})\.(\d{4}))(?:[ T](\d{2}:\d{2}:\d{2}))?")


def rows_of(container: Any, name: str, fields: Collection[str]) -> list[Any] | None:
    """The elements of a list in any of its forms.

    :param name: of the list, such as ``INVOICES``
    :param fields: an object with one of these is an element
    :return: ``None`` if it is not a list
    """
    if isinstance(container, list):
        return container
    if container is None or container in ("", {}):
        return []
    if not isinstance(container, dict):
        return None
    indices = {index: whole_number(index) for index in container}
    if None not in indices.values():
        return [container[index] for index in sorted(container, key=lambda index: indices[index] or 0)]
    for element in (name.removesuffix("S"), ELEMENT):
        inner = container.get(element)
        # A comment has a text called COMMENT, which may be blank; a container has no other fields.
        holds_nothing_else = not any(field in container for field in fields if field != element)
        if (isinstance(inner, (dict, list)) and holds_nothing_else) or (inner is None and set(container) == {element}):
            return rows_of(inner, element, fields)
    return [container] if any(field in container for field in fields) else None


class Tidy:
    """Brings the lists, the empty values and the dates of a record into the form of its schema, in place.

    The stream's normaliser converts numbers and texts.

    :param schema: of the stream
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._repairs = {name: _repair(name, member) for name, member in schema["properties"].items()}

    def __call__(self, record: Row) -> Row:
        """Repair a record and return it."""
        for name, value in record.items():
            repair = self._repairs.get(name)
            if repair is not None:
                # Replacing the value of an existing key is safe while iterating.
                record[name] = repair(value)
        return record


def _repair(name: str, schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    types = schema["type"]
    if "array" in types:
        return _repair_list(name, schema["items"]) if "string" not in types else lambda value: value
    form = schema.get("format")
    return partial(_date, with_time=form == "date-time") if form in ("date", "date-time") else _scalar


def _repair_list(name: str, element: Mapping[str, Any]) -> Callable[[Any], Any]:
    fields = element["properties"]
    tidy = Tidy(element)

    def repair(value: Any) -> Any:
        rows = rows_of(value, name, fields)
        if rows is None:
            return value
        return [tidy(row) if isinstance(row, dict) else row for row in rows]

    return repair


def _scalar(value: Any) -> Any:
    return None if value in ([], {}) else value


def _date(value: Any, *, with_time: bool) -> Any:
    """A date (``2026-01-31``), or one with a time (``2026-01-31T12:00:00``). The day may come first (31.01.2026), a
    blank may separate date and time, and the time may be missing or not wanted. Blanks and zero dates become null."""
    if not isinstance(value, str):
        return _scalar(value)
    if not value.strip() or value.startswith(("0000-00-00", "00.00.0000")):
        return None
    found = TIMESTAMP.fullmatch(value)
    if found is None:
        return value
    year, month, day, day_first, month_second, year_last, time = found.groups()
    date = f"{year or year_last}-{month or month_second}-{day or day_first}"
    return f"{date}T{time or '00:00:00'}" if with_time else date
