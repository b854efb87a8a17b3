"""The configurable platform: lists window by window and value by value, starts of syncs and row versions as cursors."""

from __future__ import annotations

import calendar
import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import SyncMode

from source_invoicing import SourceInvoicing
from source_invoicing.http import Failure
from unit_tests.rest_api.helpers import (
    BASE,
    LIST,
    ROWS,
    Json,
    by_offset,
    config,
    ids,
    invoices,
    query,
    read_stream,
    stream,
)

NONE: Json = {"type": "none"}
NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
NOW_TEXT = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))


def synced(values: Json, state: Json | None = None, name: str = "invoices") -> tuple[list[Json], Json]:
    """The records of one sync, and the state behind them."""
    chosen = stream(values, name)
    chosen.state = dict(state or {})
    rows = read_stream(chosen)
    chosen.progress.finish()
    return rows, dict(chosen.state)


# -- windows ----------------------------------------------------------------------------------------------------------

WINDOW: Json = {"days": 30, "from_param": "from", "to_param": "to", "first": "2026-10-20"}


def by_window(rows: list[Json], field: str) -> Callable[[Any, Any], Json]:
    """A server of a list that wants both borders, as days."""

    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        return {"data": [row for row in rows if asked["from"] <= row[field][:10] <= asked["to"]]}

    return response


DATED: list[Json] = [
    {"id": number, "date": f"2026-{month:02}-{day:02}T08:00:00Z"}
    for number, (month, day) in enumerate([(9, 1), (10, 20), (11, 18), (11, 19), (12, 31)])
]
OF_A_PARENT: Json = {"parent": {"stream": "customers"}, "path": "/{id}"}
BORDERS = [
    ("2026-10-20", "2026-11-19"),
    ("2026-11-18", "2026-12-18"),
    ("2026-12-17", "2027-01-16"),
]


def test_a_list_is_read_window_by_window_each_row_once(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_window(DATED, "date"))

    rows, state = synced(config(invoices(window=WINDOW, pagination=NONE)))

    assert ids(rows) == [1, 2, 3, 4]
    assert [(query(each)["from"], query(each)["to"]) for each in server.request_history] == BORDERS
    assert state == {"__ab_no_cursor_state_message": True}


def test_windows_that_were_read_are_left_out_when_a_sync_goes_on(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_window(DATED, "date"))
    values = config(invoices(window=WINDOW, pagination=NONE))
    left = stream(values)
    came = iter(left.read_records(SyncMode.full_refresh))
    first = [next(came)["id"], next(came)["id"], next(came)["id"], next(came)["id"]]
    state = dict(left.state)
    server.reset_mock()

    rows, _ = synced(values, state)

    assert (state, first) == ({"window": "2026-12-18T00:00:00Z"}, [1, 2, 3, 4])
    assert [query(each)["from"] for each in server.request_history] == ["2026-12-17"]
    assert ids(rows) == [4]


@pytest.mark.parametrize(("days", "first"), [(0, "2027-01-13"), (7, "2027-01-06")])
@pytest.mark.parametrize("cursor", [{"cursor_field": "date"}, {"cursor": "sync_start"}], ids=["record", "sync start"])
def test_the_end_of_the_last_window_is_the_state_and_no_later_than_the_sync_began(
    server: requests_mock.Mocker, cursor: Json, days: int, first: str
) -> None:
    server.get(LIST, json=by_window(DATED, "date"), headers={"Date": NOW_TEXT})
    values = {**config(invoices(window=WINDOW, pagination=NONE, **cursor)), "lookback_days": days}
    rows, state = synced(values)
    server.reset_mock()

    again, later = synced(values, state)

    assert (ids(rows), ids(again)) == ([1, 2, 3, 4], [])
    field = "_synced_at" if "cursor" in cursor else "date"
    assert state == later == {field: "2027-01-15T07:59:00Z"}
    assert [query(each)["from"] for each in server.request_history] == ["2027-01-14" if not days else "2027-01-07"]


def test_windows_begin_at_the_start_date_where_they_are_of_changes(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_window(DATED, "date"))
    window = {**WINDOW, "first": ""}
    for cursor_field in ("", "date"):
        values = config(invoices(window=window, cursor_field=cursor_field, pagination=NONE))
        rows, _ = synced({**values, "start_date": "2026-11-19"})
        assert ids(rows) == [3, 4]
        assert query(server.request_history[0])["from"] == "2026-11-19"


def test_a_window_of_another_date_than_the_cursor_is_refused(server: requests_mock.Mocker) -> None:
    """Otherwise changes of old records would be missed for ever."""
    rows = [{**row, "changed": "2026-12-24T00:00:00Z"} for row in DATED]
    server.get(LIST, json=by_window(rows, "date"))

    with pytest.raises(Failure, match="a window holds a record that was last changed outside of it"):
        synced(config(invoices(window=WINDOW, cursor_field="changed", pagination=NONE)))


class Key(tuple[str]):
    """A key that counts how many of its kind there are."""

    alive = 0

    def __del__(self) -> None:
        Key.alive -= 1


def test_rows_of_windows_that_were_read_long_ago_take_no_memory(server: requests_mock.Mocker) -> None:
    """A row that two windows have in common comes once all the same."""
    window = {"days": 10, "from_param": "from", "to_param": "to", "first": "2024-01-01"}
    first, last = (calendar.timegm(time.strptime(day, "%Y-%m-%d")) for day in ("2024-01-01", "2027-01-01"))
    days = [time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(day)) for day in range(first, last, 86_400)]
    server.get(LIST, json=by_window([{"id": day, "date": day} for day in days], "date"))
    chosen: Any = stream(config(invoices(window=window, pagination=NONE)))

    def key(row: Json) -> Key:
        Key.alive += 1
        return Key([row["id"]])

    chosen.key = key
    most, came = 0, []
    for record in chosen.read_records(SyncMode.full_refresh):
        came.append(record["id"])
        if not len(came) % 100:
            gc.collect()  # what is in a circle waits for it, at a time that other tests may have set
            most = max(most, Key.alive)

    assert came == days
    assert most < len(days) / 2


def test_windows_have_their_own_format_and_placeholders(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": []})
    params = [{"name": "q", "value": "{from:%d.%m.%Y}..{to}"}]
    window = {"days": 60, "first": "2026-11-20", "format": "unix"}

    synced(config(invoices(window=window, params=params, pagination=NONE)))

    assert query(server.request_history[0])["q"] == f"20.11.2026..{NOW + 86_400}"
    assert len(server.request_history) == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"window": {**WINDOW, "days": 0}}, r"window\.days should be a whole number from 1"),
        ({"window": {"from_param": "a"}}, r"window\.days is missing"),
        ({"window": {**WINDOW, "to_param": ""}}, r"window\.to_param is missing, and \{to\} occurs nowhere"),
        ({"window": {**WINDOW, "first": ""}}, r"window\.first is missing, and so is start_date"),
        ({"window": {**WINDOW, "format": "integer"}}, r"window\.format is integer, and windows are of time"),
        ({"window": {**WINDOW, "format": "x"}}, r"window\.format should be iso8601"),
        ({"window": {**WINDOW, "to_param": "from"}}, r"window\.to_param is 'from', which window\.from_param sets"),
        ({"window": WINDOW, "params": [{"name": "to", "value": "x"}]}, r"params\[0\]\.name is 'to', which window.to_p"),
        ({"window": WINDOW, **OF_A_PARENT}, r"window and parent do not go together; name fixed dates in params"),
        (
            {**OF_A_PARENT, "values": ["a"], "path": "/{id}/{value}"},
            r"values and parent do not go together; declare a stream for each value",
        ),
        ({"values": ["a"]}, r"values are sent nowhere"),
        ({"values": ["a", "a"], "path": "/{value}"}, r"values hold a text twice"),
        ({"value_field": "x"}, r"value_field goes with values only"),
        ({"values": ["a"], "path": "/{value}", "value_field": "id"}, r"value_field is 'id', which is the whole"),
        ({"cursor": "sync_start"}, r"cursor is sync_start, so the API has to select"),
        ({"cursor": "sync_start", "cursor_field": "c", "since_param": "s"}, r"cursor_field means nothing where cursor"),
        ({"cursor": "sync_start", "since_format": "integer", "since_param": "s"}, r"since_format is integer, and the"),
        ({"cursor": "page"}, r"cursor should be one of record, sync_start"),
        (
            {"since_format": "integer", "cursor_field": "c", "since_param": "s", "first_since": "2015-01-01"},
            r"first_since should be a whole number where since_format is integer",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_selection_that_cannot_be_made_is_refused(more: Json, sentence: str) -> None:
    with pytest.raises(Failure, match=rf"^platform\.streams\[0\]\.{sentence}"):
        SourceInvoicing().streams(config(invoices(**more)))


def test_an_empty_window_of_the_form_is_none(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_offset(ROWS))

    rows, _ = synced(config(invoices(window={"format": "date"}, values=[], value_field="")))
    assert len(rows) == 250


# -- values -----------------------------------------------------------------------------------------------------------


def by_value(lists: dict[str, list[Json]]) -> Callable[[Any, Any], Json]:
    return lambda request, context: {"data": lists[query(request)["status"]]}


VALUES: Json = {
    "values": ["draft", "open"],
    "params": [{"name": "status", "value": "{value}"}],
    "pagination": NONE,
}


def test_a_record_that_is_in_two_lists_comes_once_unless_the_list_joins_its_key(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_value({"draft": [{"id": 1}, {"id": 2}], "open": [{"id": 2}, {"id": 3}]}))

    rows, _ = synced(config(invoices(**VALUES)))
    marked, _ = synced(config(invoices(**VALUES, value_field="list")))

    assert ids(rows) == [1, 2, 3]
    assert [(row["id"], row["list"]) for row in marked] == [(1, "draft"), (2, "draft"), (2, "open"), (3, "open")]
    shown = stream(config(invoices(**VALUES, value_field="list"))).as_airbyte_stream()
    assert shown.source_defined_primary_key == [["id"], ["list"]]
    assert {"id", "list"} == set((shown.json_schema or {})["required"])


def test_a_record_that_moves_to_a_list_that_was_read_is_read_there(server: requests_mock.Mocker) -> None:
    lists = {"draft": [{"id": 1}], "open": [{"id": 2}, {"id": 3}]}

    def answer(request: Any, context: Any) -> Json:
        value = query(request)["status"]
        if value == "open" and lists["open"]:
            lists["draft"].append(lists["open"].pop())
        return {"data": list(lists[value])}

    server.get(LIST, json=answer)

    assert ids(synced(config(invoices(**VALUES)))[0]) == [1, 2, 3]


@pytest.mark.parametrize("more", [{}, {"cursor_field": "at", "since_param": "since"}], ids=["in full", "incremental"])
@pytest.mark.parametrize(("start", "end"), [("c", "b"), ("c", "a"), ("b", "a"), ("a", "c")])
def test_a_record_that_moves_among_three_lists_is_read_wherever_it_was(
    server: requests_mock.Mocker, start: str, end: str, more: Json
) -> None:
    """The first list is read, and the second, before it moves."""
    lists: dict[str, list[Json]] = {name: [{"id": name, "at": "2026-01-01T00:00:00Z"}] for name in "abc"}
    lists[start].append({"id": "moves", "at": "2026-02-01T00:00:00Z"})
    asked: list[str] = []

    def answer(request: Any, context: Any) -> Json:
        asked.append(query(request)["status"])
        if asked == ["a", "b", "c"] and len(lists[start]) > 1:
            lists[end].append(lists[start].pop())
        return {"data": [row for row in lists[asked[-1]] if row["at"] >= query(request).get("since", "")]}

    server.get(LIST, json=answer)

    rows, _ = synced(config(invoices(**{**VALUES, "values": ["a", "b", "c"]}, **more)))
    assert sorted(set(ids(rows))) == ["a", "b", "c", "moves"]


def test_each_list_of_values_has_a_cursor(server: requests_mock.Mocker) -> None:
    old, new = {"id": 1, "at": "2026-01-01T00:00:00Z"}, {"id": 2, "at": "2026-03-01T00:00:00Z"}
    server.get(LIST, json=by_value({"draft": [old], "open": [new]}))
    values = config(invoices(**VALUES, cursor_field="at", since_param="since"))

    rows, state = synced(values)
    server.reset_mock()
    again, _ = synced(values, state)

    assert ids(rows) == [1, 2]
    assert state == {"at": old["at"], "lists": {"draft": old["at"], "open": new["at"]}}
    assert {query(each)["status"]: query(each).get("since") for each in server.request_history[:2]} == {
        "draft": "2025-12-31T23:59:59Z",
        "open": "2026-02-28T23:59:59Z",
    }
    assert ids(again) == [1, 2]


def test_a_value_whose_list_is_missing_fails_the_stream(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/draft", json={"data": [{"id": 1}]})
    server.get(f"{BASE}/a%2Fb", status_code=404, json={})

    with pytest.raises(Failure, match="HTTP 404 for /a%2Fb"):
        synced(config(invoices(path="/{value}", values=["draft", "a/b"], pagination=NONE)))


# -- values, window by window -----------------------------------------------------------------------------------------

STATUSES: Json = {
    **{"window": WINDOW, "values": ["draft", "open"], "pagination": NONE},
    "params": [{"name": "status", "value": "{value}"}],
}


def by_window_and_value(rows: list[Json]) -> Callable[[Any, Any], Json]:
    def response(request: Any, context: Any) -> Json:
        asked = query(request)
        chosen = [row for row in rows if asked["status"] in row["in"]]
        return {"data": [row for row in chosen if asked["from"] <= row["date"][:10] <= asked["to"]]}

    return response


IN_BOTH = [{**row, "in": ["draft", "open"] if row["id"] % 2 else ["open"]} for row in DATED]


@pytest.mark.parametrize("cursor", [{}, {"cursor_field": "date"}], ids=["in full", "incremental"])
def test_each_window_has_a_list_for_each_value(server: requests_mock.Mocker, cursor: Json) -> None:
    server.get(LIST, json=by_window_and_value(IN_BOTH), headers={"Date": NOW_TEXT})

    rows, state = synced(config(invoices(**STATUSES, **cursor)))
    asked = [(query(each)["from"], query(each)["status"]) for each in server.request_history]
    marked, _ = synced(config(invoices(**STATUSES, **cursor, value_field="list")))

    # The first list again: a record may have changed to it.
    assert asked == [(start, status) for start, _ in BORDERS for status in ("draft", "open", "draft")]
    assert sorted(ids(rows)) == [1, 2, 3, 4]
    assert sorted((row["id"], row["list"]) for row in marked) == [
        *[(1, "draft"), (1, "open"), (2, "open"), (3, "draft"), (3, "open"), (4, "open")],
    ]
    assert state == ({"date": "2027-01-15T07:59:00Z"} if cursor else {"__ab_no_cursor_state_message": True})


def test_a_window_is_done_when_its_lists_of_all_values_are(server: requests_mock.Mocker) -> None:
    server.get(LIST, json=by_window_and_value(IN_BOTH))
    values = config(invoices(**STATUSES, value_field="list"))
    left = stream(values)
    came = iter(left.read_records(SyncMode.full_refresh))
    states = [dict(left.state) for _ in zip(range(6), came, strict=False)]
    server.reset_mock()

    rows, _ = synced(values, states[-1])

    assert [state.get("window") for state in states] == [None] * 5 + ["2026-12-18T00:00:00Z"]
    assert {query(each)["from"] for each in server.request_history} == {"2026-12-17"}
    assert [(row["id"], row["list"]) for row in rows] == [(4, "open")]


# -- the start of the sync --------------------------------------------------------------------------------------------

SYNC_START: Json = {"cursor": "sync_start", "since_param": "since"}


@pytest.mark.parametrize("pagination", [NONE, {"type": "offset"}, {"type": "page"}], ids=lambda each: each["type"])
@pytest.mark.parametrize("changed", [[], ROWS[7:8], ROWS[:120]], ids=len)
def test_the_start_of_a_sync_is_the_cursor_of_records_without_a_time(
    server: requests_mock.Mocker, pagination: Json, changed: list[Json]
) -> None:
    def answer(request: Any, context: Any) -> Json:
        asked = query(request)
        rows = changed if "since" in asked else ROWS
        size = int(asked.get("limit", asked.get("per_page", 1000)))
        start = int(asked.get("offset", (int(asked.get("page", 1)) - 1) * size))
        return {"data": rows[start : start + size]}

    server.get(LIST, json=answer, headers={"Date": NOW_TEXT})
    values = config(invoices(**SYNC_START, pagination=pagination))

    rows, state = synced(values)
    server.reset_mock()
    again, later = synced(values, state)

    assert ids(rows) == list(range(250))
    assert {row["_synced_at"] for row in rows} == {"2027-01-15T08:00:00Z"}
    assert state == later == {"_synced_at": "2027-01-15T07:59:00Z"}
    assert sorted(set(ids(again))) == ids(changed)
    assert {query(each).get("since") for each in server.request_history} <= {"2027-01-15T07:58:59Z", None}


def test_the_start_date_and_the_lookback_hold_for_the_start_of_a_sync(server: requests_mock.Mocker) -> None:
    server.get(LIST, json={"data": [{"id": 1}]})
    values = {**config(invoices(**SYNC_START, pagination=NONE)), "start_date": "2026-05-01", "lookback_days": 2}

    _, state = synced(values)
    synced(values, state)

    since = [query(each)["since"] for each in server.request_history]
    assert (since[0], since[-1]) == ("2026-05-01T00:00:00Z", "2027-01-13T07:58:59Z")


def test_a_sync_that_fails_keeps_the_start_of_the_one_before(server: requests_mock.Mocker) -> None:
    server.get(LIST, [{"json": {"data": ROWS[:100]}}, {"status_code": 403, "json": {}}])
    chosen = stream(config(invoices(**SYNC_START)))
    chosen.state = {"_synced_at": "2026-06-01T00:00:00Z"}

    with pytest.raises(Failure):
        read_stream(chosen)
    assert chosen.state == {"_synced_at": "2026-06-01T00:00:00Z"}


# -- row versions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [5, 10**10, 2**60])
@pytest.mark.parametrize("as_text", [False, True], ids=["numbers", "text"])
def test_a_row_version_is_a_cursor_that_no_clock_bounds(server: requests_mock.Mocker, base: int, as_text: bool) -> None:
    rows = [{"id": number, "version": base + number} for number in range(150)]

    def answer(request: Any, context: Any) -> Json:
        asked = query(request)
        above = int(asked["filter"].split()[2].rstrip("L"))
        listed = [row for row in rows if row["version"] > above]
        start = int(asked["offset"])
        page = listed[start : start + int(asked["limit"])]
        return {"data": [{**row, "version": str(row["version"])} if as_text else row for row in page]}

    server.get(LIST, json=answer)
    declared = invoices(
        cursor_field="version",
        since_format="integer",
        first_since="1",
        params=[{"name": "filter", "value": "Timestamp gt {since}L"}],
    )
    values = {**config(declared), "start_date": "2020-01-01", "lookback_days": 3}

    first, state = synced(values)
    read_again, state = synced(values, state)
    rows.append({"id": 150, "version": base + 150})
    server.reset_mock()
    second, later = synced(values, state)

    assert (ids(first), ids(read_again)) == (list(range(150)), list(range(99, 150)))
    assert (state, later) == ({"version": base + 149}, {"version": base + 150})
    assert ids(second) == [149, 150]
    assert len(server.request_history) == 2


@pytest.mark.parametrize(
    "pagination",
    [{"type": "offset", "limit": 3}, {"type": "cursor", "cursor_param": "after"}, {"type": "page", "size": 3}],
    ids=lambda each: each["type"],
)
def test_a_row_that_is_edited_behind_the_page_it_was_read_on_comes_with_the_next_sync(
    server: requests_mock.Mocker, pagination: Json
) -> None:
    """A later page may show a higher version than that of the edit."""
    versions = {number: 50 + number for number in range(6)}
    edits = [{0: 101, 5: 102}, {1: 103, 5: 104}, {}, {}]
    answered = 0

    def answer(request: Any, context: Any) -> Json:
        nonlocal answered
        asked = query(request)
        rows = [{"id": number, "v": version} for number, version in versions.items()]
        rows = [row for row in rows if row["v"] > int(asked.get("since", 0))]
        if (after := asked.get("after")) is not None:
            page = [row for row in rows if row["id"] > int(after)][:3]
        else:
            start = int(asked.get("offset", (int(asked.get("page", 1)) - 1) * int(asked.get("per_page", 3))))
            page = rows[start : start + int(asked.get("limit", asked.get("per_page", 3)))]
        answered += 1
        if answered == 1:
            versions.update(edits.pop(0))
        return {"data": page}

    server.get(LIST, json=answer)
    declared = invoices(cursor_field="v", since_format="integer", since_param="since", pagination=pagination)
    state: Json = {}
    came: set[tuple[int, int]] = set()
    for _ in range(4):
        answered = 0
        rows, state = synced(config(declared), state)
        came |= {(row["id"], row["v"]) for row in rows}

    assert came >= set(versions.items())
    assert state == {"v": 104}
    # What one answer holds comes once.
    assert ids(synced(config(declared), state)[0]) == [5]


BY_STATUS: Json = {
    "cursor_field": "v",
    "since_format": "integer",
    "since_param": "since",
    "pagination": NONE,
    "params": [{"name": "status", "value": "{value}"}],
    "values": ["draft", "open"],
}


@pytest.mark.parametrize("status", BY_STATUS["values"])
def test_an_empty_list_beside_others_does_not_have_all_row_versions_read_again(
    server: requests_mock.Mocker, status: str
) -> None:
    rows = [{"id": number, "v": number} for number in range(1, 10)]

    def answer(request: Any, context: Any) -> Json:
        asked = query(request)
        return {"data": [row for row in rows if asked["status"] == status and row["v"] > int(asked.get("since", 0))]}

    server.get(LIST, json=answer)
    values = config(invoices(**BY_STATUS))

    first, state = synced(values)
    assert (ids(first), state) == (ids(rows), {"v": 9})
    again, state = synced(values, state)
    assert (ids(again), state) == ([9], {"v": 9})


@pytest.mark.parametrize("value_field", ["", "status"], ids=["one after another", "side by side"])
@pytest.mark.parametrize("created_after", range(1, 4))
def test_a_row_that_enters_an_empty_list_before_an_edit_in_another_one_comes(
    server: requests_mock.Mocker, value_field: str, created_after: int
) -> None:
    """The next list that is read shows a higher version than that of the new row."""
    rows, answered = {"draft": {}, "open": {1: 5, 2: 6}}, 0

    def answer(request: Any, context: Any) -> Json:
        nonlocal answered
        asked = query(request)
        listed = [{"id": number, "v": version} for number, version in rows[asked["status"]].items()]
        answered += 1
        if answered == created_after:
            rows["draft"][3], rows["open"][1] = 7, 8
        return {"data": [row for row in listed if row["v"] > int(asked.get("since", 0))]}

    server.get(LIST, json=answer)
    values = config(invoices(**BY_STATUS, **({"value_field": value_field} if value_field else {})))

    came, state = synced(values)
    for _ in range(2):
        later, state = synced(values, state)
        came += later

    assert {(row["id"], row["v"]) for row in came} >= {(3, 7), (1, 8), (2, 6)}


@pytest.mark.parametrize("state", [{"version": 9}, {"version": 7, "newest_seen": 9}, {"version": 0, "newest_seen": 9}])
def test_the_state_of_row_versions_goes_on(server: requests_mock.Mocker, state: Json) -> None:
    server.get(LIST, json={"data": [{"id": 1, "version": 9}]})
    declared = invoices(cursor_field="version", since_format="integer", since_param="since", pagination=NONE)

    rows, after = synced(config(declared), state)

    assert (ids(rows), after) == ([1], {"version": 9})
    assert query(server.request_history[0]).get("since") == {9: "8", 7: "6", 0: None}[state["version"]]
    with pytest.raises(Failure, match="'newest_seen' should be a whole number, found 'x'"):
        synced(config(declared), {"version": 7, "newest_seen": "x"})


def test_row_versions_that_nothing_filters_are_selected_here(server: requests_mock.Mocker) -> None:
    rows: list[Json] = [{"id": 1, "version": 5}, {"id": 2, "version": 9}, {"id": 3, "version": None}]
    server.get(LIST, json={"data": rows})
    values = config(invoices(cursor_field="version", since_format="integer", pagination=NONE))

    assert ids(synced(values, {"version": 9})[0]) == [2, 3]
