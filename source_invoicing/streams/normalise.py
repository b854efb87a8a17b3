"""Making values what a stream's schema says they are, without losing one.

The CDK's ``TypeTransformer`` walks the JSON schema anew for each record, which costs twenty times the rest of a
record. Here the schema is compiled once into a table of repairs; a value whose type is right is only looked at.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger("airbyte.source_invoicing")

Repair = Callable[[Any], Any]
PYTHON_TYPES: Mapping[str, type] = {
    "null": type(None),
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict,
    "array": list,
}
UNREPAIRED = object()


class Normaliser:
    """Brings the values of one stream's records into the types of its schema, in place.

    * a map that arrives as an empty list becomes an empty map, and the other way round (the habit of PHP back ends);
    * text that holds a number becomes a number where the schema wants one, blank text becomes null;
    * a whole number written as ``1.0`` becomes an integer where the schema wants one;
    * a number becomes text where the schema wants text (identifiers stay what they are).

    A value that cannot be made what the schema says is passed on unchanged, with one warning per field.
    """

    def __init__(self, stream: str, schema: Mapping[str, Any]) -> None:
        self._stream = stream
        self._warned: set[str] = set()
        self._fields = self._compile_object(schema, "")

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Repair a record in place and return it."""
        _repair_fields(record, self._fields)
        return record

    def _compile_object(self, schema: Mapping[str, Any], path: str) -> dict[str, _Field]:
        return {
            name: self._compile_field(field, f"{path}.{name}" if path else name)
            for name, field in schema.get("properties", {}).items()
        }

    def _compile_field(self, schema: Mapping[str, Any], path: str) -> _Field:
        types = _types(schema)
        accepted = {PYTHON_TYPES[name] for name in types} | ({int} if "number" in types else set())
        if not types:
            accepted = set(PYTHON_TYPES.values())
        fields = self._compile_object(schema, path) if "object" in types else {}
        items = None
        if "array" in types and isinstance(schema.get("items"), Mapping):
            items = self._compile_field(schema["items"], f"{path}[]")
        return _Field(
            accepted=frozenset(accepted),
            repair=self._repair(types, path),
            fields=fields if any(field.matters for field in fields.values()) else {},
            items=items if items is not None and items.matters else None,
        )

    def _repair(self, types: frozenset[str], path: str) -> Repair:
        attempts = [attempt for name, attempt in REPAIRS if name in types]

        def repair(value: Any) -> Any:
            if isinstance(value, str) and not value.strip() and "null" in types:
                return None
            for attempt in attempts:
                repaired = attempt(value)
                if repaired is not UNREPAIRED:
                    return repaired
            self._warn(path, types, value)
            return value

        return repair

    def _warn(self, path: str, types: frozenset[str], value: Any) -> None:
        if path not in self._warned:
            self._warned.add(path)
            expected = " or ".join(sorted(types - {"null"}))
            logger.warning(
                "Stream %s: field %s holds a value of type %s where the schema says %s. It is passed on unchanged.",
                self._stream,
                path,
                type(value).__name__,
                expected,
            )


class _Field:
    """What to do with one field of a record."""

    __slots__ = ("accepted", "fields", "items", "matters", "nested", "repair")

    def __init__(
        self, *, accepted: frozenset[type], repair: Repair, fields: dict[str, _Field], items: _Field | None
    ) -> None:
        self.accepted = accepted
        self.repair = repair
        self.fields = fields
        self.items = items
        self.nested = bool(fields) or items is not None
        # A field that accepts whatever JSON can hold needs no look.
        self.matters = self.nested or not accepted.issuperset(PYTHON_TYPES.values())


def _repair_fields(record: dict[str, Any], fields: dict[str, _Field]) -> None:
    for name, value in record.items():
        field = fields.get(name)
        if field is None:
            continue
        if value.__class__ not in field.accepted:
            # Replacing the value of an existing key is safe while its dictionary is walked.
            value = record[name] = field.repair(value)  # noqa: PLW2901
        if field.nested:
            _repair_nested(value, field)


def _repair_nested(value: Any, field: _Field) -> None:
    if value.__class__ is dict:
        _repair_fields(value, field.fields)
    elif value.__class__ is list and field.items is not None:
        item = field.items
        for index, element in enumerate(value):
            if element.__class__ not in item.accepted:
                value[index] = item.repair(element)
            if item.nested:
                _repair_nested(value[index], item)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type", ())
    return frozenset([types] if isinstance(types, str) else types)


def _to_object(value: Any) -> Any:
    return {} if value == [] else UNREPAIRED


def _to_array(value: Any) -> Any:
    return [] if value == {} else UNREPAIRED


def _to_integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return UNREPAIRED
    return UNREPAIRED


def _to_number(value: Any) -> Any:
    if not isinstance(value, str):
        return UNREPAIRED
    whole = _to_integer(value)
    if whole is not UNREPAIRED:
        return whole
    try:
        number = float(value)
    except ValueError:
        return UNREPAIRED
    return number if math.isfinite(number) else UNREPAIRED


def _to_string(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else UNREPAIRED


# In this order: a value becomes the narrowest thing it can be.
REPAIRS: tuple[tuple[str, Repair], ...] = (
    ("object", _to_object),
    ("array", _to_array),
    ("integer", _to_integer),
    ("number", _to_number),
    ("string", _to_string),
)
