"""What the records of a complete read are, told from the sandbox's rows and the discovered schemas alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker, validators

from integration_tests.connector import Json

NUMBERS = ("integer", "number")
CUSTOM_FIELDS = "custom_field_hash"
LATE_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")

# Strict: 1.0 is no integer.
StrictValidator = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def keys(rows: Iterable[Mapping[str, Any]], stream: Json) -> Counter[tuple[str, ...]]:
    """How often each primary key occurs."""
    paths = stream["source_defined_primary_key"]
    return Counter(tuple(str(_at(row, path)) for path in paths) for row in rows)


def spelt_alike(key: Any) -> tuple[str, ...]:
    """A key as the sandbox names it, in the form of :func:`keys`."""
    return tuple(map(str, key if isinstance(key, (list, tuple)) else [key]))


def assert_as_they_are(records: Iterable[Json], rows: Iterable[Mapping[str, Any]], stream: Json) -> None:
    """Each record is its row, in the types of the schema; it may hold more than the row."""
    records = list(records)
    assert violations(records, stream) == []
    paths = stream["source_defined_primary_key"]

    def key(row: Any) -> tuple[str, ...]:
        return tuple(str(_at(row, path)) for path in paths)

    by_key = {key(record): record for record in records}
    for row in rows:
        record = by_key[key(row)]
        assert {**record, **as_record(row, stream["json_schema"])} == record, stream["name"]


def _at(row: Any, path: Iterable[str]) -> Any:
    for name in path:
        row = row[name]
    return row


def as_record(row: Mapping[str, Any], schema: Mapping[str, Any]) -> Json:
    """A row in the types of its schema; fields that the schema does not declare stand together, and Zoho's custom
    fields where it has them."""
    if CUSTOM_FIELDS in schema["properties"]:
        custom = {name: value for name, value in row.items() if name.startswith("cf_")}
        row = {name: value for name, value in row.items() if name not in custom}
        row = {**row, CUSTOM_FIELDS: {**custom, **(row.get(CUSTOM_FIELDS) or {})}} if custom else row
    declared = {name: value for name, value in row.items() if name in schema["properties"]}
    others = {name: value for name, value in row.items() if name not in declared}
    return {**typed(declared, schema), **({"_additional_properties": others} if others else {})}


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """A row's value in the type its schema promises: maps that came as lists, numbers and truths that came as text or
    blank, text that came as a number, times whose offset lacks its colon."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, dict):
        return {name: typed(inner, schema.get("properties", {}).get(name, {})) for name, inner in value.items()}
    if isinstance(value, list) and "array" not in types and "object" in types:
        return {}
    if isinstance(value, list):
        return [typed(inner, schema.get("items", {})) for inner in value]
    if isinstance(value, str):
        return _typed_text(value, types, schema.get("format"))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and types and not {*types} & {*NUMBERS}:
        return str(value)
    return value


def _typed_text(value: str, types: list[str], form: str | None) -> Any:
    if not value and "null" in types and (form or "string" not in types):
        return None
    if "string" not in types and {*types} & {*NUMBERS}:
        return float(value.removesuffix("%"))
    if "string" not in types and "boolean" in types:
        return value == "true"
    return LATE_OFFSET.sub(r"\1:\2", value) if form == "date-time" else value


def violations(records: Iterable[Json], stream: Json) -> list[str]:
    """Where records do not fit their discovered schema, formats and integers taken strictly."""
    schema = stream["json_schema"]
    validator = StrictValidator(schema, format_checker=FormatChecker())
    return [
        f"{stream['name']}: {error.json_path}: {error.message}"
        for record in records
        for error in validator.iter_errors(record)
    ]
