"""The configurable platform: patterns in ``since_format``, in the filter and in the records."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
import requests_mock

from source_invoicing import SourceInvoicing
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, filter_value
from unit_tests.rest_api.helpers import LIST, Json, config, invoices, query, read

NOON = 1769860800  # 2026-01-31T12:00:00Z


@pytest.fixture(params=["America/New_York", "Asia/Tokyo", "UTC"], autouse=True)
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine may be anywhere."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def declared(since_format: str) -> Json:
    return invoices(
        cursor_field="changed", since_param="filter", since_format=since_format, pagination={"type": "none"}
    )


def test_seconds_in_a_filter_are_the_same_in_each_time_zone(server: requests_mock.Mocker) -> None:
    rows = [{"id": number, "changed": 1700000000 + 600 * number} for number in range(200)]

    def answer(request: object, context: object) -> Json:
        since = int(query(request)["filter"].rpartition("=")[2])
        return {"data": [row for row in rows if row["changed"] >= since]}

    server.get(LIST, json=answer)
    values = {**config(declared("changed>=%s")), "start_date": "2023-11-14T22:33:20Z"}

    assert [row["id"] for row in read(values)] == list(range(2, 200))
    assert query(server.request_history[0])["filter"] == "changed>=1700001200"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%s", "1769860800"),
        ("/Date(%s+0000)/", "/Date(1769860800+0000)/"),
        ("%Y-%m-%d (%s)", "2026-01-31 (1769860800)"),
        ("%%s %s", "%s 1769860800"),
        ("%d.%m.%Y %T", "31.01.2026 12:00:00"),
        ("%d.%m.%Y %H:%M:%S", "31.01.2026 12:00:00"),
        ("%d.%m.%Y %R", "31.01.2026 12:00"),
        ("%D %R", "01/31/26 12:00"),
        ("%F %T", "2026-01-31 12:00:00"),
        ("%-d.%-m.%Y %T", "31.1.2026 12:00:00"),
        ("%e.%m.%Y %T", "31.01.2026 12:00:00"),
        ("%d %h %Y %I:%M %P", "31 Jan 2026 12:00 pm"),
        ("%d.%m.%Y %T.%f", "31.01.2026 12:00:00.000000"),
    ],
)
def test_what_a_pattern_writes_it_also_reads(pattern: str, text: str) -> None:
    assert filter_value(pattern, NOON) == text
    assert AnyTimestamp(pattern).parse(text) == NOON


def test_an_offset_of_a_day_is_that_of_no_time_zone() -> None:
    assert AnyTimestamp().parse("2026-01-31T12:00:00+24:00") is None


def test_a_time_in_utc_is_one_whatever_the_pattern_makes_of_its_letter() -> None:
    pattern = AnyTimestamp("%Y-%m-%dT%H:%M:%SZ")

    assert [pattern.lag(text) for text in ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00")] == [0, 12 * 3600]


def test_milliseconds_are_no_seconds() -> None:
    assert AnyTimestamp("%s").parse("1769860800000") == NOON


def test_a_pattern_that_names_no_time_of_the_day_begins_a_day_early() -> None:
    assert filter_value("%-d.%-m.%Y, 100%%H", NOON) == "30.1.2026, 100%H"


@pytest.mark.parametrize(
    ("pattern", "code"), [("%C%y-%m-%d", "%C"), ("%g", "%g"), ("%Y-W%V", "%V"), ("%G-W%V", "%G"), ("%-C", "%-C")]
)
def test_a_code_that_cannot_be_read_back_is_refused_by_name(pattern: str, code: str) -> None:
    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), config(declared(pattern)))

    assert not succeeded
    assert said == (
        f"platform.streams[0].since_format should be a pattern such as %d/%m/%Y, but '{pattern}' holds '{code}', "
        "which no value can be read by."
    )


def test_a_whole_week_can_be_read_back() -> None:
    assert AnyTimestamp("%G-W%V-%u").parse("2026-W05-6") == NOON - 12 * 3600


def test_a_date_that_does_not_fit_its_pattern_is_told_with_it(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1, "changed": "31.01.2026"}]})

    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), config(declared("%d/%m/%Y")))

    assert not succeeded
    assert str(said).endswith("needs its pattern in since_format, which is '%d/%m/%Y' now.")
