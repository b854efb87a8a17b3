"""What the records of a complete read are, told from the sandbox's rows and the discovered schemas alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker, validators

from integration_tests.connector import Json

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


def _at(row: Any, path: Iterable[str]) -> Any:
    for name in path:
        row = row[name]
    return row


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """A row's value in the type its schema promises: maps that came as lists, numbers that came as text."""
    types = schema.get("type", [])
    if isinstance(value, dict):
        return {name: typed(inner, schema.get("properties", {}).get(name, {})) for name, inner in value.items()}
    if isinstance(value, list) and "array" not in types and "object" in types:
        return {}
    if isinstance(value, list):
        return [typed(inner, schema.get("items", {})) for inner in value]
    if isinstance(value, str) and "string" not in types and "number" in types:
        return float(value)
    return value


def violations(records: Iterable[Json], stream: Json) -> list[str]:
    """Where records do not fit their discovered schema, formats and integers taken strictly."""
    schema = stream["json_schema"]
    validator = StrictValidator(schema, format_checker=FormatChecker())
    return [
        f"{stream['name']}: {error.json_path}: {error.message}"
        for record in records
        for error in validator.iter_errors(record)
    ]
