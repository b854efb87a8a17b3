"""What is particular about Zoho Invoice and Zoho Books, from end to end: the connector against the sandbox.

How their lists are walked, resumed and read incrementally is tested along with the other platforms.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Connector, Json, Output
from integration_tests.expected import assert_as_they_are, keys, spelt_alike
from integration_tests.platforms import LISTS_PER_PARENT, PLATFORMS, SMALL_PAGE, PlatformFacts
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.zoho import HOME, TOKENS

pytestmark = pytest.mark.in_process

NUMBERS = {"zoho_invoice": 19, "zoho_books": 42}
on_both_products = pytest.mark.parametrize("platform", [PLATFORMS[name] for name in NUMBERS], ids=NUMBERS)
INVOICE, BOOKS = (PLATFORMS[name] for name in NUMBERS)


def assert_complete(connector: Connector, sandbox: Sandbox, output: Output, streams: list[str] | None = None) -> None:
    """Every row came, exactly once."""
    for stream in connector.catalog:
        name = stream["name"]
        if streams is None or name in streams:
            assert keys(output.records[name], stream) == keys(sandbox.rows(name), stream), name


def assert_silent(connector: Connector, output: Output) -> None:
    """No secret was printed."""
    for secret in ("client_id", "client_secret", "refresh_token"):
        assert connector.config["platform"][secret] not in output.text
    assert "Zoho-oauthtoken 1000" not in output.text


def tokens(sandbox: Sandbox) -> int:
    """How many access tokens were asked for."""
    return int(sandbox.requests_summary()["streams"].get(TOKENS, {"requests": 0})["requests"])


def error(output: Output) -> Json:
    """The only error trace."""
    assert len(output.errors) == 1, output.text[-3000:]
    return output.errors[0]


# Complete


@pytest.mark.own_process
@on_both_products
def test_every_stream_is_read_as_it_is_with_one_token_and_few_calls(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name)
    connector = connect(sandbox, num_workers=10)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert len(connector.catalog) == NUMBERS[platform.name]
    assert_complete(connector, sandbox, output)
    for stream in connector.catalog:
        name = stream["name"]
        assert_as_they_are(output.records[name], sandbox.rows(name), stream)
        assert all(record["organization_id"] == HOME for record in output.records[name])
        assert output.statuses[name][-1] == "COMPLETE"
    assert tokens(sandbox) == 1
    lists = {name: len(sandbox.rows(LISTS_PER_PARENT[name])) for name in platform.streams if name in LISTS_PER_PARENT}
    pages = sum(lists.get(name) or max(1, -(-len(sandbox.rows(name)) // platform.page)) for name in platform.streams)
    assert sandbox.requests_summary()["requests"] - 1 <= pages + NUMBERS[platform.name]
    assert_silent(connector, output)


@pytest.mark.parametrize("rows", [0, 1, SMALL_PAGE, SMALL_PAGE + 1, 2 * SMALL_PAGE + 1])
@on_both_products
def test_lists_of_every_length(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, rows: int
) -> None:
    # Whoever has a token belongs to an organization.
    counts = {name: max(rows, name == "organizations") for name in platform.streams}
    # Each of these costs requests.
    counts |= {name: min(rows, 3) for name in LISTS_PER_PARENT.values() if name in counts}
    sandbox = start_platform(platform, counts)
    connector = connect(sandbox, num_workers=10)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output)
    assert tokens(sandbox) == 1


@pytest.mark.parametrize("rows", [200, 401])
def test_lists_that_are_not_paged_come_whole(start_sandbox: StartSandbox, connect: Connect, rows: int) -> None:
    unpaged = ["users", "taxes", "banking", "invoices"]
    options = {"unpaged": ",".join(unpaged)}
    sandbox = start_sandbox("zoho_books", rows=BOOKS.rows(**dict.fromkeys(unpaged, rows)), options=options)
    connector = connect(sandbox)

    output = connector.read(unpaged)

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output, unpaged)


@pytest.mark.parametrize("also_deleted", [False, True], ids=["alone", "and a row is deleted"])
@pytest.mark.parametrize(
    ("stream", "field", "value"),
    [
        ("users", "name", "AAA"),
        ("taxes", "tax_name", "!!!"),
        ("banking", "account_name", "!!!"),
        ("transactions", "date", "2099-01-01"),
    ],
)
def test_a_row_that_an_edit_puts_in_front_of_the_pages_read_is_not_missed(
    start_platform: StartPlatform, connect: Connect, *, stream: str, field: str, value: str, also_deleted: bool
) -> None:
    sandbox = start_platform(BOOKS, {stream: 2 * SMALL_PAGE + 3})
    connector = connect(sandbox)
    (offered,) = (each for each in connector.catalog if each["name"] == stream)
    pairs = zip(sandbox.rows(stream), sandbox.history()[stream]["throughout"], strict=True)
    by_value = [key for _, key in sorted(pairs, key=lambda pair: str(pair[0][field]), reverse=stream == "transactions")]
    edit = {"op": "edit", "stream": stream, "key": by_value[-1], "values": {field: value}}
    delete = {"op": "delete", "stream": stream, "key": by_value[0]}
    ops = [edit, delete] if also_deleted else [edit]
    sandbox.reset_history()
    sandbox.schedule([{"before": 2, "match": {"stream": stream}, "ops": ops}])

    output = connector.read([stream])

    assert output.exit_code == 0, output.errors
    throughout = set(map(spelt_alike, sandbox.history()[stream]["throughout"]))
    assert throughout <= set(keys(output.records[stream], offered))


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
        "all_contact_persons": "missing",
        "showbalance": "refused",
        "base_url": "root",
    },
    "inactive rows are hidden, invoices come twice, times are blank or all the same": {
        "hide_inactive": True,
        "duplicates": 3,
        "blank_times": 7,
        "bulk_import": 2 * SMALL_PAGE + 6,
        "journals_time": "absent",
        "offset": "new_york",
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_whatever_zoho_leaves_open_every_row_comes(
    start_platform: StartPlatform, connect: Connect, variant: str
) -> None:
    several_pages = ["contacts", "items", "expenses", "purchase_orders", "journals", "bills", "transactions"]
    rows = {**dict.fromkeys(several_pages, 2 * SMALL_PAGE + 3), "invoices": 4 * SMALL_PAGE + 1}
    sandbox = start_platform(BOOKS, rows, VARIANTS[variant])
    connector = connect(sandbox)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    for stream in connector.catalog:
        name = stream["name"]
        came, there = (keys(rows, stream) for rows in (output.records[name], sandbox.rows(name)))
        assert set(came) == set(there), name
        if "sorted" not in variant and "undocumented" not in variant:
            assert came.total() <= there.total() + 2, name


# Values


@on_both_products
def test_a_value_that_does_not_fit_is_passed_on_with_one_warning_for_its_field(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(invoices=6))
    values: list[Json] = [
        {"total": "a lot", "balance": "7.50", "due_date": "", "exchange_rate": ""},
        {"total": "more", "balance": 7.5, "due_date": "2026-02-28", "exchange_rate": "1", "reference_number": 12},
    ]
    expected: list[Json] = [
        {"total": "a lot", "balance": 7.5, "due_date": None, "exchange_rate": None},
        {"total": "more", "balance": 7.5, "due_date": "2026-02-28", "exchange_rate": 1, "reference_number": "12"},
    ]
    edited = sandbox.history()["invoices"]["throughout"][:2]
    for key, changes in zip(edited, values, strict=True):
        sandbox.edit("invoices", key, changes)

    output = connect(sandbox).read(["invoices"])

    assert output.exit_code == 0, output.errors
    by_key = {record["invoice_id"]: record for record in output.records["invoices"]}
    for key, changes in zip(edited, expected, strict=True):
        assert {name: by_key[key][name] for name in changes} == changes
    assert [line for line in output.logs if "passed on unchanged" in line] == [
        "Stream invoices: field total holds a value of type str where the schema says number. It is passed on "
        "unchanged."
    ]


# Tokens


@pytest.mark.parametrize("code", ["57", "14"])
@on_both_products
def test_a_token_that_is_revoked_in_the_middle_costs_one_more_and_no_row(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, code: str
) -> None:
    rows = dict.fromkeys(("invoices", "expenses"), 4 * SMALL_PAGE + 1)
    sandbox = start_platform(platform, rows, {"revoke_after_calls": 8, "invalid_token_code": code})
    connector = connect(sandbox, num_workers=10)

    output = connector.read(flags=["--debug"])

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output)
    assert tokens(sandbox) == 2
    assert_silent(connector, output)


@pytest.mark.parametrize(
    ("settings", "options", "sentence"),
    [
        ({"client_secret": "wrong-secret"}, {}, "does not know this client"),
        ({"refresh_token": "1000.made.elsewhere"}, {}, "does not accept the refresh token"),
        ({}, {"refresh_token": "revoked", "token_error_status": "400"}, "does not accept the refresh token"),
        ({}, {"refresh_token": "revoked"}, "data center than platform.data_center (us)"),
    ],
)
def test_check_tells_what_is_wrong_with_the_credentials(
    start_sandbox: StartSandbox, connect: Connect, settings: Json, options: Json, sentence: str
) -> None:
    sandbox = start_sandbox("zoho_invoice", rows=INVOICE.rows(), options=options)

    output = connect(sandbox, platform=settings).check()

    assert sentence in output.of("CONNECTION_STATUS")[0]["message"]
    assert all(str(secret) not in output.text for secret in settings.values())


def test_a_token_endpoint_that_throttles_is_told_apart(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox("zoho_invoice", rows=INVOICE.rows(), options={"token_limit": 1})
    connector = connect(sandbox)
    assert connector.check().of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"

    output = connector.read(["invoices"])

    assert "issues no more access tokens for a while" in error(output)["message"]
    assert error(output)["failure_type"] == "transient_error"


# Organizations


@pytest.mark.parametrize(
    ("organization_id", "sentence"),
    [("", "belongs to several organizations"), ("982000000000440000", "does not belong to"), (HOME, None)],
    ids=["none", "a wrong one", "the right one"],
)
@on_both_products
def test_a_user_with_several_organizations(
    start_sandbox: StartSandbox,
    connect: Connect,
    *,
    platform: PlatformFacts,
    organization_id: str,
    sentence: str | None,
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(), options={"organizations": 3})
    connector = connect(sandbox, platform={"organization_id": organization_id})

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


def test_streams_that_are_refused_are_reported_and_the_others_read(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    # The accounts are asked for on behalf of their transactions, too.
    refused = ["sales_orders", "purchase_orders", "journals", "bills", "chart_of_accounts", "account_transactions"]
    options = {"unavailable": "sales_orders,purchase_orders:403,journals:404,bills:400,chart_of_accounts"}
    sandbox = start_sandbox("zoho_books", rows=BOOKS.rows(), options=options)
    connector = connect(sandbox)

    output = connector.read()

    assert_complete(connector, sandbox, output, [name for name in BOOKS.streams if name not in refused])
    assert output.exit_code == 1
    assert {name for name, statuses in output.statuses.items() if statuses[-1] == "INCOMPLETE"} == set(refused)
    for name in refused:
        (trace,) = (each for each in output.errors if each.get("stream_descriptor", {}).get("name") == name)
        assert trace["failure_type"] == "config_error"
        named = "chart_of_accounts" if name == "account_transactions" else name
        assert f"cannot read the stream {named}" in trace["message"]
        assert ".READ" in trace["message"]
        needs_another = f"Stream {name} is read by the ids of {named}, so leave {name} out" in trace["message"]
        assert needs_another is (name != named)


@on_both_products
def test_where_everything_is_refused_the_scopes_are_named(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    options = {"unavailable": ",".join([*platform.streams, "organizations"])}
    sandbox = start_sandbox(platform.name, rows=platform.rows(), options=options)
    connector = connect(sandbox)

    status = connector.check().of("CONNECTION_STATUS")[0]
    output = connector.read()

    assert output.exit_code == 1
    assert {statuses[-1] for statuses in output.statuses.values()} == {"INCOMPLETE"}
    assert all(trace["failure_type"] == "config_error" for trace in output.errors)
    assert all(".READ" in trace["message"] for trace in output.errors)
    assert status["status"] == "FAILED"
    assert ".fullaccess.all" in status["message"]


# Limits


@pytest.mark.own_process
@on_both_products
def test_the_limits_of_the_account_are_kept(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    # Small pages make more than a minute's calls of few rows; the minute is as short as the connector's.
    long = [name for name in platform.incremental if name not in LISTS_PER_PARENT.values()]
    rows = platform.rows(**dict.fromkeys(long, 200))
    options = {"calls_per_minute": 100, "minute_ms": 600, "max_in_flight": 5, "per_page_cap": 10}
    sandbox = start_sandbox(platform.name, rows=rows, options=options, latency_ms=2)
    connector = connect(sandbox)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output)
    summary = sandbox.requests_summary()
    assert summary["requests"] > 100
    assert summary["highest_in_flight"] == 5
    assert all(request["status"] == 200 for request in sandbox.requests())


@on_both_products
def test_limits_at_random_are_waited_for(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    options = {"random_throttle": 30, "per_page_cap": 20}
    sandbox = start_sandbox(platform.name, rows=platform.rows(invoices=401), options=options)
    connector = connect(sandbox)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output)
    assert any(request["status"] == 429 for request in sandbox.requests())
    for code in ("(code 44)", "(code 1070)"):
        assert any(code in line for line in output.logs)


def test_a_quota_of_the_day_that_is_used_up_ends_the_sync_and_the_next_one_goes_on(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox("zoho_books", rows=BOOKS.rows(bills=1000), options={"daily_quota": 4})
    connector = connect(sandbox)
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


@pytest.mark.parametrize("rate_headers", ["negative", "absent"])
def test_a_quota_that_looks_used_up_is_no_reason_to_stop(
    start_sandbox: StartSandbox, connect: Connect, rate_headers: str
) -> None:
    sandbox = start_sandbox("zoho_invoice", rows=INVOICE.rows(), options={"rate_headers": rate_headers})
    connector = connect(sandbox)

    output = connector.read()

    assert output.exit_code == 0, output.errors
    assert_complete(connector, sandbox, output)
