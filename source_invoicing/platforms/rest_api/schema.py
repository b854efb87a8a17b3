"""JSON schemas: given by the configuration, or inferred from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from source_invoicing.config import Fields
from source_invoicing.platforms.rest_api.paths import dig
from source_invoicing.streams import Row
from source_invoicing.streams.normalise import PYTHON_TYPES

Schema = Mapping[str, Any]
Node = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
NULL = "null"
MAX_DEPTH = 20
NAMES = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object", list: "array"}
#: Types are listed in this order, so that the same data always gives the same schema.
ORDER = (NULL, "boolean", "number", "string", "object", "array")


def parse_schema(fields: Fields) -> Schema | None:
    """The schema in the configuration, which is JSON text, if any.

    :param fields: the stream
    """
    if not fields.optional_text("json_schema"):
        return None
    schema = fields.json_object("json_schema")
    if not isinstance(schema.get("properties"), dict):
        raise fields.complaint("json_schema", 'should be a JSON schema of an object, with "properties"')
    if fault := _fault_in(schema):
        raise fields.complaint("json_schema", f"is no JSON schema at {fault}")
    return {"type": "object", "additionalProperties": True, **schema}


def _fault_in(schema: Any, path: str = "$") -> str:
    """The path of the first part that is not a schema; empty if all are."""
    if not isinstance(schema, dict):
        return path
    types, properties = schema.get("type", []), schema.get("properties", {})
    names = types if isinstance(types, list) else [types]
    if not all(isinstance(name, str) and name in PYTHON_TYPES for name in names):
        return f"{path}.type"
    if not isinstance(properties, dict):
        return f"{path}.properties"
    members = {f"{path}.properties.{name}": member for name, member in properties.items()}
    if isinstance(schema.get("items"), dict):
        members[f"{path}.items"] = schema["items"]
    return next((fault for at, member in members.items() if (fault := _fault_in(member, at))), "")


def infer(rows: Sequence[Row], key: Sequence[str], others: Sequence[str] = ()) -> Schema:
    """A schema that fits all the rows, and rows with missing or further fields.

    Numbers are ``number``, because the next amount may have decimals, except whole numbers in a primary key. All fields
    but those of the key are nullable. A field keeps all types of its values; one that is always null has every type.

    :param key: dotted paths of the primary key
    :param others: dotted paths of further fields that the schema must have
    """
    schema = {"$schema": DRAFT, **_object_of(rows, MAX_DEPTH), "type": "object"}
    for path in others:
        _member(schema, path, {"type": [NULL, "string", "number"]})
    for path in key:
        _require(schema, path, rows)
    return schema


def _object_of(objects: Sequence[Mapping[str, Any]], levels: int) -> Node:
    """The schema of objects.

    :param levels: objects nested deeper have no properties in the schema
    """
    names = dict.fromkeys(name for each in objects for name in each) if levels else {}
    return {
        "properties": {name: _any_of([each[name] for each in objects if name in each], levels - 1) for name in names},
        "additionalProperties": True,
    }


def _any_of(values: Sequence[Any], levels: int) -> Node:
    """The schema of values. Null is the first type; there are no combinators, which destinations cannot map."""
    types = {NAMES.get(type(value), NULL) for value in values}
    if types == {NULL}:
        # A field that is always null may get values of any type.
        return {"type": list(ORDER)}
    node: Node = {"type": [name for name in ORDER if name in types | {NULL}]}
    if "object" in types:
        node |= _object_of([value for value in values if isinstance(value, Mapping)], levels)
    elements = [element for value in values if isinstance(value, list) for element in value]
    if elements and levels > 0:
        node["items"] = _any_of(elements, levels - 1)
    return node


def _member(schema: Node, path: str, default: Node) -> Node:
    """The schema of a field, created if missing."""
    node = schema
    *way, last = path.split(".")
    for step in way:
        blank = {"type": [NULL, "object"], "properties": {}, "additionalProperties": True}
        node = node.setdefault("properties", {}).setdefault(step, blank)
    member: Node = node.setdefault("properties", {}).setdefault(last, default)
    return member


def _require(schema: Node, path: str, rows: Sequence[Row]) -> None:
    """Make a field required."""
    member = _member(schema, path, {"type": ["string", "number"]})
    values = [dig(row, path) for row in rows]
    is_whole = bool(values) and all(type(value) is int for value in values)
    types = ["integer"] if is_whole else [name for name in member["type"] if name != NULL]
    member["type"] = types[0] if len(types) == 1 else types
    node = schema
    for step in path.split("."):
        required = node.setdefault("required", [])
        if step not in required:
            required.append(step)
        node = node["properties"][step]
        if node.get("properties") is not None:
            node["type"] = "object"
