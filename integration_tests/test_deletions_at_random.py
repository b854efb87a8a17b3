"""Whatever happens to an account, what is gone is told, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Json
from integration_tests.destination import (
    CHILDREN,
    EVENTS,
    IN_FULL,
    SEARCHED,
    Destination,
    assert_same_rows,
    existing,
    tombstones,
    weeks_later,
)
from integration_tests.platforms import INVOICED, PLATFORMS, PlatformFacts
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.in_process


MIXED = ("customers", "invoices", "payments", "notes", "items", "contacts", "payment_sources")
steps = st.lists(
    st.tuples(
        st.sampled_from(("insert", "edit", "delete", "delete", "recreate", "merge")),
        st.sampled_from(MIXED),
        st.integers(0, 1000),
    ),
    max_size=8,
)


def change(sandbox: Sandbox, step: tuple[str, str, int], gone: list[tuple[str, Any, Any]]) -> None:
    """One of several things that happen to an account."""
    op, stream, number = step
    rows = sandbox.rows(stream)
    customers = [row["id"] for row in sandbox.rows("customers")]
    if op == "recreate" and gone:
        stream, key, customer = gone.pop()
        if customer is None or customer in customers:
            values = {"object": key[0], "id": key[1]} if isinstance(key, tuple) else {"id": key}
            sandbox.insert(stream, values, customer=customer)
    elif op == "merge" and len(customers) > 2:
        sandbox.merge(customers[number % len(customers)], customers[(number + 1) % len(customers)])
    elif op == "delete" and len(rows) > 1:
        row = rows[number % len(rows)]
        key = (row["object"], row["id"]) if stream == "payment_sources" else row["id"]
        sandbox.delete(stream, key)
        if stream != "customers":  # whose ids only grow
            gone.append((stream, key, row["customer_id"] if stream in CHILDREN else None))
    elif op == "edit" and rows:
        sandbox.edit(stream)
    elif op == "insert" and customers:
        sandbox.insert(stream)


@given(syncs=st.lists(steps, min_size=2, max_size=3), options=st.sampled_from([{}, {"merged_object": "survivor"}]))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_between_two_syncs_the_destination_holds_what_the_account_holds(
    start_platform: StartPlatform, connect: Connect, syncs: list[list[tuple[str, str, int]]], options: Json
) -> None:
    sandbox = start_platform(INVOICED, dict.fromkeys(MIXED, 6), options={**EVENTS, **options})
    connector = connect(sandbox, deletions="emit", platform={"children_refresh_days": 365})
    destination = Destination(connector.catalog)
    destination.load(output := connector.read(MIXED))
    gone: list[tuple[str, Any, Any]] = []
    for number, happenings in enumerate(syncs):
        for step in happenings:
            change(sandbox, step, gone)
        if number % 2:
            # While it is read.
            sandbox.schedule(
                random={
                    "seed": number,
                    "probability": 0.2,
                    "streams": list(MIXED),
                    "ops": ["delete", "edit"],
                    "limit": 3,
                }
            )
            destination.load(output := connector.read(MIXED, state=weeks_later(output.last_state)))
            sandbox.clear_schedule()
        destination.load(output := connector.read(MIXED, state=weeks_later(output.last_state)))
        assert output.exit_code == 0, output.text[-2000:]
        assert_same_rows(destination, sandbox, MIXED)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_no_row_that_is_there_is_told_to_be_gone(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, seed: int
) -> None:
    run_random_schedule(start_platform, connect, platform, seed)


def run_random_schedule(start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, seed: int) -> None:
    """Lists that move while they are read, faults, and syncs that end in the middle and go on."""
    streams = [*SEARCHED[platform.name], *([IN_FULL[platform.name]] if platform.name in IN_FULL else [])]
    streams += ["invoices", "notes", "contacts"] if platform is INVOICED else []
    answers = platform.answers[seed % len(platform.answers)] if platform.answers else {}
    options = {**answers, **(EVENTS if platform is INVOICED else {})}
    sandbox = start_platform(platform, dict.fromkeys(streams, 22), options, seed=seed)
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    output = connector.read(streams)
    state = output.last_state
    for sync in range(3):
        sandbox.reset_history()
        sandbox.schedule(
            random={
                "seed": seed + sync,
                "probability": 0.6,
                "streams": streams,
                "ops": ["insert", "edit", "delete"],
                "limit": 15,
            }
        )
        if (seed + sync) % 2:
            sandbox.add_faults(
                {"after": 2 + seed % 5, "times": 0 if seed % 4 else 2, "fault": {"kind": "status", "code": 500}}
            )
        output = connector.read(streams, state=weeks_later(state))
        sandbox.clear_faults()
        sandbox.clear_schedule()
        gone = tombstones(output)
        for stream in streams:
            there = {destination.key(stream, row) for row in existing(sandbox, stream)}
            assert not there & {destination.key(stream, row) for row in gone.get(stream, ())}, stream
        merged = {message["stream"]["stream_descriptor"]["name"]: message for message in [*state, *output.last_state]}
        state = list(merged.values())
