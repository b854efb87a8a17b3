"""What stands inside the rows of a list comes as a stream of its own, and costs no request."""

from __future__ import annotations

import pytest
import requests

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Json
from integration_tests.expected import assert_as_they_are, keys
from integration_tests.platforms import INVOICED, PLATFORMS, PlatformFacts, on_each_platform
from integration_tests.sandbox.sandbox import Sandbox
from integration_tests.test_incremental import by_name
from integration_tests.test_read import assert_complete

pytestmark = pytest.mark.in_process

PARTS = [(facts, part, source) for facts in PLATFORMS.values() for part, source in facts.parts.items()]
each_part = pytest.mark.parametrize(
    ("platform", "part", "source"), PARTS, ids=[f"{facts.name}-{part}" for facts, part, _ in PARTS]
)
LONG_PARTS = [(facts, part, facts.parts[part]) for facts in PLATFORMS.values() for part in facts.parts_at_length]
each_long_part = pytest.mark.parametrize(
    ("platform", "part", "source"), LONG_PARTS, ids=[f"{facts.name}-{part}" for facts, part, _ in LONG_PARTS]
)
on_platforms_with_parts = on_each_platform(among=[facts for facts in PLATFORMS.values() if facts.parts])


@each_part
def test_a_part_alone_costs_what_its_source_costs(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, part: str, source: str
) -> None:
    sandbox = start_platform(platform)
    connector = connect(sandbox)

    output = connector.read([part])

    requests_of_part = len(sandbox.requests())
    assert_complete(output, sandbox, connector)
    assert_as_they_are(output.records[part], sandbox.rows(part), by_name(connector.catalog)[part])
    assert output.records[part], "there is something to see"
    sandbox.clear_requests()
    connector.read([source])
    assert requests_of_part == len(sandbox.requests())


@pytest.mark.parametrize("workers", [1, 2, 8])
@on_platforms_with_parts
def test_all_parts_are_complete_and_cost_no_request(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, workers: int
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox, num_workers=workers)
    catalog = by_name(connector.catalog)
    sources, parts = list(dict.fromkeys(platform.parts.values())), list(platform.parts)
    requests = {}
    for name, streams in {
        "sources": sources,
        "parts": parts,
        "parts first": [*parts, *sources],
        "sources first": [*sources, *reversed(parts)],
    }.items():
        sandbox.clear_requests()
        output = connector.read(streams)
        requests[name] = len(sandbox.requests())

        assert_complete(output, sandbox, connector)
        assert set(output.records) == set(streams)
        for part in set(parts) & set(streams):
            assert_as_they_are(output.records[part], sandbox.rows(part), catalog[part])

    assert len(set(requests.values())) == 1, requests


def not_of_the_last_second(records: list[Json], platform: PlatformFacts, source: str, first: list[Json]) -> list[Json]:
    """Records that a sync had no need to repeat after a first one. Each of several lists has a last second of its own,
    which is here one of the last ten."""
    times = sorted(platform.changes(source, first), reverse=True)[: 1 if platform.streams[source].lists == 1 else 10]
    return [row for row in records if (at := platform.changed(source, row)) is not None and at < times[-1] - 1]


@each_long_part
def test_an_edited_document_brings_its_parts_and_no_other_does(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, part: str, source: str
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    document = by_name(connector.catalog)[part]["source_defined_primary_key"][0][0]
    first = connector.read([part])
    # One with parts, so that there is something to see.
    edited = max(sandbox.rows(part), key=lambda row: row["position"])[document]
    sandbox.edit(source, edited)

    second = connector.read([part], state=first.last_state)

    came = second.records[part]
    assert keys(
        [row for row in sandbox.rows(part) if row[document] == edited], by_name(connector.catalog)[part]
    ) <= keys(came, by_name(connector.catalog)[part])
    assert {row[document] for row in not_of_the_last_second(came, platform, source, first.records[part])} == set()


def test_lines_that_were_removed_are_told_by_the_cursor_of_their_invoice(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked)
    connector = connect(sandbox)
    first = connector.read(["invoice_line_items"])
    long = max(sandbox.rows("invoices"), key=lambda row: len(row["items"]))
    sandbox.edit("invoices", long["id"], {"items": long["items"][1:]})

    second = connector.read(["invoice_line_items"], state=first.last_state)

    stored = {
        (line["invoice_id"], line["id"]): line
        for output in (first, second)
        for line in output.records["invoice_line_items"]
    }
    changed = {row["id"]: row["updated_at"] for row in sandbox.rows("invoices")}
    current = {key for key, line in stored.items() if line["updated_at"] == changed[line["invoice_id"]]}
    assert current == {(line["invoice_id"], line["id"]) for line in sandbox.rows("invoice_line_items")}
    assert set(stored) - current == {(long["id"], long["items"][0]["id"])}


@each_long_part
def test_a_part_that_joins_later_comes_whole_and_repeats_nothing_of_its_source(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, part: str, source: str
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)
    first = connector.read([source])

    second = connector.read([source, part], state=first.last_state)

    assert keys(second.records[part], catalog[part]) == keys(sandbox.rows(part), catalog[part])
    assert not_of_the_last_second(second.records[source], platform, source, first.records[source]) == []


@each_long_part
def test_a_sync_that_was_cut_off_continues_with_both(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, part: str, source: str
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    catalog = by_name(connector.catalog)
    sandbox.add_faults({"match": {"stream": source}, "after": 3, "times": 0, "fault": {"kind": "status", "code": 500}})

    failed = connector.read([source, part])
    sandbox.clear_faults()
    resumed = connector.read([source, part], state=failed.last_state)

    for name in (source, part):
        assert failed.statuses[name][-1] == "INCOMPLETE"
        came = keys([*failed.records[name], *resumed.records[name]], catalog[name])
        there = keys(sandbox.rows(name), catalog[name])
        assert set(came) == set(there)
        assert came.total() < 2 * there.total()
    assert len(failed.errors) == 2


@pytest.mark.parametrize("seed", range(3))
@each_long_part
def test_parts_of_moving_documents_are_not_missed(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, *, part: str, source: str, seed: int
) -> None:
    sandbox = start_platform(platform, platform.walked)
    connector = connect(sandbox)
    document = by_name(connector.catalog)[part]["source_defined_primary_key"][0][0]
    sandbox.reset_history()
    sandbox.schedule(
        random={"seed": seed, "probability": 0.5, "streams": [source], "ops": ["insert", "edit", "delete"], "limit": 20}
    )

    output = connector.read([part, source])

    throughout = set(sandbox.history()[source]["throughout"])
    there = {(row[document], row["position"]) for row in sandbox.rows(part) if row[document] in throughout}
    assert there <= {(row[document], row["position"]) for row in output.records[part]}


@each_part
def test_the_sandbox_lists_parts_over_http(platform: PlatformFacts, part: str, source: str) -> None:
    """As the demo does, which compares what came with what there is."""
    with Sandbox(platform.name, rows={source: 12}) as sandbox:
        listed = requests.get(f"{sandbox.control_url}/rows", params={"stream": part}, timeout=10).json()

        assert listed == {part: sandbox.rows(part)}
