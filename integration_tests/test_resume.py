"""Killed at any message, the next run continues from the last state printed, and together they miss nothing."""

from __future__ import annotations

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Output
from integration_tests.expected import keys
from integration_tests.platforms import SMALL_PAGE, PlatformFacts, on_each_platform


def assert_states_cover_their_records(output: Output, platform: PlatformFacts) -> None:
    """The records in front of each state are those it speaks of: none of them is older than the state."""
    newest: dict[str, int] = {}
    for message in output.messages:
        if message["type"] == "RECORD" and (name := message["record"]["stream"]) in platform.by_key:
            moment = platform.changed(name, message["record"]["data"]) or 0
            newest[name] = max(newest.get(name, 0), moment)
        if message["type"] == "STATE":
            name = message["state"]["stream"]["stream_descriptor"]["name"]
            if name in platform.by_key:
                state = message["state"]["stream"]["stream_state"]
                assert platform.stands_at(name, state) <= newest.get(name, 0), name


@on_each_platform(lambda platform: range(platform.kills), "cut")
def test_killed_and_resumed_the_union_is_complete(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, cut: int
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox, num_workers=4)
    catalog = {stream["name"]: stream for stream in connector.catalog}
    rows = sum(len(sandbox.rows(name)) for name in platform.walked)

    killed = connector.read_until_message(1 + cut * rows // platform.kills, platform.walked)
    resumed = connector.read(platform.walked, state=killed.last_state)

    assert resumed.exit_code == 0, resumed.text[-2000:]
    assert_states_cover_their_records(killed, platform)
    for name in platform.walked:
        came = keys([*killed.records[name], *resumed.records[name]], catalog[name])
        assert set(came) == set(keys(sandbox.rows(name), catalog[name])), name
    for name in platform.by_key:
        before, after = (keys(output.records[name], catalog[name]) for output in (killed, resumed))
        assert (before & after).total() <= 2 * SMALL_PAGE, name


@pytest.mark.in_process
@on_each_platform()
def test_states_never_go_back(start_platform: StartPlatform, connect: Connect, platform: PlatformFacts) -> None:
    output = connect(start_platform(platform, platform.walked)).read(platform.walked)

    for name in platform.walked:
        facts = platform.streams[name]
        if facts.cursor and facts.lists == 1:
            # Within the first list of all, the state may be no more than a place in it.
            stands_at = [platform.stands_at(name, state) for state in output.states[name] if facts.cursor in state]
            assert stands_at == sorted(stands_at), name
        if name in platform.by_key:
            assert len(output.states[name]) >= platform.walked[name] // SMALL_PAGE, name


@pytest.mark.in_process
def test_parents_are_read_in_the_order_of_their_ids(start_sandbox: StartSandbox, connect: Connect) -> None:
    output = connect(start_sandbox(rows={"customers": 25})).read(["contacts"])

    parents = [state["customer_id"] for state in output.states["contacts"] if "customer_id" in state]
    assert parents
    assert parents == sorted(parents)


@pytest.mark.in_process
@on_each_platform()
def test_a_stream_that_fails_midway_keeps_its_state_at_the_last_good_page(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    catalog = {stream["name"]: stream for stream in connector.catalog}
    broken = {"match": {"stream": "invoices"}, "after": 4, "times": 0, "fault": {"kind": "status", "code": 500}}
    sandbox.add_faults(broken)
    streams = ["invoices", platform.full_refresh]

    failed = connector.read(streams)
    sandbox.clear_faults()
    resumed = connector.read(streams, state=failed.last_state)

    assert failed.exit_code == 1
    assert failed.statuses["invoices"][-1] == "INCOMPLETE"
    assert failed.statuses[platform.full_refresh][-1] == "COMPLETE"
    (error,) = failed.errors
    # Of an API that nobody knows, one that breaks down behind some page, however often it is asked, lists no deeper.
    assert error["failure_type"] == ("config_error" if platform.name == "rest_api" else "transient_error")
    assert f"HTTP 500 for {platform.list_of_invoices}" in error["message"]
    came = keys([*failed.records["invoices"], *resumed.records["invoices"]], catalog["invoices"])
    assert set(came) == set(keys(sandbox.rows("invoices"), catalog["invoices"]))
    if "invoices" in platform.by_key:
        assert len(resumed.records["invoices"]) < platform.walked["invoices"] - 2 * SMALL_PAGE
