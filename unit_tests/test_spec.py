"""The form that ``spec`` describes against what Airbyte's form builder can show.

The rules are those of Airbyte's connector specification reference; the CDK's standard tests look at secrets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from source_invoicing.config import Fields
from source_invoicing.http import Failure
from source_invoicing.platforms import PLATFORMS
from unit_tests.test_packaging import ROOT

SPEC = yaml.safe_load((ROOT / "source_invoicing" / "spec.yaml").read_text(encoding="utf-8"))
FORM: dict[str, Any] = SPEC["connectionSpecification"]

FORBIDDEN = {
    *("not", "anyOf", "allOf", "patternProperties", "prefixItems", "if", "then", "else"),
    *("dependentSchemas", "dependentRequired", "$ref"),
}
KNOWN_TYPES = {"object", "array", "string", "integer", "number", "boolean"}

Node = tuple[str, dict[str, Any]]


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[Node]:
    """All objects of the form that describe a value, with their path: fields, options and items of lists."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    for index, option in enumerate(schema.get("oneOf", [])):
        yield from nodes(option, f"{path}[{index}]")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def fields(schema: dict[str, Any]) -> Iterator[Node]:
    """The fields that a user sees."""
    for path, node in nodes(schema):
        yield from ((f"{path}.{name}", field) for name, field in node.get("properties", {}).items())


NODES = dict(nodes(FORM))
FIELDS = dict(fields(FORM))
CHOICES = {path: node for path, node in NODES.items() if "oneOf" in node}
OBJECTS = {path: node for path, node in NODES.items() if "properties" in node}


def test_the_root() -> None:
    assert SPEC.keys() <= {"documentationUrl", "connectionSpecification"}
    assert FORM["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert FORM["type"] == "object"
    assert FORM["title"]


def test_the_first_choice_offers_every_platform() -> None:
    offered = [option["properties"]["name"]["const"] for option in FORM["properties"]["platform"]["oneOf"]]

    assert offered == list(PLATFORMS)
    assert offered == [platform.name for platform in PLATFORMS.values()]


@pytest.mark.parametrize("path", NODES)
def test_nothing_is_used_that_the_form_cannot_show(path: str) -> None:
    assert not FORBIDDEN & NODES[path].keys()
    assert NODES[path]["type"] in KNOWN_TYPES


@pytest.mark.parametrize("path", OBJECTS)
def test_a_saved_configuration_with_more_in_it_stays_valid(path: str) -> None:
    assert OBJECTS[path].get("additionalProperties") is True
    assert set(OBJECTS[path].get("required", [])) <= OBJECTS[path]["properties"].keys()


@pytest.mark.parametrize("path", OBJECTS)
def test_fields_have_an_order_of_their_own_with_those_that_are_always_shown_first(path: str) -> None:
    properties = OBJECTS[path]["properties"]
    required = {*OBJECTS[path].get("required", []), *(name for name in properties if "always_show" in properties[name])}
    orders = {name: field["order"] for name, field in properties.items()}
    groups = Counter((field.get("group"), field["order"]) for field in properties.values())
    by_order = sorted(orders, key=lambda name: orders[name])
    # What selects the option stands first and need not be looked at.
    selecting = [name for name in by_order if "const" in properties[name]]

    assert max(groups.values()) == 1
    assert set(by_order[: len(required | set(selecting))]) == required | set(selecting)


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_says_what_it_is(path: str) -> None:
    field = FIELDS[path]

    assert re.fullmatch(r"[A-Z][^_]*", field["title"])
    assert len(field["description"]) > len("Selects X.")
    assert ("pattern" in field) <= ("pattern_descriptor" in field)
    assert len(set(field.get("enum", []))) == len(field.get("enum", []))
    assert "group" not in field or path.count(".") == 1


@pytest.mark.parametrize("path", CHOICES)
def test_a_choice_is_told_apart_by_one_constant(path: str) -> None:
    choice = CHOICES[path]
    constants = [
        {name: field["const"] for name, field in option["properties"].items() if "const" in field}
        for option in choice["oneOf"]
    ]
    (selector,) = {name for constant in constants for name in constant}
    values = [constant[selector] for constant in constants]

    assert choice["type"] == "object"
    assert "properties" not in choice
    assert len(set(values)) == len(values)
    for option in choice["oneOf"]:
        assert option["type"] == "object"
        assert option["title"]
        assert selector in option["required"]
        assert option["properties"][selector]["type"] == "string"
        assert option["properties"][selector].get("default") == option["properties"][selector]["const"]


@pytest.mark.parametrize("path", FIELDS)
def test_a_default_and_the_examples_are_valid(path: str) -> None:
    field = FIELDS[path]

    for value in [*field.get("examples", []), *([field["default"]] if "default" in field else [])]:
        jsonschema.validate(value, field)


def test_the_start_date_can_be_emptied_in_the_form() -> None:
    # Airbyte's date picker leaves an empty text behind, and its server checks the format, which no pattern may exceed.
    start_date = FORM["properties"]["start_date"]

    assert start_date["format"] == "date-time"
    assert "pattern" not in start_date


def test_what_most_people_have_to_look_at_is_not_folded_away() -> None:
    shown = {path.rpartition(".")[2] for path, field in FIELDS.items() if field.get("always_show")}

    assert shown >= {"environment", "data_center", "organization_id", "calls_per_hour", "start_date"}


@pytest.mark.parametrize("path", [path for path, field in FIELDS.items() if field["type"] == "object"])
def test_an_object_that_may_be_left_out_requires_nothing(path: str) -> None:
    # The form fills in its defaults, and then refuses to save it without what it requires.
    parent, _, name = path.rpartition(".")
    options = FIELDS[path].get("oneOf")

    assert options or name in NODES[parent].get("required", []) or not FIELDS[path].get("required")


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("2024-01-01", 1704067200),
        ("2024-01-01T00:00:00Z", 1704067200),
        ("2024-01-01 01:00:00+01:00", 1704067200),
        (" 2024-01-01T00:00:00.5Z\n", 1704067200),
        ("", None),
    ],
)
def test_a_date_is_a_moment_in_utc(date: str, seconds: int | None) -> None:
    assert Fields({"start_date": date}).timestamp("start_date") == seconds


@pytest.mark.parametrize("number", [8, 8.0])
def test_json_knows_one_kind_of_number(number: float) -> None:
    assert Fields({"num_workers": number}).integer("num_workers", None, 1, 32) == 8
    for wrong in (8.5, 33.0, float("inf"), float("nan"), True):
        with pytest.raises(Failure, match="should be a whole number from 1 to 32, found"):
            Fields({"num_workers": wrong}).integer("num_workers", None, 1, 32)
