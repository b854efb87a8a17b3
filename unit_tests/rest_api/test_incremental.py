"""The configurable platform: cursors, filters and timestamps."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.platforms.rest_api.timestamps import AnyTimestamp, filter_value
from unit_tests.rest_api.helpers import LIST, Json, by_offset, config, ids, invoices, query, read, stream


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([{"id": 1}, {"id": 2}], "nothing at 'changed'"),
        ([{"id": 1, "changed": "31.01.2026"}], "since_format"),
        ([{"id": 1, "changed": None}], ""),
        ([{"id": 1}, {"id": 2, "changed": "2026-01-31"}], ""),
        ([], ""),
    ],
)
def test_a_cursor_field_that_cannot_be_right_is_refused_by_check_and_told_by_read(
    server: requests_mock.Mocker, rows: list[Json], doubt: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.get(LIST, json={"data": rows})
    values = config(invoices(cursor_field="changed", pagination={"type": "none"}))

    succeeded, said = SourceInvoicing().check_connection(logging.getLogger(), values)
    caplog.clear()

    assert succeeded is not bool(doubt)
    assert doubt in str(said)
    assert ids(read(values)) == ids(rows)
    assert bool(caplog.records) is bool(doubt)


def test_only_the_first_page_of_a_list_raises_doubts_about_the_cursor(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    """Any page may hold a single row with a blank of another kind."""
    rows = [*({"id": number, "changed": "2026-01-31"} for number in range(100)), {"id": 100, "changed": ""}]
    server.get(LIST, json=by_offset(rows, cap=100))

    assert len(read(config(invoices(cursor_field="changed", pagination={"type": "offset", "limit": 2})))) == 101
    assert not caplog.records


def changed(*timestamps: Any) -> list[Json]:
    return [{"id": number, "changed": timestamp} for number, timestamp in enumerate(timestamps)]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso8601", "2026-01-31T11:59:59Z"),
        ("date", "2026-01-30"),
        ("unix", "1769860799"),
        ("unix_ms", "1769860799000"),
        ("%d/%m/%Y", "30/01/2026"),
        ("%Y-%m-%d %H:%M", "2026-01-31 11:59"),
    ],
)
def test_the_filter_is_written_as_the_api_wants_it(server: requests_mock.Mocker, form: str, value: str) -> None:
    server.get(LIST, json={"data": []})
    values = config(invoices(cursor_field="changed", since_param="since", since_format=form))

    read(values, state={"changed": "2026-01-31T12:00:00Z"})

    assert query(server.request_history[0])["since"] == value


@pytest.mark.parametrize(
    ("form", "state"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "2026-01-31T11:59:00Z"),
        ("%Y-%m-%dT%H:%M:%S+00:00", "2026-01-31T11:59:00Z"),
        ("%Y-%m-%d %H:%M:%S", "2026-01-30T23:59:00Z"),
        ("%Y-%m-%d", "2026-01-29T23:59:00Z"),
    ],
)
def test_the_state_stays_behind_local_times_that_do_not_say_so(
    server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, form: str, state: str
) -> None:
    """Whatever the zone of the rows is: what was edited since the sync began is not behind the state."""
    # A response that takes a second moves the state back by one.
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    began = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    rows = changed((began + timedelta(days=1)).strftime(form))
    server.get(LIST, json={"data": rows}, headers={"Date": format_datetime(began, usegmt=True)})
    chosen = stream(config(invoices(cursor_field="changed", pagination={"type": "none"})))

    list(chosen.read_records(SyncMode.incremental))

    assert chosen.state == {"changed": state}


def test_without_a_filter_the_connector_selects(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": changed("2026-01-01T00:00:00Z", "2026-03-01T00:00:00+01:00", 1769000000, None)})
    values = config(invoices(cursor_field="changed", pagination={"type": "none"}))

    assert ids(read(values, state={"changed": "2026-02-01T00:00:00Z"})) == [1, 3]


@pytest.mark.parametrize(
    "value",
    [
        1769860800,
        1769860800.9,
        1769860800000,
        "1769860800",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T13:00:00.123456+0100",
        "2026-01-31 12:00:00",
        "31/01/2026 12:00",
    ],
)
def test_a_moment_is_understood_in_each_form(value: Any) -> None:
    assert AnyTimestamp("%d/%m/%Y %H:%M").parse(value) == 1769860800


@pytest.mark.parametrize(
    ("pattern", "value", "timestamp"),
    [
        ("%Y%m%d%H%M%S", "20240131120000", "2024-01-31T12:00:00Z"),
        ("%Y%m%d%H%M", "202401311200", "2024-01-31T12:00:00Z"),
        ("%Y%m%d", "20240611", "2024-06-11T00:00:00Z"),
        ("%Y%m%d", 20240611, "2024-06-11T00:00:00Z"),
        ("%d%m%Y", "11062024", "2024-06-11T00:00:00Z"),
        ("%Y-%d-%m", "2024-05-04", "2024-04-05T00:00:00Z"),
        # What the state holds is not for the pattern, and what does not fit it is read as ever.
        ("%Y-%d-%mT%H:%M:%SZ", "2024-05-04T00:00:00Z", "2024-05-04T00:00:00Z"),
        ("%Y%m%d", 1769860800, "2026-01-31T12:00:00Z"),
        ("%Y%m%d", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        # The same with each version of Python.
        ("", "20240131T120000", "2024-01-31T12:00:00Z"),
        ("", "2024-01-31 12:00:00 +0100", "2024-01-31T11:00:00Z"),
        ("", "2024-01-31T12:00:00.12+01", "2024-01-31T11:00:00Z"),
        ("", "2024-01-31", "2024-01-31T00:00:00Z"),
        ("", "2024/01/31", "2024-01-31T00:00:00Z"),
    ],
)
def test_a_pattern_goes_before_what_a_moment_looks_like(pattern: str, value: Any, timestamp: str) -> None:
    timestamps = AnyTimestamp(pattern)
    seconds = timestamps.parse(value)

    assert seconds is not None
    assert timestamps.format(seconds) == timestamp


@pytest.mark.parametrize("value", [None, "", "soon", "12:00", "20240131", True, "0000-00-00", [], float("nan"), "42"])
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert AnyTimestamp().parse(value) is None


def test_a_moment_survives_the_state() -> None:
    timestamps = AnyTimestamp()

    assert timestamps.parse(timestamps.format(1769860800)) == 1769860800
    assert filter_value("unix", 5) == 5
