"""Zoho Invoice and Zoho Books through the console script, against the sandbox."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.connector import SCRIPT, Connector, Json, Output
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.zoho import HOME, TOKENS
from integration_tests.warm_start import WarmStart

NUMBERS = {"zoho_invoice": 9, "zoho_books": 16}
PLATFORMS = list(NUMBERS)
KEYED = {"zoho_invoice": ["contacts", "invoices", "customer_payments"], "zoho_books": ["bills", "invoices", "items"]}
"""Streams that are walked by key."""
FEW = 5


def few(platform: str, **rows: int) -> dict[str, int]:
    """Little of everything but what a test is about."""
    streams = {
        "zoho_invoice": "items users contacts invoices recurring_invoices customer_payments credit_notes expenses "
        "taxes",
        "zoho_books": "users banking contacts bills estimates items invoices expenses creditnotes customer_payments "
        "purchase_orders sales_orders journals taxes transactions",
    }[platform]
    return {**dict.fromkeys(streams.split(), FEW), **rows}


def connect(sandbox: Sandbox, folder: Path, warm_start: WarmStart, **settings: Any) -> Connector:
    """The connector on a sandbox, with other options of the platform, or other settings beside it (``config``)."""
    config = sandbox.config
    config |= settings.pop("config", {})
    config["platform"] |= settings
    return Connector(config, folder, warm_start)


def keys(connector: Connector, stream: str, rows: list[Json]) -> list[tuple[str, ...]]:
    """The primary keys of rows, in order."""
    (fields,) = (each["source_defined_primary_key"] for each in connector.catalog if each["name"] == stream)
    return sorted(tuple(str(row[path[0]]) for path in fields) for row in rows)


def assert_complete(connector: Connector, sandbox: Sandbox, output: Output, streams: list[str] | None = None) -> None:
    """Every row came, exactly once."""
    for stream in streams or [each["name"] for each in connector.catalog]:
        assert keys(connector, stream, output.records[stream]) == keys(connector, stream, sandbox.rows(stream)), stream


def tokens(sandbox: Sandbox) -> int:
    return int(sandbox.requests_summary()["streams"].get(TOKENS, {"requests": 0})["requests"])


def error(output: Output) -> Json:
    """The only error trace but the summary at the end."""
    errors = [each for each in output.errors if "could not be read completely" not in each["message"]]
    assert len(errors) == 1, output.text[-3000:]
    return errors[0]


# Complete


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_stream_is_read_completely_with_one_token_and_few_calls(
    platform: str, tmp_path: Path, warm_start: WarmStart
) -> None:
    with Sandbox(platform) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start, config={"num_workers": 10})
        assert len(connector.catalog) == NUMBERS[platform]

        output = connector.read()

        assert output.exit_code == 0, output.errors
        assert_complete(connector, sandbox, output)
        assert tokens(sandbox) == 1
        summary = sandbox.requests_summary()
        pages = sum(max(1, -(-len(sandbox.rows(each["name"])) // 200)) for each in connector.catalog)
        assert summary["requests"] - 1 <= pages + 2 * NUMBERS[platform]
    for stream in connector.catalog:
        validator = Draft7Validator(stream["json_schema"])
        for record in output.records[stream["name"]]:
            assert not list(validator.iter_errors(record))
            assert record["organization_id"] == HOME
        assert output.statuses[stream["name"]][-1] == "COMPLETE"
    for secret in ("client_id", "client_secret", "refresh_token"):
        assert connector.config["platform"][secret] not in output.text


@pytest.mark.parametrize("rows", [0, 1, 200, 201])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_lists_of_every_length(platform: str, rows: int, tmp_path: Path, warm_start: WarmStart) -> None:
    with Sandbox(platform, rows=dict.fromkeys(few(platform), rows)) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read()

        assert output.exit_code == 0, output.errors
        assert_complete(connector, sandbox, output)


VARIANTS: dict[str, Mapping[str, object]] = {
    "undocumented filters and orders are refused": {"undocumented_filter": "refused", "undocumented_sort": "refused"},
    "undocumented filters and orders are ignored": {"undocumented_filter": "ignored", "undocumented_sort": "ignored"},
    "nothing is sorted or filtered": {"ignore_sort": True, "ignore_filter": True},
    "the documentation's keys, forms and filters": {
        "list_keys": "other",
        "page_context": "array",
        "journals_filter": "equal",
        "transactions_account": "required",
        "all_taxes": "refused",
        "base_url": "root",
    },
    "inactive rows are hidden, invoices come twice, times are blank or all the same": {
        "hide_inactive": True,
        "duplicates": 3,
        "blank_times": 7,
        "bulk_import": 260,
        "journals_time": "absent",
        "offset": "new_york",
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_whatever_zoho_leaves_open_every_row_comes(variant: str, tmp_path: Path, warm_start: WarmStart) -> None:
    rows = few("zoho_books", contacts=230, invoices=401, items=230, expenses=230, purchase_orders=230, journals=230)
    with Sandbox("zoho_books", rows={**rows, "bills": 230, "transactions": 230}, options=VARIANTS[variant]) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read()

        assert output.exit_code == 0, output.errors
        for stream in [each["name"] for each in connector.catalog]:
            read, there = (keys(connector, stream, rows) for rows in (output.records[stream], sandbox.rows(stream)))
            assert set(read) == set(there), stream
            if "sorted" not in variant and "undocumented" not in variant:
                assert len(read) <= len(there) + 2, stream


# Tokens


@pytest.mark.parametrize("code", ["57", "14"])
def test_a_token_that_is_revoked_in_the_middle_costs_one_more_and_no_row(
    code: str, tmp_path: Path, warm_start: WarmStart
) -> None:
    options = {"revoke_after_calls": 12, "invalid_token_code": code}
    with Sandbox("zoho_books", rows=few("zoho_books", invoices=401, bills=401), options=options) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read(flags=["--debug"])

        assert output.exit_code == 0, output.errors
        assert_complete(connector, sandbox, output)
        assert tokens(sandbox) == 2
    assert "Zoho-oauthtoken 1000" not in output.text
    for secret in ("client_id", "client_secret", "refresh_token"):
        assert connector.config["platform"][secret] not in output.text


@pytest.mark.parametrize(
    ("settings", "options", "sentence"),
    [
        ({"client_secret": "wrong-secret"}, {}, "does not know this client"),
        ({"refresh_token": "1000.made.elsewhere"}, {}, "does not accept the refresh token"),
        ({}, {"refresh_token": "revoked", "token_error_status": "400"}, "does not accept the refresh token"),
    ],
)
def test_check_tells_what_is_wrong_with_the_credentials(
    settings: Json, options: Json, sentence: str, tmp_path: Path, warm_start: WarmStart
) -> None:
    with Sandbox("zoho_invoice", rows=few("zoho_invoice"), options=options) as sandbox:
        output = connect(sandbox, tmp_path, warm_start, **settings).check()

    assert sentence in output.of("CONNECTION_STATUS")[0]["message"]
    assert all(str(secret) not in output.text for secret in settings.values())


# Organisations


@pytest.mark.parametrize(
    ("organization_id", "sentence"),
    [("", "belongs to several organizations"), ("982000000000440000", "does not belong to"), (HOME, None)],
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_user_with_several_organizations(
    platform: str, organization_id: str, sentence: str | None, tmp_path: Path, warm_start: WarmStart
) -> None:
    with Sandbox(platform, rows=few(platform), options={"organizations": 3}) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start, organization_id=organization_id)
        status = connector.check().of("CONNECTION_STATUS")[0]
        output = connector.read(["contacts"])

        if sentence is None:
            assert (status["status"], output.exit_code) == ("SUCCEEDED", 0)
            assert_complete(connector, sandbox, output, ["contacts"])
            return
    assert status["status"] == "FAILED"
    assert output.exit_code == 1
    for message in (status["message"], error(output)["message"]):
        assert "platform.organization_id" in message
        assert sentence in message
    assert HOME in status["message"]
    assert error(output)["failure_type"] == "config_error"


# Streams that the account does not have


def test_streams_that_are_refused_are_reported_and_the_others_read(tmp_path: Path, warm_start: WarmStart) -> None:
    refused = ["sales_orders", "purchase_orders", "journals", "bills"]
    options = {"unavailable": "sales_orders,purchase_orders:403,journals:404,bills:400"}
    with Sandbox("zoho_books", rows=few("zoho_books"), options=options) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read()

        others = [each["name"] for each in connector.catalog if each["name"] not in refused]
        assert_complete(connector, sandbox, output, others)
    assert output.exit_code == 1
    assert {name for name, statuses in output.statuses.items() if statuses[-1] == "INCOMPLETE"} == set(refused)
    for name in refused:
        (trace,) = (each for each in output.errors if each.get("stream_descriptor", {}).get("name") == name)
        assert trace["failure_type"] == "config_error"
        assert f"cannot read the stream {name}" in trace["message"]
        assert ".READ" in trace["message"]


# Limits


def test_the_limits_of_the_account_are_kept(tmp_path: Path, warm_start: WarmStart) -> None:
    options = {"calls_per_minute": 100, "max_in_flight": 5}
    with Sandbox("zoho_books", options=options, latency_ms=5) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read()

        assert output.exit_code == 0, output.errors
        assert_complete(connector, sandbox, output)
        assert all(request["status"] != 429 for request in sandbox.requests())
        assert sandbox.requests_summary()["highest_in_flight"] <= 5


def test_limits_at_random_are_waited_for(tmp_path: Path, warm_start: WarmStart) -> None:
    with Sandbox("zoho_invoice", rows=few("zoho_invoice", invoices=401), options={"random_throttle": 30}) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)

        output = connector.read()

        assert output.exit_code == 0, output.errors
        assert_complete(connector, sandbox, output)
        assert any(request["status"] == 429 for request in sandbox.requests())


def test_a_quota_of_the_day_that_is_used_up_ends_the_sync_and_the_next_one_goes_on(
    tmp_path: Path, warm_start: WarmStart
) -> None:
    with Sandbox("zoho_books", rows=few("zoho_books", bills=1000), options={"daily_quota": 4}) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)
        first = connector.read(["bills"])
        assert first.exit_code == 1
        assert error(first)["failure_type"] == "transient_error"
        assert "calls of the day are used up; they are renewed at" in error(first)["message"]
        sandbox.set_options(daily_quota=0)

        second = connector.read(["bills"], state=first.last_state)

        assert second.exit_code == 0, second.errors
        united = {record["bill_id"] for output in (first, second) for record in output.records["bills"]}
        assert united == {row["bill_id"] for row in sandbox.rows("bills")}
        assert len(second.records["bills"]) < 1000


# Incremental, resumed, moving


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_second_sync_brings_what_changed(platform: str, tmp_path: Path, warm_start: WarmStart) -> None:
    with Sandbox(platform, rows=few(platform, invoices=401)) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)
        cursors = [each["name"] for each in connector.catalog if "incremental" in each["supported_sync_modes"]]
        assert len(cursors) == {"zoho_invoice": 7, "zoho_books": 11}[platform]
        first = connector.read(cursors)
        changed = {name: {sandbox.edit(name), sandbox.insert(name)} for name in cursors}
        untouched = {name: len(first.records[name]) for name in cursors}
        sandbox.clear_requests()

        second = connector.read(cursors, state=first.last_state)

        assert second.exit_code == 0, second.errors
        for name in cursors:
            found = {key[0] for key in keys(connector, name, second.records[name])}
            assert {str(key) for key in changed[name]} <= found, name
            assert len(second.records[name]) < untouched[name] or untouched[name] <= FEW
            assert second.states[name][-1]["last_modified_time"].endswith("Z"), name
        assert len(second.records["invoices"]) < 20
        assert sandbox.requests_summary()["requests"] <= len(cursors) + 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_sync_that_is_killed_goes_on_where_it_stood(platform: str, tmp_path: Path, warm_start: WarmStart) -> None:
    streams = KEYED[platform]
    rows = dict.fromkeys(streams, 1200)
    with Sandbox(platform, rows=few(platform, **rows), latency_ms=100) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)
        first = _kill_after_states(connector, streams, 4)
        sandbox.clear_requests()

        second = connector.read(streams, state=first.last_state)

        assert second.exit_code == 0, second.errors
        for stream in streams:
            united = {*keys(connector, stream, first.records[stream]), *keys(connector, stream, second.records[stream])}
            assert united == set(keys(connector, stream, sandbox.rows(stream))), stream
        assert sum(len(second.records[stream]) for stream in streams) < sum(rows.values())


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_that_move_while_they_are_read_make_no_other_slip_through(
    platform: str, seed: int, tmp_path: Path, warm_start: WarmStart
) -> None:
    names = [name for name in few(platform) if name not in ("users", "banking", "taxes")]
    with Sandbox(platform, rows=few(platform, **dict.fromkeys(names, 450))) as sandbox:
        connector = connect(sandbox, tmp_path, warm_start)
        assert connector.catalog
        sandbox.reset_history()
        sandbox.schedule(random={"seed": seed, "probability": 0.8, "limit": 400, "streams": names})

        output = connector.read()

        assert output.exit_code == 0, output.errors
        for name in names:
            throughout = {
                tuple(key) if isinstance(key, (list, tuple)) else (key,)
                for key in sandbox.history()[name]["throughout"]
            }
            assert throughout <= set(keys(connector, name, output.records[name])), name


def _kill_after_states(connector: Connector, streams: list[str], states: int) -> Output:
    """Start a read and kill it once so many states have been printed."""
    lines = []
    command = [str(SCRIPT), *connector.read_arguments(streams)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=connector.environment_of_a_run) as process:
        assert process.stdout
        end = time.monotonic() + 60
        for line in process.stdout:
            lines.append(line)
            states -= '"type":"STATE"' in line
            if states <= 0 or time.monotonic() > end:
                break
        process.send_signal(signal.SIGKILL)
    return Output(process.returncode, lines, "")
