"""Several organizations of a Zoho user in one connection: rows, keys, states, limits and refusals of each."""

from __future__ import annotations

import threading
from collections import Counter
from queue import Queue
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector, Json, Output, last_states
from integration_tests.expected import keys
from integration_tests.platforms import PLATFORMS, PlatformFacts
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.zoho import HOME, TOKENS, organization_ids
from source_invoicing import sync

pytestmark = pytest.mark.in_process

FIRST, SECOND, THIRD = organization_ids(3)
assert FIRST == HOME
BOTH = f"{FIRST},{SECOND}"
ALL_THREE = f"{FIRST}, {SECOND} ,{THIRD},{FIRST},"
# Seconds after which something hangs.
PATIENCE = 20
on_both_products = pytest.mark.parametrize(
    "platform", [PLATFORMS[name] for name in ("zoho_invoice", "zoho_books")], ids=["zoho_invoice", "zoho_books"]
)
# By key, by overlapping page with a filter and without one, and in passes.
WAYS = ["invoices", "contacts", "expenses", "recurring_invoices", "taxes"]


def start(start_sandbox: StartSandbox, platform: PlatformFacts, **options: Any) -> Sandbox:
    """A user with three organizations: the second has half of the rows of the first, the third a quarter."""
    given = {**platform.small_pages, "organizations": 3, "organization_rows": 50, "clock": "logical", **options}
    rows = platform.rows(invoices=48, contacts=24, expenses=24, recurring_invoices=24, taxes=12, organizations=3)
    return start_sandbox(platform.name, rows=rows, options=given)


def three(connect: Connect, sandbox: Sandbox, organizations: str = "all", **config: Any) -> Connector:
    """The connector with organizations."""
    return connect(sandbox, platform={"organization_id": organizations}, **config)


def of(rows: list[Json], *organizations: str) -> list[Json]:
    """The rows of some organizations."""
    return [row for row in rows if row["organization_id"] in organizations]


def assert_complete(
    connector: Connector, sandbox: Sandbox, output: Output, streams: list[str], *organizations: str
) -> None:
    """Every row of organizations came, exactly once, and none of others."""
    for stream in connector.catalog:
        name = stream["name"]
        if name in streams:
            expected = of(sandbox.rows(name), *(organizations or (FIRST, SECOND, THIRD)))
            assert keys(output.records[name], stream) == keys(expected, stream), name


def assert_all_came(
    connector: Connector, rows: dict[str, list[Json]], streams: list[str], *organizations: str, by: list[Output]
) -> None:
    """Every row of organizations came, whatever came of others."""
    for stream in connector.catalog:
        if (name := stream["name"]) in streams:
            came = of([record for output in by for record in output.records[name]], *organizations)
            assert set(keys(came, stream)) == set(keys(of(rows[name], *organizations), stream)), name


def rows_of(sandbox: Sandbox, streams: list[str]) -> dict[str, list[Json]]:
    """All rows there are."""
    return {name: sandbox.rows(name) for name in streams}


def state_of(output: Output, stream: str) -> Json:
    """The last state of a stream."""
    return output.states[stream][-1]


# -- rows and keys ----------------------------------------------------------------------------------------------------


@on_both_products
@pytest.mark.parametrize("organizations", ["all", ALL_THREE])
def test_all_rows_of_three_organizations_come_under_keys_that_do_not_clash(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, organizations: str
) -> None:
    sandbox = start(start_sandbox, platform)
    connector = three(connect, sandbox, organizations)
    names = [stream["name"] for stream in connector.catalog]
    sandbox.clear_requests()

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output, names)
    for stream in connector.catalog:
        name = stream["name"]
        assert stream["source_defined_primary_key"][-1] == ["organization_id"]
        assert max(keys(output.records[name], stream).values(), default=1) == 1, name
        assert output.statuses[name] == ["STARTED", *["RUNNING"] * bool(output.records[name]), "COMPLETE"]
    assert Counter(record["organization_id"] for record in output.records["invoices"]) == {
        FIRST: 48,
        SECOND: 24,
        THIRD: 12,
    }
    assert sandbox.requests_summary()["streams"][TOKENS]["requests"] == 1


def test_one_organization_is_read_as_if_the_option_named_no_other(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    platform = PLATFORMS["zoho_books"]
    outcomes = []
    for organizations, there in [(FIRST, 3), (f" {FIRST} ,,{FIRST},", 3), ("", 1), ("ALL", 1)]:
        rows = platform.rows(invoices=24, organizations=there)
        sandbox = start_sandbox(platform.name, rows=rows, options={**platform.small_pages, "organizations": there})
        connector = three(connect, sandbox, organizations, num_workers=1)
        output = connector.read()
        assert output.exit_code == 0, output.errors
        outcomes.append((connector.catalog, output.states, output.records.keys(), output.records["invoices"]))

    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert state_of(output, "invoices").keys() == {"last_modified_time"}


# -- states -----------------------------------------------------------------------------------------------------------


@on_both_products
@pytest.mark.parametrize("organizations", [BOTH, f"{SECOND},{FIRST}", "all"], ids=["behind", "before", "all"])
def test_the_state_of_one_organization_goes_on_when_others_join(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, organizations: str
) -> None:
    sandbox = start(start_sandbox, platform)
    before = three(connect, sandbox, FIRST).read(WAYS)
    edited = sandbox.edit("invoices")
    connector = three(connect, sandbox, organizations)

    output = connector.read(WAYS, state=before.last_state)

    assert output.exit_code == 0, output.errors
    joined = [SECOND] if organizations != "all" else [SECOND, THIRD]
    assert edited in [row["invoice_id"] for row in of(output.records["invoices"], FIRST)]
    assert len(of(output.records["invoices"], FIRST)) < 6
    streams = ["invoices", "contacts", "expenses"]
    assert_all_came(connector, rows_of(sandbox, streams), streams, *joined, by=[output])
    assert set(state_of(output, "invoices")["organizations"]) == {FIRST, *joined}


@on_both_products
def test_a_state_that_no_organization_can_be_seen_to_have_is_not_taken_over(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start(start_sandbox, platform)
    before = three(connect, sandbox, FIRST).read(["invoices"])
    (state,) = before.last_state
    state["stream"]["stream_state"]["last_modified_time"] = "2025-11-30T00:00:00Z"
    connector = three(connect, sandbox)

    output = connector.read(["invoices"], state=[state])

    assert_complete(connector, sandbox, output, ["invoices"])
    assert any("Nothing shows which organization the saved state belongs to" in line for line in output.logs)


@on_both_products
def test_an_organization_that_leaves_and_comes_back_goes_on(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start(start_sandbox, platform)
    streams = ["invoices", "contacts", "expenses"]
    runs = [three(connect, sandbox).read(streams)]

    for organizations in (BOTH, SECOND, "all"):
        sandbox.edit("invoices@2")
        sandbox.clear_requests()
        runs.append(three(connect, sandbox, organizations).read(streams, state=last_states(*runs)))
        assert runs[-1].exit_code == 0, runs[-1].errors
        assert 0 < len(runs[-1].records["invoices"]) < 12

    first, last = (state_of(run, "invoices")["organizations"] for run in (runs[0], runs[-1]))
    assert (first.keys(), first[FIRST]) == (last.keys(), last[FIRST])
    assert first[SECOND] != last[SECOND]


def test_the_state_of_ten_organizations_is_small(start_sandbox: StartSandbox, connect: Connect) -> None:
    platform = PLATFORMS["zoho_books"]
    sandbox = start(start_sandbox, platform, organizations=10, organization_rows=100)

    output = three(connect, sandbox).read(WAYS)

    assert output.exit_code == 0, output.errors
    assert len({row["organization_id"] for row in output.records["invoices"]}) == 10
    for stream in WAYS:
        finished = state_of(output, stream)
        lowest = min((each["last_modified_time"] for each in finished.get("organizations", {}).values()), default=None)
        assert finished.get("last_modified_time") == lowest
        assert len(str(finished)) < 2000


@on_both_products
def test_what_is_cut_off_anywhere_is_finished_by_the_next_sync(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start(start_sandbox, platform)
    connector = three(connect, sandbox)
    whole = connector.read(WAYS)

    for part in range(1, 6):
        cut = Output(1, whole.lines[: len(whole.lines) * part // 6], "")
        resumed = connector.read(WAYS, state=cut.last_state)
        assert resumed.exit_code == 0, resumed.errors
        for stream in connector.catalog:
            if (name := stream["name"]) in WAYS:
                came = keys([*cut.records[name], *resumed.records[name]], stream)
                assert set(came) == set(keys(sandbox.rows(name), stream)), (name, part)
        assert len(resumed.records["invoices"]) < 84 or not cut.states["invoices"]


@pytest.mark.parametrize("seed", range(4))
@on_both_products
def test_rows_that_move_in_all_organizations_are_not_missed(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, seed: int
) -> None:
    sandbox = start(start_sandbox, platform)
    moving = [f"{stream}{organization}" for stream in ("invoices", "expenses") for organization in ("", "@2", "@3")]
    sandbox.schedule(random={"seed": seed, "probability": 0.5, "streams": moving, "limit": 40})
    connector = three(connect, sandbox)

    output = connector.read(["invoices", "expenses"])

    assert output.exit_code == 0, output.errors
    history = sandbox.history()
    for stream in ("invoices", "expenses"):
        for at, organization in (("", FIRST), ("@2", SECOND), ("@3", THIRD)):
            came = {row[f"{stream[:-1]}_id"] for row in of(output.records[stream], organization)}
            assert set(history[f"{stream}{at}"]["throughout"]) <= came


class OneStateWaits(Queue[Any]):
    """Once a list has ended, the next state is handed over only when the consumer has dealt with the end."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.has_ended, self.is_waiting, self.is_dealt_with = threading.Event(), threading.Event(), threading.Event()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # as the base has it
        if self.has_ended.is_set():
            self.is_dealt_with.set()
        item = super().get(block, timeout)
        if isinstance(item, sync._TaskEnded) and item.task.__name__ != "_submit_chains" and not self.has_ended.is_set():
            self.has_ended.set()
            assert self.is_waiting.wait(PATIENCE)
        return item

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if isinstance(item, sync._State) and self.has_ended.is_set() and not self.is_waiting.is_set():
            self.is_waiting.set()
            assert self.is_dealt_with.wait(PATIENCE)
        super().put(item, block, timeout)


def test_an_organization_that_is_done_waits_for_no_state_of_another(
    start_sandbox: StartSandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their states share a lock, which a worker holds while it waits for the consumer."""
    monkeypatch.setattr(sync, "Queue", OneStateWaits)
    sandbox = start(start_sandbox, PLATFORMS["zoho_invoice"], per_page_cap=2)
    connector = three(connect, sandbox, num_workers=1)

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output, ["invoices"])


# -- refusals ---------------------------------------------------------------------------------------------------------


@on_both_products
def test_an_organization_that_refuses_is_gone_or_out_of_calls_keeps_no_row_of_another_back(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    several = "2 unavailable=contacts:403; 3 gone_after=2; 4 daily_quota=2; 5 inactive=refused"
    sandbox = start(start_sandbox, platform, organizations=5, organization_options=several)
    fourth, fifth = organization_ids(5)[3:]
    names = {row["organization_id"]: row["name"] for row in sandbox.rows("organizations")}
    streams = ["invoices", "contacts", "expenses"]
    connector, there = three(connect, sandbox), rows_of(sandbox, streams)

    first = connector.read(streams)

    assert first.exit_code == 1
    assert {statuses[-1] for statuses in first.statuses.values()} == {"INCOMPLETE"}
    messages = {error["stream_descriptor"]["name"]: error["message"] for error in first.errors[: len(streams)]}
    assert messages.keys() == set(streams)
    for organization, name in names.items():
        named = [stream for stream in streams if f"{name} ({organization})" in messages[stream]]
        whole = [stream for stream in streams if stream not in named]
        assert_all_came(connector, there, whole, organization, by=[first])
        expected = {FIRST: [], SECOND: ["contacts"], fifth: streams}.get(organization)
        assert named == expected if expected is not None else named
    text = " ".join(messages.values())
    for words in ("calls of the day are used up", "does not belong to", "cannot read the stream contacts"):
        assert words in text
    assert all(f"Elsewhere the stream {stream} is complete." in messages[stream] for stream in streams)

    sandbox.set_options(organization_options="")
    second = connector.read(streams, state=first.last_state)
    assert_all_came(connector, there, streams, FIRST, SECOND, fourth, fifth, by=[first, second])
    assert len(of(second.records["expenses"], FIRST)) < 12


def test_what_one_organization_does_not_honour_changes_nothing_for_another(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    platform = PLATFORMS["zoho_books"]
    several = "2 undocumented_filter=refused undocumented_sort=refused ignore_sort=true"
    sandbox = start(start_sandbox, platform, organization_options=several)
    connector = three(connect, sandbox, BOTH)
    connector.read(["items"])
    sandbox.clear_requests()

    output = connector.read(["invoices", "contacts"])

    assert_complete(connector, sandbox, output, ["invoices", "contacts"], FIRST, SECOND)
    asked = [dict(request["query"]) for request in sandbox.requests() if request["stream"] in ("invoices", "contacts")]
    sorts = {(query["organization_id"], query.get("sort_column")) for query in asked if "organization_id" in query}
    assert {sort for organization, sort in sorts if organization == FIRST} == {"last_modified_time"}
    assert len({sort for organization, sort in sorts if organization == SECOND}) > 1


def test_ten_organizations_that_refuse_a_stream_use_up_no_tokens(start_sandbox: StartSandbox, connect: Connect) -> None:
    platform = PLATFORMS["zoho_invoice"]
    options = {"organizations": 10, "unavailable": "items"}
    sandbox = start_sandbox(platform.name, rows=platform.rows(), options=options)

    connector = three(connect, sandbox)
    assert connector.catalog
    sandbox.clear_requests()

    output = connector.read(["items"])

    (message,) = [error["message"] for error in output.errors if "stream_descriptor" in error]
    assert message.count("cannot read the stream items") == 1
    assert sandbox.requests_summary()["streams"][TOKENS]["requests"] == 1


# -- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("organizations", "options", "told"),
    [
        (BOTH, {}, []),
        ("all", {}, []),
        (f"{FIRST},12345,{SECOND}", {}, ["names 12345", f"({FIRST})", f"({THIRD})"]),
        (BOTH, {"organization_options": "2 daily_quota=1"}, []),
        (f"{BOTH},{THIRD}", {"organization_options": "2 gone_after=1"}, []),
        ("all", {"unavailable": "organizations"}, ["is all, but the refresh token may not list organizations"]),
        (BOTH, {"unavailable": "organizations"}, []),
        (BOTH, {"unavailable": "organizations,contacts"}, [f"In {FIRST} and {SECOND}", "fullaccess"]),
    ],
)
def test_check_tries_each_organization_once_and_tells_which_one_fails(
    start_sandbox: StartSandbox, connect: Connect, *, organizations: str, options: Json, told: list[str]
) -> None:
    sandbox = start(start_sandbox, PLATFORMS["zoho_books"], **options)

    status = three(connect, sandbox, organizations).check().of("CONNECTION_STATUS")[0]

    assert status["status"] == ("FAILED" if told else "SUCCEEDED")
    assert all(words in status["message"] for words in told)
    asked = Counter(dict(each["query"]).get("organization_id") for each in sandbox.requests())
    assert all(asked[organization] <= 1 for organization in (FIRST, SECOND, THIRD))


def test_check_names_the_organization_that_is_out_of_calls(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start(start_sandbox, PLATFORMS["zoho_books"], organization_options="2 daily_quota=1")
    connector = three(connect, sandbox, BOTH)
    name = next(row["name"] for row in sandbox.rows("organizations") if row["organization_id"] == SECOND)
    connector.check()

    status = connector.check().of("CONNECTION_STATUS")[0]

    assert status["status"] == "FAILED"
    assert status["message"].startswith(f"In {name} ({SECOND}): ")


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.own_process
def test_each_organization_has_its_own_calls_a_minute_and_none_waits_for_another(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    platform = PLATFORMS["zoho_books"]
    streams = ["invoices", "contacts", "bills", "estimates"]
    options = {
        **platform.small_pages,
        **{"organizations": 3, "organization_rows": 50, "calls_per_minute": 100, "minute_ms": 600},
    }
    rows = platform.rows(**dict.fromkeys(streams, 360), organizations=3)
    sandbox = start_sandbox(platform.name, rows=rows, options=options)
    connector = three(connect, sandbox)

    output = connector.read(streams)

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output, streams)
    requests = sandbox.requests()
    assert {request["status"] for request in requests} == {200}
    asked = [dict(request["query"]).get("organization_id") for request in requests]
    assert asked.count(FIRST) > 140
    # As long as the first one waits for its next minute, the others are read to their end.
    assert max(place for place, each in enumerate(asked) if each == THIRD) < len(asked) - 20
