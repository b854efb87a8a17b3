"""Values become what the schema says they are, and none is lost."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_invoicing.streams.normalise import Normaliser, can_become

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "code": {"type": ["null", "string"]},
        "count": {"type": ["null", "integer"]},
        "amount": {"type": ["null", "number"]},
        "approved": {"type": ["null", "boolean", "string"]},
        "map": {"type": ["null", "object"], "additionalProperties": True},
        "address": {"type": ["null", "object"], "properties": {"zip": {"type": ["null", "string"]}}},
        "lines": {
            "type": ["null", "array"],
            "items": {"type": ["null", "object"], "properties": {"price": {"type": ["null", "number"]}}},
        },
        "tags": {"type": ["null", "array"], "items": {"type": ["null", "string"]}},
        "free": {},
    },
}
LEAF = st.sampled_from([None, True, False, 0, -7, 2**70, 1.0, 1.5, "", " ", "a", "7", "1.5", "nan", "ü"])
FLAT = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(st.sampled_from(["zip", "price", "x"]), LEAF)
JSON = FLAT | st.lists(FLAT, max_size=3)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("map", [], {}),
        ("map", {"a": 1}, {"a": 1}),
        ("map", None, None),
        ("lines", {}, []),
        ("amount", "12.50", 12.5),
        ("amount", "12", 12),
        ("amount", "", None),
        ("amount", "-0.5", -0.5),
        ("amount", 3, 3),
        ("amount", "nan", "nan"),
        ("amount", "12,50", "12,50"),
        ("count", 7.0, 7),
        ("count", "7", 7),
        ("count", 7.5, 7.5),
        ("count", True, True),
        ("code", 4711, "4711"),
        ("code", "", ""),
        ("approved", False, False),
        ("approved", "AB", "AB"),
        ("address", {"zip": 1020}, {"zip": "1020"}),
        ("lines", [{"price": "1.5"}, {"price": 2}, None, 5], [{"price": 1.5}, {"price": 2}, None, 5]),
        ("tags", [1, "a", None], ["1", "a", None]),
        ("free", ["anything", {"at": 1}], ["anything", {"at": 1}]),
    ],
)
def test_a_value_is_repaired_or_passed_on(field: str, value: Any, expected: Any) -> None:
    record = Normaliser("things", SCHEMA)({"id": 1, field: value})

    assert record == {"id": 1, field: expected}
    assert type(record[field]) is type(expected)


def test_the_same_shape_again_is_repaired_again() -> None:
    normalise = Normaliser("things", SCHEMA)

    values: list[Any] = [{}, [], {}, []]
    assert [normalise({"id": 1, "map": value})["map"] for value in values] == [{}, {}, {}, {}]


@pytest.mark.parametrize("text", ["00123", "2024_017", "12E5", "1_0.5", "0x10", "1,5", "٣", "+5", "1.", "12 %3"])
def test_text_that_only_looks_like_a_number_to_python_stays_text(text: str) -> None:
    assert Normaliser("things", SCHEMA)({"id": text, "amount": text}) == {"id": text, "amount": text}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("-7", -7),
        (" 7 ", 7),
        ("7.50", 7.5),
        ("-0.01", -0.01),
        ("19 %", 19.0),
        ("19.5%", 19.5),
        ("1.0E-5", 1e-5),
    ],
)
def test_numbers_that_come_as_text_become_numbers(text: str, number: float) -> None:
    assert Normaliser("things", SCHEMA)({"id": 1, "amount": text}) == {"id": 1, "amount": number}


def test_a_value_that_fits_nothing_is_passed_on_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    normalise = Normaliser("things", SCHEMA)

    with caplog.at_level(logging.WARNING, "airbyte.source_invoicing"):
        records = [normalise({"id": 1, "amount": "a lot"}) for _ in range(3)]

    assert {record["amount"] for record in records} == {"a lot"}
    assert [entry.getMessage() for entry in caplog.records] == [
        "Stream things: field amount holds a value of type str where the schema says number. It is passed on unchanged."
    ]


@given(record=st.dictionaries(st.sampled_from([*SCHEMA["properties"], "other"]), JSON))
def test_whatever_comes_no_field_is_lost_and_no_second_look_changes_anything(record: dict[str, Any]) -> None:
    normalise = Normaliser("things", SCHEMA)

    once = normalise(copy.deepcopy(record))

    undeclared = {name: value for name, value in record.items() if name not in SCHEMA["properties"]}
    assert once.pop("_additional_properties", {}) == undeclared
    assert once.keys() == record.keys() - undeclared
    assert normalise(copy.deepcopy(once)) == once


def test_undeclared_fields_are_kept_and_each_is_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    normalise = Normaliser("things", SCHEMA, keep=["updated"])

    records = [normalise({"id": number, "updated": 5, "colour": "red", "size": {"x": "1"}}) for number in (1, 2)]

    extra = {"colour": "red", "size": {"x": "1"}}
    assert records == [{"id": number, "updated": 5, "_additional_properties": extra} for number in (1, 2)]
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"Stream things: the schema does not declare the field {name}. Its values are in _additional_properties."
        for name in ("colour", "size")
    ]


def test_fields_that_are_named_by_what_they_hold_are_not_warned_about_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    normalise = Normaliser("things", SCHEMA)

    records = [normalise({"id": 1, f"on day {day}": day}) for day in range(500)]

    assert all(record["_additional_properties"] for record in records)
    assert len(caplog.records) == 100
    assert "nor any further one" in caplog.records[-1].getMessage()


@pytest.mark.parametrize("own", [{"colour": "blue", "weight": 1}, None, "text"])
def test_a_field_of_the_vendor_that_has_the_same_name_is_kept(own: Any) -> None:
    record = Normaliser("things", {**SCHEMA, "additionalProperties": True})(
        {
            "id": 1,
            "_additional_properties": own,
            "colour": "red",
        }
    )

    additional = record["_additional_properties"]
    assert additional["colour"] == "red"
    assert own is None or additional.get("weight") == 1 or additional["_additional_properties"] == own


def test_a_schema_without_fields_declares_all() -> None:
    assert Normaliser("things", {"type": "object"})({"id": 1, "colour": "red"}) == {"id": 1, "colour": "red"}


def test_the_schemas_of_all_streams_compile() -> None:
    folder = Path(__file__).parent.parent / "source_invoicing" / "platforms"
    schemas = sorted(folder.glob("*/schemas/**/*.json"))

    assert len(schemas) >= 17
    for path in schemas:
        Normaliser(path.stem, json.loads(path.read_text(encoding="utf-8")))({"id": 1})


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("count", 3, True),
        ("count", "3", True),
        ("count", "", True),
        ("count", "three", False),
        ("id", None, False),
        ("map", [], True),
        ("map", ["words"], False),
        ("tags", {}, True),
        ("code", 7, True),
        ("code", {"a": 1}, False),
        ("free", {"a": 1}, True),
    ],
)
def test_a_value_fits_if_it_can_be_made_what_the_schema_says(field: str, value: Any, fits: bool) -> None:
    assert can_become(value, SCHEMA["properties"][field]) is fits


def test_a_text_that_is_no_date_does_not_fit_where_one_is_declared() -> None:
    date = {"type": ["null", "string"], "format": "date"}

    assert [can_become(value, date) for value in ("2026-01-31", "", "soon")] == [True, True, False]
