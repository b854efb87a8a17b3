"""FastBill from end to end: the console script against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Output
from integration_tests.interrupted import last_states, read_and_kill
from integration_tests.sandbox import Sandbox

KEYS = {
    "customers": "CUSTOMER_ID",
    "invoices": "INVOICE_ID",
    "products": "ARTICLE_ID",
    "recurring_invoices": "INVOICE_ID",
    "revenues": "INVOICE_ID",
}
ROWS = {"customers": 101, "invoices": 250, "products": 100, "recurring_invoices": 3, "revenues": 120}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """What discover shows, which is the same for each account and takes no request."""
    with Sandbox("fastbill") as sandbox:
        catalog = Connector(sandbox.config, tmp_path_factory.mktemp("discover")).catalog
        assert sandbox.requests() == []
    return catalog


@pytest.fixture
def connect(tmp_path: Path, offered: list[Json]) -> Any:
    """The connector, configured for a sandbox."""

    def connect(sandbox: Sandbox, **platform: Any) -> Connector:
        config = sandbox.config
        more: Json = {name: platform.pop(name) for name in ("num_workers", "start_date") if name in platform}
        connector = Connector({**config, **more, "platform": {**config["platform"], **platform}}, tmp_path)
        connector.__dict__["catalog"] = offered
        return connector

    return connect


def alike(value: Any) -> Any:
    """A value for comparison: 1 and 1.0 are one number."""
    if isinstance(value, Mapping):
        return {name: alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [alike(inner) for inner in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def by_key(rows: list[Json], stream: str) -> dict[str, Json]:
    return {row[KEYS[stream]]: alike(row) for row in rows}


def succeeded(output: Output) -> Output:
    assert output.exit_code == 0, output.text
    return output


def test_the_five_streams_are_offered(offered: list[Json]) -> None:
    assert {stream["name"]: stream["source_defined_primary_key"] for stream in offered} == {
        name: [[key]] for name, key in KEYS.items()
    }
    assert {stream["name"] for stream in offered if stream["supported_sync_modes"][-1] == "incremental"} == {
        "customers",
        "invoices",
        "revenues",
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"container": "mixed", "nested": "mixed", "numbers": "all_text", "ids": "mixed", "order": "newest"},
        {"container": "child", "nested": "index", "empty_list": "response", "content_type": "json", "limit_cap": "10"},
    ],
    ids=["plain", "each form in turn", "as XML, ten rows a page"],
)
def test_each_row_arrives_once_as_its_schema_says(connect: Any, options: Mapping[str, str]) -> None:
    with Sandbox("fastbill", rows={**ROWS, "revenues": 0}, options=options) as sandbox:
        output = succeeded(connect(sandbox).read())

        for stream in KEYS:
            assert len(output.records[stream]) == len(sandbox.rows(stream))
            assert by_key(output.records[stream], stream) == by_key(sandbox.rows(stream), stream)
            assert output.statuses[stream][-1] == "COMPLETE"


def test_a_full_read_costs_what_the_page_size_dictates_and_asks_one_thing_at_a_time(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        succeeded(connect(sandbox, num_workers=8).read())

        summary = sandbox.requests_summary()
        assert summary["highest_in_flight"] == 1
        for stream, rows in ROWS.items():
            assert summary["streams"][stream]["requests"] <= -(-rows // 99) + 1


def test_a_second_sync_brings_what_changed(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        connector = connect(sandbox)
        first = succeeded(connector.read())
        edited = {stream: sandbox.edit(stream) for stream in ("customers", "invoices", "revenues")}
        inserted = {stream: sandbox.insert(stream) for stream in ("customers", "invoices", "revenues")}

        second = succeeded(connector.read(state=first.last_state))

        for stream in ("customers", "invoices", "revenues"):
            assert {edited[stream], inserted[stream]} <= set(by_key(second.records[stream], stream))
            assert len(second.records[stream]) < ROWS[stream] // 4
        assert sandbox.requests()[-1]["status"] == 200


def test_errors_on_page_2_fail_the_stream_and_the_state_stays_where_it_was(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        connector = connect(sandbox)
        before = succeeded(connector.read(["invoices"]))
        sandbox.set_options(lastupdate_filter="ignored")
        sandbox.add_faults(
            {"match": {"stream": "invoices", "page": 2}, "times": 0, "fault": {"kind": "error_envelope"}}
        )

        output = connector.read(["invoices", "products"], state=before.last_state)

        assert output.exit_code == 1
        assert output.statuses["invoices"][-1] == "INCOMPLETE"
        assert output.statuses["products"][-1] == "COMPLETE"
        assert len(output.records["products"]) == ROWS["products"]
        assert any("Something went wrong" in error["message"] for error in output.errors)
        assert all(state == before.states["invoices"][-1] for state in output.states["invoices"])


def test_a_200_error_body_is_never_an_empty_stream(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        sandbox.add_faults({"times": 0, "fault": {"kind": "error_envelope"}})
        connector = connect(sandbox)

        output = connector.read(["customers"])

        assert output.exit_code == 1
        assert output.statuses["customers"][-1] == "INCOMPLETE"
        assert "COMPLETE" not in output.statuses["customers"]
        assert connector.check().of("CONNECTION_STATUS")[0]["status"] == "FAILED"


@pytest.mark.parametrize("answer", ["429", "503", "errors"])
def test_a_used_up_quota_ends_as_transient_with_the_state_of_what_is_complete(connect: Any, answer: str) -> None:
    with Sandbox("fastbill", rows=ROWS, options={"calls_per_hour": "2", "quota_answer": answer}) as sandbox:
        output = connect(sandbox).read(["customers", "invoices"])

        assert output.exit_code == 1
        assert {error["failure_type"] for error in output.errors} == {"transient_error"}
        assert output.statuses["customers"][-1] == "COMPLETE"
        assert output.states["customers"]
        assert output.statuses["invoices"][-1] == "INCOMPLETE"


def test_the_budget_of_the_configuration_is_kept(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        output = connect(sandbox, calls_per_hour=3).read()

        assert len(sandbox.requests()) == 3
        assert {error["failure_type"] for error in output.errors} == {"transient_error"}
        assert output.statuses["customers"][-1] == "COMPLETE"


def test_rows_that_shift_while_they_are_read_cost_nobody_elses_row(connect: Any) -> None:
    with Sandbox("fastbill", rows={**ROWS, "invoices": 600}, options={"order": "newest"}) as sandbox:
        sandbox.schedule(random={"seed": 7, "probability": 0.7, "limit": 40, "where": "start"})

        output = succeeded(connect(sandbox).read())

        for stream, history in sandbox.history().items():
            missing = set(history["throughout"]) - set(by_key(output.records[stream], stream))
            assert not missing, stream


def test_killed_at_any_point_the_union_of_the_runs_is_complete(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        connector = connect(sandbox)
        first = read_and_kill(connector, 130)
        second = read_and_kill(connector, 300, state=last_states(first))
        third = succeeded(connector.read(state=last_states(first, second)))

        for stream in KEYS:
            read = {key for output in (first, second, third) for key in by_key(output.records.get(stream, []), stream)}
            assert read == set(by_key(sandbox.rows(stream), stream))


def test_links_to_documents_and_credentials_are_in_no_log(connect: Any) -> None:
    with Sandbox("fastbill", rows=ROWS) as sandbox:
        sandbox.add_faults({"match": {"stream": "invoices"}, "fault": {"kind": "cut_json"}})

        output = connect(sandbox).read(["invoices"], flags=["--debug"])

        said = "\n".join(line for line in output.lines if '"type":"RECORD"' not in line) + output.stderr
        assert "seller.example/document/" not in said
        assert sandbox.config["platform"]["api_key"] not in said
        assert json.dumps(sandbox.config["platform"]["api_key"])[1:-1] not in said


@pytest.mark.parametrize("setting", ["api_key", "username"])
def test_wrong_credentials_are_explained(connect: Any, setting: str) -> None:
    with Sandbox("fastbill") as sandbox:
        output = connect(sandbox, **{setting: "wrong-one"}).check()

        status = output.of("CONNECTION_STATUS")[0]
        assert status["status"] == "FAILED"
        assert "platform.username" in status["message"]
        assert len(sandbox.requests()) == 1
