"""Converting values to the types that a stream's schema declares, without losing any.

The CDK's ``TypeTransformer`` goes through the JSON schema again for each record, which takes twenty times as long as
everything else that is done with a record. Here the schema is compiled once into a table of repairs, by field and by
type of the value. A value of the right type is not touched.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from source_invoicing.http import logger
from source_invoicing.streams.dates import DATE_FORMATS

Repair = Callable[[Any], Any]
#: The repair for the values of a field, by their type. Values of other types need none.
Repairs = Mapping[type, Repair]
#: The member for fields that the schema does not declare: destinations load only declared columns.
ADDITIONAL_PROPERTIES = "_additional_properties"
ADDITIONAL_PROPERTIES_SCHEMA: Mapping[str, Any] = {
    "type": ["null", "object"],
    "description": "Fields that came beside those of this schema, by name; absent where there are none.",
    "additionalProperties": True,
}
# There is a limit because some objects have data in the names of their fields, such as ids.
MAX_UNDECLARED = 100
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
UNREPAIRED = object()
NO_REPAIRS: Repairs = {}
# Numbers as programs write them. Python also accepts 00123, 2024_017 and 12E5, but these are identifiers, which a
# conversion would destroy.
WHOLE = re.compile(r"\s*-?(?:0|[1-9]\d{0,18})\s*", re.ASCII)
NUMBER = re.compile(r"\s*-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]\d+)?\s*%?\s*", re.ASCII)


class Normaliser:
    """Converts the values of one stream's records to the types of its schema, in place.

    * an empty list becomes an empty map where the schema declares a map, and vice versa (PHP back ends mix them up);
    * text that holds a number, maybe with a percent sign, becomes a number where the schema declares one; blank text
      becomes null;
    * a whole number written as ``1.0`` becomes an integer where the schema declares one;
    * a number becomes text where the schema declares text (identifiers keep their digits);
    * the words true and false become booleans where the schema declares one;
    * where the schema declares a date or date-time, blanks and dates of zeros become null and offsets get a colon.

    A value that cannot be converted is passed on unchanged, with one warning per field. A field that the schema does
    not declare moves to ``_additional_properties``, with one warning per field. If the schema declares no fields at
    all, they all stay in place.
    """

    def __init__(self, stream: str, schema: Mapping[str, Any], keep: Iterable[str] = ()) -> None:
        """
        :param keep: fields that stay even if the schema does not declare them
        """
        self._stream = stream
        self._warned: set[str] = set()
        self._undeclared: set[str] = set()
        self._warning = threading.Lock()
        fields = self._repairs_of_members(schema, "")
        self._repairs_of = {**dict.fromkeys(keep, NO_REPAIRS), **fields}.get
        self._if_undeclared = UNDECLARED if fields else NO_REPAIRS

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Repair a record in place and return it."""
        repairs_of, if_undeclared = self._repairs_of, self._if_undeclared
        undeclared: list[str] = []
        for name, value in record.items():
            if type(value) in (repairs := repairs_of(name, if_undeclared)):
                if repairs is UNDECLARED:
                    undeclared.append(name)
                else:
                    record[name] = repairs[type(value)](value)
        if undeclared:
            self._move(record, undeclared)
        return record

    def _move(self, record: dict[str, Any], undeclared: Sequence[str]) -> None:
        moved = {name: record.pop(name) for name in undeclared}
        record[ADDITIONAL_PROPERTIES] = {**_own_additions(record), **moved}
        if not moved.keys() <= self._undeclared:
            with self._warning:
                self._warn_of(moved.keys() - self._undeclared)

    def _warn_of(self, undeclared: Iterable[str]) -> None:
        for name in undeclared:
            if len(self._undeclared) == MAX_UNDECLARED:
                return
            self._undeclared.add(name)
            logger.warning(
                "Stream %s: the schema does not declare the field %s. Its values are in %s.",
                self._stream,
                name if len(self._undeclared) < MAX_UNDECLARED else f"{name}, nor any further one that comes",
                ADDITIONAL_PROPERTIES,
            )

    def _repairs_of_members(self, schema: Mapping[str, Any], path: str) -> dict[str, Repairs]:
        members = _objects(schema.get("properties"))
        return {name: self._repairs(each, f"{path}.{name}" if path else name) for name, each in members.items()}

    def _repairs(self, schema: Mapping[str, Any], path: str) -> Repairs:
        types = _types(schema)
        repair = self._repair(types, path)
        repairs = dict.fromkeys(ANYTHING - _accepted(types), repair)
        if "string" in types and schema.get("format") in DATE_FORMATS:
            tidy = self._date_repair(schema, types, path)
            repairs = dict.fromkeys(repairs, lambda value: tidy(repair(value)))
            repairs[str] = tidy
        if "object" in types and schema.get("properties"):
            repairs[dict] = self._object_repair(schema, path)
        if "array" in types and isinstance(schema.get("items"), dict):
            repairs[list] = self._array_repair(schema["items"], f"{path}[]")
        return repairs

    def _object_repair(self, schema: Mapping[str, Any], path: str) -> Repair:
        # Most schemas declare more than an account uses, so members are compiled when the first value arrives.
        members = cache(partial(self._repairs_of_members, schema, path))

        def repair(values: dict[str, Any]) -> dict[str, Any]:
            if values:
                repairs_of = members().get
                for name, value in values.items():
                    if type(value) in (repairs := repairs_of(name, NO_REPAIRS)):
                        values[name] = repairs[type(value)](value)
            return values

        return repair

    def _array_repair(self, schema: Mapping[str, Any], path: str) -> Repair:
        elements = cache(partial(self._repairs, schema, path))

        def repair(values: list[Any]) -> list[Any]:
            if values:
                repairs = elements()
                for index, value in enumerate(values):
                    if type(value) in repairs:
                        values[index] = repairs[type(value)](value)
            return values

        return repair

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

    def _date_repair(self, schema: Mapping[str, Any], types: frozenset[str], path: str) -> Repair:
        tidy = DATE_FORMATS[schema["format"]]

        def repair(text: Any) -> Any:
            if not isinstance(text, str):
                return text
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


def _own_additions(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of the vendor's own field of that name, if there is one."""
    own = record.get(ADDITIONAL_PROPERTIES)
    return own if isinstance(own, dict) else {} if own is None else {ADDITIONAL_PROPERTIES: own}


def with_additional_properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema that also declares the member for undeclared fields."""
    properties = {**schema.get("properties", {}), ADDITIONAL_PROPERTIES: dict(ADDITIONAL_PROPERTIES_SCHEMA)}
    return {**schema, "properties": properties}


def can_become(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value has the type that a schema declares, or can be converted without a loss. Its members are not
    checked."""
    types = _types(schema)
    if isinstance(value, str) and "string" in types and schema.get("format") in DATE_FORMATS:
        return not value.strip() or DATE_FORMATS[schema["format"]](value) is not None
    if type(value) in _accepted(types) or (isinstance(value, str) and not value.strip() and "null" in types):
        return True
    return any(attempt(value) is not UNREPAIRED for name, attempt in REPAIRS if name in types)


def _accepted(types: frozenset[str]) -> frozenset[type]:
    if not types:
        return ANYTHING
    return frozenset({PYTHON_TYPES[name] for name in types} | ({int} if "number" in types else set()))


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else types if isinstance(types, (list, tuple)) else ()
    return frozenset(name for name in names if isinstance(name, str) and name in PYTHON_TYPES)


def _objects(members: Any) -> Mapping[str, Any]:
    """The members that are schemas themselves: in a schema written by a user, they may be anything."""
    return {name: each for name, each in members.items() if isinstance(each, dict)} if isinstance(members, dict) else {}


def _as_it_is(value: Any) -> Any:
    return value


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
    """An integer of 64 bits: most destinations, and the JSON encoder, do not support larger ones."""
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


# In this order, so that a value gets the narrowest type possible.
REPAIRS: tuple[tuple[str, Repair], ...] = (
    ("object", _to_object),
    ("array", _to_array),
    ("integer", _to_integer),
    ("number", _to_number),
    ("boolean", _to_boolean),
    ("string", _to_string),
)
#: The repairs of a field that the schema does not declare; never called, since such a field is moved.
UNDECLARED: Repairs = dict.fromkeys(ANYTHING, _as_it_is)
