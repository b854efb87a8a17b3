"""Making values what a stream's schema says they are, without losing one.

The CDK's ``TypeTransformer`` walks the JSON schema anew for each record, which costs twenty times the rest of a
record. Here the schema is compiled once into a table of repairs; a value whose type is right is only looked at.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import contains
from typing import Any

from source_invoicing.streams.dates import DATE_FORMATS

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
ANYTHING = frozenset(PYTHON_TYPES.values())
NOTHING: frozenset[type] = frozenset()
UNREPAIRED = object()
# Numbers as programs write them. Python reads more than that: 00123, 2024_017 and 12E5 are names of things, and making
# numbers of them would lose which.
WHOLE = re.compile(r"\s*-?(?:0|[1-9]\d{0,18})\s*", re.ASCII)
NUMBER = re.compile(r"\s*-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]\d+)?\s*%?\s*", re.ASCII)
# What is remembered of the objects seen: the first few sequences of names, and with each so many combinations of
# types. There may be thousands, since the fields that are null differ; half a kilobyte each, in every stream.
MOST_LAYOUTS = 4
MOST_COMBINATIONS = 500
NO_COMBINATIONS: Mapping[tuple[type, ...], tuple[str, ...]] = {}


class Normaliser:
    """Brings the values of one stream's records into the types of its schema, in place.

    * a map that arrives as an empty list becomes an empty map, and the other way round (the habit of PHP back ends);
    * text that holds a number, maybe with a percent sign, becomes a number where the schema wants one, blank text
      becomes null;
    * a whole number written as ``1.0`` becomes an integer where the schema wants one;
    * a number becomes text where the schema wants text (identifiers stay what they are);
    * the words true and false become what they say where the schema wants a boolean;
    * where the schema says date or date-time, blanks and dates of zeros become null and offsets get their colon.

    A value that cannot be made what the schema says is passed on unchanged, with one warning per field.
    """

    def __init__(self, stream: str, schema: Mapping[str, Any]) -> None:
        self._stream = stream
        self._warned: set[str] = set()
        self._shape = self._shape_of_object(schema, "")

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Repair a record in place and return it."""
        _repair_object(record, self._shape)
        return record

    def _shape_of_object(self, schema: Mapping[str, Any], path: str) -> _Shape:
        shape = _Shape(_Misfits(), {}, [], [], [])
        for name, member in _objects(schema.get("properties")).items():
            at = f"{path}.{name}" if path else name
            types = _types(member)
            shape.misfits[name] = ANYTHING - _accepted(types)
            shape.repairs[name] = self._repair(types, at)
            if "string" in types and member.get("format") in DATE_FORMATS:
                shape.dates.append((name, self._date_repair(member, types, at)))
            if "object" in types and member.get("properties"):
                shape.objects.append((name, self._shape_of_object(member, at)))
            if "array" in types and isinstance(member.get("items"), dict):
                shape.arrays.append((name, self._shape_of_items(member["items"], f"{at}[]")))
        return shape

    def _shape_of_items(self, schema: Mapping[str, Any], path: str) -> _Items:
        types = _types(schema)
        fields = self._shape_of_object(schema, path) if schema.get("properties") else None
        return _Items(_accepted(types), self._repair(types, path), fields)

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

    def _date_repair(self, schema: Mapping[str, Any], types: frozenset[str], path: str) -> Callable[[str], Any]:
        tidy = DATE_FORMATS[schema["format"]]

        def repair(text: str) -> Any:
            tidied = tidy(text)
            if tidied is None:
                self._warn(path, frozenset([f"{schema['format']} text"]), text)
                return text
            return tidied or (None if "null" in types else text)

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


class _Misfits(dict[str, frozenset[type]]):
    """By field, the types that need repair. A field that the schema does not know fits as it is."""

    def __missing__(self, name: str) -> frozenset[type]:
        return NOTHING


@dataclass(frozen=True)
class _Shape:
    """What to look at in an object: this runs for every value of every record, so it is kept flat.

    :param misfits: by field, the types that need repair
    :param repairs: by field, what to do with a value of such a type
    :param objects: fields that hold objects to look into
    :param arrays: fields that hold arrays to look into
    :param dates: fields that hold dates as text, and what to do with the text
    :param known: by the names of an object's fields and the types of their values, the fields that need repair: the
        next object like it is not looked through
    """

    misfits: _Misfits
    repairs: dict[str, Repair]
    objects: list[tuple[str, _Shape]]
    arrays: list[tuple[str, _Items]]
    dates: list[tuple[str, Callable[[str], Any]]]
    known: dict[tuple[str, ...], dict[tuple[type, ...], tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Items:
    """What to look at in the elements of an array."""

    accepted: frozenset[type]
    repair: Repair
    fields: _Shape | None


def _repair_object(record: dict[str, Any], shape: _Shape) -> None:
    types = tuple(map(type, record.values()))
    wrong = shape.known.get(tuple(record), NO_COMBINATIONS).get(types)
    for name in _look_through(shape, record, types) if wrong is None else wrong:
        record[name] = shape.repairs[name](record[name])
    for name, repair in shape.dates:
        text = record.get(name)
        if text.__class__ is str:
            record[name] = repair(text)
    for name, fields in shape.objects:
        inner = record.get(name)
        if inner and inner.__class__ is dict:
            _repair_object(inner, fields)
    for name, items in shape.arrays:
        inner = record.get(name)
        if inner and inner.__class__ is list:
            _repair_array(inner, items)


def _look_through(shape: _Shape, record: dict[str, Any], types: tuple[type, ...]) -> tuple[str, ...]:
    """The fields whose values are of a wrong type, remembered for the next object like this one."""
    # Without a loop, which would take twice as long.
    wrong = tuple(compress(record, map(contains, map(shape.misfits.__getitem__, record), types)))
    names = tuple(record)
    if names in shape.known or len(shape.known) < MOST_LAYOUTS:
        combinations = shape.known.setdefault(names, {})
        if len(combinations) < MOST_COMBINATIONS:
            combinations[types] = wrong
    return wrong


def _repair_array(array: list[Any], items: _Items) -> None:
    for index, element in enumerate(array):
        if element.__class__ not in items.accepted:
            array[index] = items.repair(element)
        if items.fields is not None and element.__class__ is dict:
            _repair_object(element, items.fields)


def _accepted(types: frozenset[str]) -> frozenset[type]:
    if not types:
        return ANYTHING
    return frozenset({PYTHON_TYPES[name] for name in types} | ({int} if "number" in types else set()))


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else types if isinstance(types, (list, tuple)) else ()
    return frozenset(name for name in names if isinstance(name, str) and name in PYTHON_TYPES)


def _objects(members: Any) -> Mapping[str, Any]:
    """The members of a schema that are schemas themselves: one that a user wrote may hold anything."""
    return {name: each for name, each in members.items() if isinstance(each, dict)} if isinstance(members, dict) else {}


def _to_object(value: Any) -> Any:
    return {} if value == [] else UNREPAIRED


def _to_array(value: Any) -> Any:
    return [] if value == {} else UNREPAIRED


def _to_integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return _storable(int(value))
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return _storable(int(value))
    return UNREPAIRED


def _storable(number: int) -> Any:
    """Larger integers are none to most destinations, nor to what prints them."""
    return number if -(2**63) <= number < 2**63 else UNREPAIRED


def _to_number(value: Any) -> Any:
    if not isinstance(value, str):
        return UNREPAIRED
    whole = _to_integer(value)
    if whole is not UNREPAIRED or not NUMBER.fullmatch(value):
        return whole
    number = float(value.strip().removesuffix("%"))
    return number if math.isfinite(number) else UNREPAIRED


def _to_boolean(value: Any) -> Any:
    return (
        {"true": True, "false": False}.get(value.strip().lower(), UNREPAIRED) if isinstance(value, str) else UNREPAIRED
    )


def _to_string(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else UNREPAIRED


# In this order: a value becomes the narrowest thing it can be.
REPAIRS: tuple[tuple[str, Repair], ...] = (
    ("object", _to_object),
    ("array", _to_array),
    ("integer", _to_integer),
    ("number", _to_number),
    ("boolean", _to_boolean),
    ("string", _to_string),
)
