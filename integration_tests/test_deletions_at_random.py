"""Whatever happens to an account, what is gone is told, and nothing else.

``SOURCE_INVOICING_FUZZ=100`` runs a hundred times as many examples as the suite, a thousand of them under disturbances.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Json, Output, last_states
from integration_tests.destination import (
    CHILDREN,
    EVENTS,
    IN_FULL,
    SEARCHED,
    Destination,
    assert_same_rows,
    covered,
    cut_off,
    existing,
    printed,
    tombstones,
    weeks_later,
)
from integration_tests.platforms import INVOICED, PLATFORMS, ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts
from integration_tests.sandbox import Sandbox
from integration_tests.tally import Tally

pytestmark = pytest.mark.in_process

TIMES = float(os.environ.get("SOURCE_INVOICING_FUZZ", "1"))
STREAMS = {name: (*each, *([IN_FULL[name]] if name in IN_FULL else ())) for name, each in SEARCHED.items()}
STREAMS["invoiced"] = ("customers", "invoices", "payments", "notes", "items", "contacts", "payment_sources")
# Where a row may be made again under the id of one that is gone: elsewhere, ids only grow.
REUSES_IDS = ("invoiced", "rest_api")
OPS = ("insert", "edit", "delete", "delete", "recreate", "merge")


# -- what happens to an account -----------------------------------------------------------------------------------


class Account:
    """An account that people work with.

    :param destination: knows what identifies a row
    """

    def __init__(self, sandbox: Sandbox, destination: Destination) -> None:
        self._sandbox = sandbox
        self._key = destination.key_fields
        self._streams = STREAMS[sandbox.platform]
        self._gone: list[tuple[str, Json, Any]] = []

    def change(self, op: str, which: int, number: int) -> bool:
        """Have something happen.

        :param which: of the streams
        :param number: of the rows
        :return: whether that was possible
        """
        sandbox, stream = self._sandbox, self._streams[which % len(self._streams)]
        rows = sandbox.rows(stream)
        customers = [row["id"] for row in sandbox.rows("customers")] if sandbox.platform == "invoiced" else [None]
        if op == "recreate" and self._gone and self._gone[-1][2] in (None, *customers):
            stream, values, customer = self._gone.pop()
            sandbox.insert(stream, values, customer=customer)
        elif op == "merge" and len(customers) > 2:
            sandbox.merge(customers[number % len(customers)], customers[(number + 1) % len(customers)])
        elif op == "delete" and len(rows) > 1:
            self._delete(stream, rows[number % len(rows)])
        elif op == "edit" and rows:
            sandbox.edit(stream)
        elif op == "insert" and customers:
            sandbox.insert(stream)
        else:
            return False
        return True

    def _delete(self, stream: str, row: Json) -> None:
        values = {name: row[name] for name in self._key(stream)}
        self._sandbox.delete(stream, next(iter(values.values())) if len(values) == 1 else tuple(values.values()))
        comes_back = self._sandbox.platform in REUSES_IDS and stream != "customers"
        if comes_back and row not in self._sandbox.rows(stream):
            self._gone.append((stream, values, row["customer_id"] if stream in CHILDREN else None))


changes = st.lists(
    st.tuples(
        st.sampled_from(OPS),
        st.integers(0, 6),
        st.integers(0, 1000),
    ),
    max_size=8,
)


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_whatever_happens_between_two_syncs_the_destination_holds_what_the_account_holds(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    streams = STREAMS[platform.name]

    @given(
        syncs=st.lists(changes, min_size=2, max_size=3),
        options=st.sampled_from([{}, {"merged_object": "survivor"}] if platform is INVOICED else [{}]),
    )
    @settings(
        max_examples=max(int((8 if platform is INVOICED else 3) * TIMES), 1), deadline=None, derandomize=TIMES == 1
    )
    def check(syncs: list[list[tuple[str, int, int]]], options: Json) -> None:
        events = EVENTS if platform is INVOICED else {}
        sandbox = start_platform(platform, dict.fromkeys(streams, 6), options={**events, **options})
        connector = connect(
            sandbox, deletions="emit", platform={"children_refresh_days": 365} if platform is INVOICED else {}
        )
        destination = Destination(connector.catalog)
        account = Account(sandbox, destination)
        destination.load(output := connector.read(streams))
        for number, happenings in enumerate(syncs):
            for change in happenings:
                account.change(*change)
            if number % 2:
                # While it is read.
                move(sandbox, number, ("delete", "edit"), 0.2, most=3)
                destination.load(output := connector.read(streams, state=weeks_later(output.last_state)))
                sandbox.clear_schedule()
            destination.load(output := connector.read(streams, state=weeks_later(output.last_state)))
            assert output.exit_code == 0, output.text[-2000:]
            assert_same_rows(destination, sandbox, streams)

    check()


def move(sandbox: Sandbox, seed: int, ops: tuple[str, ...], probability: float, most: int) -> None:
    """Have the lists move while they are read."""
    streams = list(STREAMS[sandbox.platform])
    sandbox.schedule(
        random={"seed": seed, "probability": probability, "streams": streams, "ops": list(ops), "limit": most}
    )


# -- disturbances -------------------------------------------------------------------------------------------------

#: What may go wrong with a sync. Several may meet.
KINDS = ("lists move", "rows come back", "faults that pass", "readings that fail", "kills")
STAYING: tuple[Json, ...] = tuple({"kind": "status", "code": code} for code in (403, 500, 503))
PASSING: tuple[Json, ...] = (
    {"kind": "status", "code": 500},
    {"kind": "status", "code": 429},
    {"kind": "html"},
    {"kind": "reset"},
    {"kind": "cut_json"},
    {"kind": "truncate"},
)
SYNCS = 4


def drawn(random: Random) -> list[set[str]]:
    """What goes wrong with each sync."""
    return [{kind for kind in KINDS if random.random() < 0.4} for _ in range(SYNCS)]


def disturb(sandbox: Sandbox, kinds: set[str], random: Random) -> None:
    """Have things go wrong with the next sync."""
    if "lists move" in kinds:
        move(sandbox, random.randrange(1000), ("insert", "edit", "delete"), 0.6, most=15)
    if "faults that pass" in kinds:
        fault = random.choice(PASSING)
        sandbox.add_faults({"after": random.randrange(12), "times": random.randrange(1, 3), "fault": fault})
    if "readings that fail" in kinds:
        match, fault = {"stream": random.choice(STREAMS[sandbox.platform])}, random.choice(STAYING)
        sandbox.add_faults({"match": match, "after": random.randrange(4), "times": 0, "fault": fault})


def schedules() -> list[Any]:
    number = max(int(2 * TIMES), 1)
    return [
        pytest.param(facts, seed, id=f"{facts.name}-{seed}") for facts in PLATFORMS.values() for seed in range(number)
    ]


def test_all_that_may_go_wrong_is_among_what_is_drawn() -> None:
    kinds = Counter(kind for each in schedules() for sync in drawn(random_of(*each.values)) for kind in sync)

    assert min(kinds[kind] for kind in KINDS) >= len(schedules())


def random_of(platform: PlatformFacts, seed: int) -> Random:
    return Random(f"{platform.name} {seed}")


@pytest.mark.parametrize(("platform", "seed"), schedules())
def test_no_row_that_is_there_is_told_to_be_gone(
    start_platform: StartPlatform, connect: Connect, tally: Tally, platform: PlatformFacts, seed: int
) -> None:
    """Whatever goes wrong; and after two syncs without that, the destination holds what the account holds."""
    random, streams = random_of(platform, seed), STREAMS[platform.name]
    plan = drawn(random)
    answers = platform.answers[seed % len(platform.answers)] if platform.answers else {}
    # Each sync asks for a token, which a vendor would not see ten times within ten minutes.
    many_tokens = {"token_limit": 100, "live_tokens": 100} if platform in (ZOHO_INVOICE, ZOHO_BOOKS) else {}
    options = {**answers, **many_tokens, **(EVENTS if platform is INVOICED else {})}
    sandbox = start_platform(platform, dict.fromkeys(streams, 22), options, seed=seed)
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    account = Account(sandbox, destination)
    syncs: list[Output] = []
    for kinds in [*plan, set(), set()]:
        for _ in range(random.randrange(6)):
            account.change(random.choice(OPS), random.randrange(10), random.randrange(1000))
        if "rows come back" in kinds:
            tally.count("rows come back", int(account.change("recreate", 0, 0)))
        before = sandbox.history()
        disturb(sandbox, kinds, random)

        output = connector.read(streams, state=weeks_later(last_states(*syncs)))

        if "kills" in kinds:
            output = cut_off(output, random.randrange(1, len(printed(output))))
            tally.count("kills")
        tally.count("lists move", int(sandbox.history() != before))
        tally.count("faults that pass", int("faults that pass" in kinds and sandbox.faults()[0]["fired"] > 0))
        tally.count("readings that fail", sum(each[-1] == "INCOMPLETE" for each in output.statuses.values()))
        sandbox.clear_faults()
        sandbox.clear_schedule()
        gone = tombstones(output)
        for stream in streams:
            there = {destination.key(stream, row) for row in existing(sandbox, stream)}
            assert not there & {destination.key(stream, row) for row in gone.get(stream, ())}, stream
        # What was printed behind the last state may be lost, and may be told to be gone only if it is not.
        destination.load(covered(output) if "kills" in kinds else output)
        tally.count("rows told to be gone", sum(map(len, gone.values())))
        syncs.append(output)
    assert syncs[-1].exit_code == 0, syncs[-1].text[-2000:]
    assert_same_rows(destination, sandbox, streams)
    tally.count("schedules")
