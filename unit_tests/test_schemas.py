"""Every schema file says of every field, at whatever depth, what it is: a destination makes its columns of that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from source_invoicing.streams.derived import POSITION

PLATFORMS = Path(__file__).resolve().parents[1] / "source_invoicing" / "platforms"
SCHEMAS = sorted(PLATFORMS.glob("*/schemas/**/*.json"))
TYPES = {"null", "string", "integer", "number", "boolean", "object", "array"}

Schema = Mapping[str, Any]


def flaws(schema: Schema, path: str, keys: frozenset[str] = frozenset()) -> Iterator[str]:
    """What is wrong with the fields of an object.

    :param keys: the fields that are always there
    """
    if schema.get("additionalProperties") is not True:
        yield f"{path or 'the record'} should allow further fields"
    for name, field in schema.get("properties", {}).items():
        place = f"{path}{name}"
        description = field.get("description", "")
        if not description.strip() or description != description.strip() or "\n" in description:
            yield f"{place} should have a description of one line"
        yield from flaws_of_values(field, place, is_key=name in keys)


def flaws_of_values(field: Schema, place: str, *, is_key: bool = False) -> Iterator[str]:
    """What is wrong with the type of a field, or of the elements of an array."""
    types = field.get("type", [])
    if is_key:
        if not isinstance(types, str):
            yield f"{place} is a key and should have one type"
        types = [types]
    elif not isinstance(types, list) or "null" not in types or len(types) < 2 or not TYPES.issuperset(types):
        yield f"{place} should have a type and be nullable"
    if "object" in types:
        yield from flaws(field, f"{place}.")
    if "array" in types and "items" in field:
        yield from flaws_of_values(field["items"], f"{place}[]")
    elif "array" in types and "object" not in types:
        yield f"{place} should say what its elements are"


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: str(path.relative_to(PLATFORMS)))
def test_every_field_has_a_type_and_a_description_and_may_be_null(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))

    assert schema["title"]
    assert schema["description"]
    assert schema["type"] == "object"
    assert set(schema["required"]) <= set(schema["properties"])
    assert list(flaws(schema, "", frozenset({*schema["required"], POSITION}))) == []
