"""Dates and times in the form that the schemas promise."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from source_invoicing.streams.normalise import Normaliser


def normalise(schema: dict[str, Any], value: Any) -> Any:
    return Normaliser("things", {"properties": {"at": schema}})({"at": value})["at"]


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("2026-06-09T09:46:21-0400", "2026-06-09T09:46:21-04:00"),
        ("2026-06-09T09:46:21-04:00", "2026-06-09T09:46:21-04:00"),
        ("2026-06-09T09:46:21Z", "2026-06-09T09:46:21Z"),
        ("2026-06-09 09:46:21.5 +0530", "2026-06-09T09:46:21.5+05:30"),
        ("2026-06-09 09:46:21", "2026-06-09T09:46:21"),
        ("2026-06-09 09:46", "2026-06-09T09:46:00"),
        ("", None),
        ("  ", None),
        ("0000-00-00 00:00:00", None),
        (None, None),
        ("09 Jun 2026", "09 Jun 2026"),
    ],
)
def test_moments_become_rfc_3339(text: Any, tidy: Any) -> None:
    assert normalise({"type": ["null", "string"], "format": "date-time"}, text) == tidy


@pytest.mark.parametrize(
    ("text", "tidy"),
    [("2026-06-09", "2026-06-09"), ("", None), ("0000-00-00", None), (" ", None), ("9 June", "9 June")],
)
def test_dates_stay_and_blanks_become_null(text: str, tidy: Any) -> None:
    assert normalise({"type": ["null", "string"], "format": "date"}, text) == tidy


def test_a_blank_stays_where_the_schema_allows_text() -> None:
    assert normalise({"type": ["null", "string"]}, "") == ""
    assert normalise({"type": ["null", "number", "string"]}, "") == ""
    assert normalise({"type": ["null", "number"]}, "") is None
    assert normalise({"type": ["null", "boolean"]}, "") is None


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("maybe", "maybe")])
def test_words_become_booleans(text: str, value: Any) -> None:
    assert normalise({"type": ["null", "boolean"]}, text) == value


def test_what_cannot_be_a_date_is_passed_on_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    repair = Normaliser("things", {"properties": {"at": {"type": ["null", "string"], "format": "date"}}})
    with caplog.at_level(logging.WARNING):
        assert [repair({"at": "soon"}) for _ in range(3)] == [{"at": "soon"}] * 3
    assert len(caplog.records) == 1
    assert "things: field at" in caplog.text


def test_dates_inside_objects_and_arrays_are_found() -> None:
    date = {"type": ["null", "string"], "format": "date"}
    schema = {
        "properties": {
            "one": {"type": ["null", "object"], "properties": {"at": date}},
            "many": {"type": ["null", "array"], "items": {"type": ["null", "object"], "properties": {"at": date}}},
        }
    }
    record = {"one": {"at": ""}, "many": [{"at": "0000-00-00"}, {"at": "2026-06-09"}]}
    assert Normaliser("things", schema)(record) == {"one": {"at": None}, "many": [{"at": None}, {"at": "2026-06-09"}]}
