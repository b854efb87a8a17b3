"""One long list, read by several readers: complete, exact, resumable, and hardly dearer than by one."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector, Json
from integration_tests.expected import keys
from integration_tests.platforms import INVOICED, ZOHO_BOOKS
from integration_tests.sandbox import Sandbox
from integration_tests.test_moving_rows import assert_none_missed

pytestmark = pytest.mark.in_process

# Small pages make a long list of few rows.
PAGE = 10
# However fast the sandbox answers.
ALWAYS = {"SOURCE_INVOICING_SHARE_ALWAYS": "1"}
ROWS = 1200
WORKERS = 8


@pytest.fixture
def connect(connect: Connect) -> Connect:
    """The connector, as if answers were slow enough for several readers."""

    def connect_sharing(sandbox: Sandbox, **config: Any) -> Connector:
        connector = connect(sandbox, **config)
        connector.environment = {**connector.environment, **ALWAYS}
        return connector

    return connect_sharing


def list_questions(sandbox: Any) -> list[Any]:
    return [request for request in sandbox.requests() if request["path"].endswith("/invoices")]


@pytest.mark.own_process
@pytest.mark.parametrize("headers", ["both", "link"])
@pytest.mark.parametrize("boundary", ["inclusive", "exclusive"])
def test_the_list_comes_once_and_costs_little_more(
    start_sandbox: StartSandbox, connect: Connect, headers: str, boundary: str
) -> None:
    """Strict about pages: each question is a first page, or the one behind the last."""
    options = {"per_page_cap": PAGE, "headers": headers, "updated_after": boundary, "out_of_order": "strict"}
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=ROWS), options=options)
    asked: list[int] = []
    for workers in (1, WORKERS):
        connector = connect(sandbox, num_workers=workers)
        assert connector.catalog
        sandbox.clear_requests()
        output = connector.read(["invoices"])
        assert output.exit_code == 0, output.text[-3000:]
        invoices = next(stream for stream in connector.catalog if stream["name"] == "invoices")
        assert keys(output.records["invoices"], invoices) == keys(sandbox.rows("invoices"), invoices)
        asked.append(len(list_questions(sandbox)))

    alone, together = asked
    assert together <= 1.05 * alone
    newest = max(row["updated_at"] for row in sandbox.rows("invoices"))
    assert output.states["invoices"][-1] == {"updated_at": newest}
    assert any("read_ahead" in state for state in output.states["invoices"])
    assert max(len(str(state)) for state in output.states["invoices"]) < 500


def test_zoho_tells_no_total_and_is_shared_all_the_same(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox("zoho_books", rows=ZOHO_BOOKS.rows(invoices=ROWS), options={"per_page_cap": PAGE})
    connector = connect(sandbox, num_workers=5)
    assert connector.catalog
    sandbox.clear_requests()

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.text[-3000:]
    came = [record["invoice_id"] for record in output.records["invoices"]]
    assert sorted(came) == sorted(row["invoice_id"] for row in sandbox.rows("invoices"))
    assert any("read_ahead" in state for state in output.states["invoices"])
    assert "read_ahead" not in output.states["invoices"][-1]


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.own_process] if seed < 4 else []) for seed in range(12)]
)
def test_rows_that_move_make_no_other_row_slip_between_the_readers(
    start_sandbox: StartSandbox, connect: Connect, seed: int
) -> None:
    options: dict[str, Any] = {"per_page_cap": PAGE, "updated_after": ["inclusive", "exclusive"][seed % 2]}
    sandbox = start_sandbox(seed=seed, rows=INVOICED.rows(invoices=700), options=options)
    connector = connect(sandbox, num_workers=WORKERS)
    assert connector.catalog
    sandbox.reset_history()
    sandbox.schedule(
        random={
            "seed": seed,
            "probability": 0.4,
            "streams": ["invoices"],
            "ops": ["insert", "edit", "delete"],
            "limit": 60,
            "where": ["start", "middle", "end", "anywhere"][seed % 4],
        }
    )

    assert_none_missed(connector.read(["invoices"]), sandbox, connector)


@pytest.mark.parametrize("ignored", [{"ignore_sort": True}, {"updated_after": "ignored"}])
def test_a_server_that_ignores_what_it_is_asked_is_read_in_another_way(
    start_sandbox: StartSandbox, connect: Connect, ignored: Json
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=700), options={"per_page_cap": PAGE, **ignored})
    connector = connect(sandbox, num_workers=WORKERS)

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.text[-3000:]
    assert {record["id"] for record in output.records["invoices"]} == {row["id"] for row in sandbox.rows("invoices")}
    assert "read in another way" in output.text
    assert "read_ahead" not in output.states["invoices"][-1]


def test_a_moment_that_fills_pages_belongs_to_one_reader(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=700), options={"per_page_cap": PAGE})
    rows = sorted(sandbox.rows("invoices"), key=lambda row: row["updated_at"])
    moment = rows[300]["updated_at"]
    sandbox.mutate(
        *(
            {"op": "edit", "stream": "invoices", "key": row["id"], "values": {"updated_at": moment}}
            for row in rows[300:450]
        )
    )
    connector = connect(sandbox, num_workers=WORKERS)

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.text[-3000:]
    assert {record["id"] for record in output.records["invoices"]} == {row["id"] for row in rows}


@pytest.mark.own_process
@pytest.mark.parametrize("cut", range(50, 1200, 190))
def test_killed_and_resumed_what_was_read_ahead_is_not_read_again(
    start_sandbox: StartSandbox, connect: Connect, cut: int
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=ROWS), options={"per_page_cap": PAGE})
    connector = connect(sandbox, num_workers=WORKERS)
    assert connector.catalog

    killed = connector.read_until_message(cut, ["invoices"])
    sandbox.clear_requests()
    resumed = connector.read(["invoices"], state=killed.last_state)

    assert resumed.exit_code == 0, resumed.text[-3000:]
    before = {record["id"] for record in killed.records["invoices"]}
    after = {record["id"] for record in resumed.records["invoices"]}
    assert before | after == {row["id"] for row in sandbox.rows("invoices")}
    # A page per reader may have been out without its state, and each part overlaps by a second.
    assert len(before & after) <= 2 * PAGE * WORKERS


def test_an_incremental_sync_of_much_is_shared_too(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=ROWS), options={"per_page_cap": PAGE})
    rows = sorted(sandbox.rows("invoices"), key=lambda row: row["updated_at"])
    connector = connect(sandbox, num_workers=WORKERS)
    stored = [
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": "invoices"},
                "stream_state": {"updated_at": rows[200]["updated_at"]},
            },
        }
    ]

    output = connector.read(["invoices"], state=stored)

    assert output.exit_code == 0, output.text[-3000:]
    came = {record["id"] for record in output.records["invoices"]}
    assert {row["id"] for row in rows[200:]} <= came
    assert len(came) <= ROWS - 200 + PAGE
    assert any("read_ahead" in state for state in output.states["invoices"])


def test_a_lasting_fault_ends_the_stream_once_and_keeps_what_was_read(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=ROWS), options={"per_page_cap": PAGE})
    connector = connect(sandbox, num_workers=WORKERS)
    assert connector.catalog
    sandbox.add_faults(
        {"match": {"stream": "invoices"}, "after": 40, "times": 0, "fault": {"kind": "status", "code": 500}}
    )

    failed = connector.read(["invoices", "notes"])
    sandbox.clear_faults()
    sandbox.clear_requests()
    resumed = connector.read(["invoices", "notes"], state=failed.last_state)

    assert failed.exit_code == 1
    assert [error["failure_type"] for error in failed.errors] == ["transient_error"]
    assert failed.statuses["notes"][-1] == "COMPLETE"
    came = {record["id"] for output in (failed, resumed) for record in output.records["invoices"]}
    assert came == {row["id"] for row in sandbox.rows("invoices")}
    # Each page repeats a row of the one before, and each reader may begin and end in the middle of one.
    left = ROWS - len({record["id"] for record in failed.records["invoices"]})
    assert len(list_questions(sandbox)) <= left / (PAGE - 1) + 2 * WORKERS
