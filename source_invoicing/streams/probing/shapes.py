"""How rows differ from their schemas: paths and types, never a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from source_invoicing.streams.normalise import can_become
from source_invoicing.streams.page import Row
from source_invoicing.streams.resource import Resource

# Any other name may contain data of a record.
NAME = re.compile(r"[A-Za-z_]+(?:[0-9]{1,2}[A-Za-z_]*)?")
LONGEST_NAME = 60
# An object with more members is a record.
MAX_IN_AN_ENVELOPE = 4
TYPES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    list: "array",
    dict: "object",
}


class Shapes:
    """Collects the fields of rows that no schema declares, and those with another type than declared.

    :ivar undeclared: types by stream and path
    :ivar out_of_type: by stream and path: the types that were found, and the declared ones
    """

    def __init__(self) -> None:
        self.undeclared: dict[tuple[str, str], set[str]] = {}
        self.out_of_type: dict[tuple[str, str], tuple[set[str], str]] = {}

    def note(self, stream: Resource, rows: Iterable[Row]) -> bool:
        """Compare unchanged rows with the schema of their stream. A schema without fields is not compared.

        :return: whether no difference has been found for that stream so far
        """
        schema = stream.schema_of_records()
        for row in rows:
            self._object(stream, schema, row, "")
        return not any(name == stream.name for name, _ in (*self.undeclared, *self.out_of_type))

    def _object(self, stream: Resource, schema: Mapping[str, Any], values: Mapping[str, Any], path: str) -> None:
        declared = schema.get("properties")
        if not isinstance(declared, Mapping) or not declared:
            return
        for name, value in values.items():
            at = f"{path}.{shown(name)}" if path else shown(name)
            if name in declared:
                self._value(stream, declared[name], value, at)
            elif not is_custom_field(stream, name):
                self.undeclared.setdefault((stream.name, at), set()).add(kind_of(value))

    def _value(self, stream: Resource, schema: Mapping[str, Any], value: Any, path: str) -> None:
        if not can_become(value, schema):
            types = schema.get("type", [])
            names = [types] if isinstance(types, str) else types
            expected = " or ".join([*(each for each in names if each != "null"), *filter(None, [schema.get("format")])])
            self.out_of_type.setdefault((stream.name, path), (set(), expected))[0].add(kind_of(value))
        elif isinstance(value, dict):
            self._object(stream, schema, value, path)
        elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            for element in value:
                self._value(stream, schema["items"], element, f"{path}[]")


def kind_of(value: Any) -> str:
    """The type of a value, and whether it is blank."""
    blank = "blank " if isinstance(value, str) and not value.strip() else "empty " if value in ([], {}) else ""
    return f"{blank}{TYPES.get(type(value), 'object')}"


def shown(name: str) -> str:
    """The name of a field, or a placeholder where it may contain data."""
    return name if len(name) <= LONGEST_NAME and NAME.fullmatch(name) else "*"


def fields_of(body: Any, stream: Resource) -> dict[str, set[str]]:
    """The fields of a response: types by path. The members of a record are not looked into, since they may be maps
    whose keys come from users.

    :param stream: knows the custom fields of users
    """
    fields: dict[str, set[str]] = {}
    is_envelope = isinstance(body, dict) and len(body) <= MAX_IN_AN_ENVELOPE
    _note_fields(body, "", 2 if is_envelope else 1, fields, stream)
    return fields


def _note_fields(value: Any, path: str, levels: int, fields: dict[str, set[str]], stream: Resource) -> None:
    if isinstance(value, list):
        for each in value:
            _note_fields(each, f"{path}[]", min(levels, 1), fields, stream)
    elif isinstance(value, dict) and levels:
        for name, member in value.items():
            if not is_custom_field(stream, name):
                at = f"{path}.{shown(name)}" if path else shown(name)
                fields.setdefault(at, set()).add(kind_of(member))
                if levels > 1:
                    _note_fields(member, at, levels - 1, fields, stream)


def is_custom_field(stream: Resource, name: str) -> bool:
    """Whether users have made a field, so that no schema knows it."""
    prefix = stream.source_stream.custom_field_prefix
    return bool(prefix) and name.startswith(prefix)
