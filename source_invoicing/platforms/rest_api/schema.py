"""A schema from a page of records, for streams whose configuration gives none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airbyte_cdk.models import AirbyteRecordMessage
from airbyte_cdk.utils.schema_inferrer import SchemaInferrer

from source_invoicing.streams import Row

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
NULL = "null"
DEEPEST = 20
#: In this order types are listed, so that the same data always gives the same schema.
ORDER = (NULL, "boolean", "integer", "number", "string", "object", "array")


def infer(stream: str, rows: Iterable[Row], key: Sequence[str], others: Sequence[str] = ()) -> Schema:
    """The schema that fits all the rows, and rows that lack fields or have more of them.

    Numbers stay ``number``, as the next amount may have decimals; only the parts of the primary key keep their type.
    Everything else is nullable. Values of several types keep all of them.

    :param key: dotted paths of the primary key
    :param others: dotted paths of further fields that have to be in the schema
    """
    inferrer = SchemaInferrer()
    rows = list(rows)
    for row in rows:
        inferrer.accumulate(AirbyteRecordMessage(stream=stream, data=row, emitted_at=0))
    found = inferrer.get_stream_schema(stream) or {}
    schema = {"$schema": DRAFT, **_plain(found, DEEPEST), "type": "object"}
    schema.setdefault("properties", {})
    schema["additionalProperties"] = True
    for path in others:
        _member(schema, path, {"type": [NULL, "string", "number"]})
    for path in key:
        _require(schema, path)
    return schema


def _plain(node: Schema, levels: int) -> Schema:
    """Without combinators, which destinations cannot map, and with null as the first of the types.

    :param levels: what is nested deeper is left open
    """
    variants = [_plain(variant, levels) for variant in node.get("anyOf", ())]
    own = node.get("type", ())
    types = {own} if isinstance(own, str) else set(own)
    plain: Schema = {"type": []}
    inner = node if levels else {}
    merged: dict[str, Any] = {name: _plain(each, levels - 1) for name, each in inner.get("properties", {}).items()}
    items = [_plain(node["items"], levels - 1)] if isinstance(inner.get("items"), dict) else []
    for variant in variants:
        types.update(variant["type"])
        merged.update(variant.get("properties", {}))
        items += [variant["items"]] if "items" in variant else []
    plain["type"] = [name for name in ORDER if name in types | {NULL}]
    if "object" in types:
        plain["properties"] = merged
        plain["additionalProperties"] = True
    if items:
        plain["items"] = items[0]
    return plain


def _member(schema: Schema, path: str, default: Schema) -> Schema:
    """The schema of a field, made where it is missing."""
    node = schema
    *way, last = path.split(".")
    for step in way:
        blank = {"type": [NULL, "object"], "properties": {}, "additionalProperties": True}
        node = node.setdefault("properties", {}).setdefault(step, blank)
    member: Schema = node.setdefault("properties", {}).setdefault(last, default)
    return member


def _require(schema: Schema, path: str) -> None:
    """Make a field one that every record has."""
    member = _member(schema, path, {"type": ["string", "number"]})
    types = [name for name in member["type"] if name != NULL]
    member["type"] = types[0] if len(types) == 1 else types
    node = schema
    for step in path.split("."):
        required = node.setdefault("required", [])
        if step not in required:
            required.append(step)
        node = node["properties"][step]
        if node.get("properties") is not None:
            node["type"] = "object"
