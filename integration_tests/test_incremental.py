"""Every sync after the first one pays for what changed, and gets all of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Json
from integration_tests.expected import keys, spelt_alike
from integration_tests.platforms import PLATFORMS, SMALL_PAGE, Options, PlatformFacts, on_each_platform

pytestmark = pytest.mark.in_process

A_DAY = 86_400


def by_name(catalog: list[Json]) -> dict[str, Json]:
    return {stream["name"]: stream for stream in catalog}


def moment(seconds: int) -> str:
    """Unix seconds as a user writes them."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@on_each_platform()
def test_discover_offers_incremental_where_it_is_true_and_nowhere_else(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    catalog = by_name(connect(start_platform(platform)).catalog)

    assert set(catalog) == {*platform.streams, *platform.parts, *platform.details}
    for name, facts in platform.streams.items():
        offered = catalog[name]
        assert offered["is_resumable"] is facts.is_resumable
        cursor = facts.cursor or facts.by_events
        if cursor is None:
            assert offered["supported_sync_modes"] == ["full_refresh"]
        else:
            assert offered["supported_sync_modes"] == ["full_refresh", "incremental"]
            assert offered["default_cursor_field"] == [cursor]
            assert offered["source_defined_cursor"] is True


@on_each_platform(lambda platform: platform.answers, "options", first_in_own_process=True)
def test_nothing_changed_costs_one_request_a_list_and_prints_the_last_second_only(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, options: Options
) -> None:
    sandbox = start_platform(platform, platform.walked, options)
    connector = connect(sandbox)
    first = connector.read(platform.incremental)
    sandbox.clear_requests()

    second = connector.read(platform.incremental, state=first.last_state)

    assert second.exit_code == 0, second.text[-2000:]
    summary = sandbox.requests_summary()["streams"]
    # The other answers are those of servers that do less than the first one.
    for name in platform.incremental:
        facts, rows = platform.streams[name], sandbox.rows(name)
        moments = platform.changes(name, rows)
        # A list may end before another of the same stream; each is asked from where it ended.
        most = facts.lists * sum(1 for moment in moments if moment >= max(moments) - 1) + facts.lists
        asks_for_changes = facts.filtered and options == platform.answers[0]
        if not asks_for_changes:
            most += len(rows) - len(moments)
        assert len(second.records[name]) <= most, name
        if asks_for_changes:
            assert summary[name]["requests"] <= 2 * facts.lists - 1, name
    stored = {state["stream"]["stream_descriptor"]["name"] for state in second.last_state}
    assert stored >= {name for name in platform.incremental if platform.changes(name, sandbox.rows(name))}


@on_each_platform()
def test_what_is_edited_and_what_is_new_arrives_in_each_incremental_stream(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform)
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)
    first = connector.read(platform.incremental)
    changed = {}
    for name in platform.incremental:
        hit = [sandbox.insert(name)] + ([] if platform.streams[name].only_grows else [sandbox.edit(name)])
        changed[name] = set(map(spelt_alike, hit))

    second = connector.read(platform.incremental, state=first.last_state)

    assert second.exit_code == 0, second.text[-2000:]
    for name in platform.incremental:
        assert changed[name] <= set(keys(second.records[name], catalog[name])), name


@on_each_platform()
def test_one_percent_changed_arrives_at_a_price_in_proportion(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(**platform.walked_at_length))
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)
    streams = [name for name in platform.walked if platform.streams[name].cursor]
    first = connector.read(streams)
    changed: dict[str, set[tuple[str, ...]]] = {}
    for name in streams:
        one_percent = sandbox.history()[name]["throughout"][::100]
        if platform.streams[name].only_grows:
            hit = [sandbox.insert(name) for _ in one_percent]
        else:
            hit = [sandbox.edit(name, key) for key in one_percent]
        changed[name] = set(map(spelt_alike, hit))
    sandbox.clear_requests()

    second = connector.read(streams, state=first.last_state)

    assert second.exit_code == 0, second.text[-2000:]
    for name in streams:
        facts = platform.streams[name]
        assert changed[name] <= set(keys(second.records[name], catalog[name])), name
        blanks = sum(1 for row in sandbox.rows(name) if platform.changed(name, row) is None)
        assert len(second.records[name]) <= len(changed[name]) + 2 * facts.lists + blanks, name
        if facts.filtered:
            requests = sandbox.requests_summary()["streams"][name]["requests"]
            assert requests <= 2 * facts.lists - 1, name


@pytest.mark.parametrize(
    ("page", "honours"),
    [(1, True), (2, True), (3, True), (2, False), (3, False)],
    ids=["1-honours", "2-honours", "3-honours", "2-ignores", "3-ignores"],
)
@on_each_platform(lambda platform: platform.edited, "stream")
def test_an_edit_made_during_the_first_sync_arrives_in_the_second_at_the_latest(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, *, stream: str, page: int, honours: bool
) -> None:
    options = {} if honours else platform.nothing_honoured
    sandbox = start_platform(platform, {stream: SMALL_PAGE * 7 // 2}, options)
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)
    key = sandbox.history()[stream]["throughout"][0]
    edit = {"op": "edit", "stream": stream, "key": key}
    sandbox.schedule([{"before": page, "match": {"stream": stream}, "ops": [edit]}])

    first = connector.read([stream])
    sandbox.clear_schedule()
    second = connector.read([stream], state=first.last_state)

    def moments(rows: list[Json]) -> set[int | None]:
        return {
            platform.changed(stream, row) for row in rows if set(keys([row], catalog[stream])) == {spelt_alike(key)}
        }

    assert moments(sandbox.rows(stream)) <= moments([*first.records[stream], *second.records[stream]])


@on_each_platform()
def test_start_date_bounds_the_first_sync_and_rows_without_a_cursor_value_come_all_the_same(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, platform.walked)
    _, tenth = platform.oldest_first(sandbox, "invoices")[10]
    start = platform.changed("invoices", tenth)
    assert start is not None
    streams = [name for name in platform.walked if name in platform.edited]
    for name in streams:
        if platform.streams[name].whole:
            sandbox.edit(name, values={platform.cursor(name): platform.blank})
    connector = connect(sandbox, start_date=moment(start))
    catalog = by_name(connector.catalog)

    output = connector.read([*streams, platform.full_refresh])

    assert output.exit_code == 0, output.text[-2000:]
    for name in streams:
        rows = sandbox.rows(name)
        blanks = keys((row for row in rows if platform.changed(name, row) is None), catalog[name])
        wanted = keys((row for row in rows if (platform.changed(name, row) or 0) >= start), catalog[name])
        came = keys(output.records[name], catalog[name])
        assert set(came) - set(blanks) == set(wanted), name
        if platform.streams[name].whole:
            assert blanks, name
            assert set(blanks) <= set(came), name
    everything = keys(sandbox.rows(platform.full_refresh), catalog[platform.full_refresh])
    assert keys(output.records[platform.full_refresh], catalog[platform.full_refresh]) == everything


@on_each_platform(lambda platform: platform.edited, "stream")
def test_the_first_rows_of_a_list_may_be_without_a_cursor_value(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: SMALL_PAGE * 7 // 2})
    blank = {platform.cursor(stream): platform.blank}
    first_keys = sandbox.history()[stream]["throughout"][: SMALL_PAGE * 6 // 5]
    sandbox.mutate(*({"op": "edit", "stream": stream, "key": key, "values": blank} for key in first_keys))
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)

    output = connector.read([stream])

    assert output.exit_code == 0, output.text[-2000:]
    assert set(keys(output.records[stream], catalog[stream])) == set(keys(sandbox.rows(stream), catalog[stream]))


@on_each_platform()
def test_lookback_days_steps_back_behind_the_cursor(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, platform.walked)
    streams = [name for name in platform.edited if platform.streams[name].lists == 1]
    connector = connect(sandbox)
    first = connector.read(streams)

    second = connect(sandbox, lookback_days=30).read(streams, state=first.last_state)

    for name in streams:
        stream = by_name(connector.catalog)[name]
        rows = sandbox.rows(name)
        newest = max(platform.changes(name, rows))
        blanks = [row for row in rows if platform.changed(name, row) is None]
        expected = [row for row in rows if (platform.changed(name, row) or 0) >= newest - 30 * A_DAY - 1]
        came = set(keys(second.records[name], stream))
        assert came - set(keys(blanks, stream)) == set(keys(expected, stream)), name


@pytest.mark.parametrize(
    ("platform", "stream", "state", "complaint"),
    [
        (
            "invoiced",
            "invoices",
            {"updated_at": "2024-01-01"},
            "'updated_at' should be whole Unix seconds, found '2024-01-01'",
        ),
        ("invoiced", "invoices", {"date": 5}, "it holds 'date', which this version does not write"),
        (
            "invoiced",
            "subscriptions",
            {"updated_at": 5, "lists": {"paused": 5}},
            "'lists' should map current, canceled, finished",
        ),
        (
            "invoiced",
            "contacts",
            {"parent_state": {}, "customer_id": 5},
            "it should hold 'customer_id', the id of a parent",
        ),
        (
            "zoho_books",
            "invoices",
            {"last_modified_time": "2024-01-01"},
            "'last_modified_time' should be a date and time with an offset",
        ),
        ("zoho_invoice", "contacts", {"page": 3}, "it holds 'page', which this version does not write"),
    ],
)
def test_a_foreign_state_is_refused_with_a_sentence_and_stops_no_other_stream(
    start_sandbox: StartSandbox, connect: Connect, platform: str, *, stream: str, state: dict[str, Any], complaint: str
) -> None:
    connector = connect(start_sandbox(platform))
    message = {"stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}

    other = PLATFORMS[platform].full_refresh
    output = connector.read([stream, other], state=[message])

    assert output.exit_code == 1
    assert output.statuses[stream] == ["INCOMPLETE"]
    assert output.statuses[other][-1] == "COMPLETE"
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert f"The saved state of stream {stream} cannot be used: {complaint}" in error["message"]
