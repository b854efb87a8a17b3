"""What is particular about FastBill, from end to end: the connector against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector, Json, Output, last_states
from integration_tests.expected import assert_as_they_are
from integration_tests.in_process import InProcessConnector, OfflineSandbox
from integration_tests.platforms import FASTBILL
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.in_process

Configure = Callable[..., Connector]

KEYS = {
    "customers": "CUSTOMER_ID",
    "invoices": "INVOICE_ID",
    "products": "ARTICLE_ID",
    "recurring_invoices": "INVOICE_ID",
    "revenues": "INVOICE_ID",
    "contacts": "CONTACT_ID",
    "estimates": "ESTIMATE_ID",
    "expenses": "INVOICE_ID",
    "projects": "PROJECT_ID",
    "times": "TIME_ID",
    "templates": "TEMPLATE_HASH",
}
# Parts of documents, with their keys inside one.
PARTS = {
    "invoice_line_items": "INVOICE_ITEM_ID",
    "invoice_vat_items": "position",
    "invoice_payments": "PAYMENT_ID",
    "recurring_invoice_line_items": "INVOICE_ITEM_ID",
    "revenue_line_items": "INVOICE_ITEM_ID",
    "revenue_payments": "PAYMENT_ID",
    "estimate_line_items": "ESTIMATE_ITEM_ID",
    "expense_line_items": "INVOICE_ITEM_ID",
    "project_tasks": "position",
}
SERVICES = {
    "customers": "customer.get",
    "invoices": "invoice.get",
    "products": "article.get",
    "recurring_invoices": "recurring.get",
    "revenues": "revenue.get",
    "contacts": "contact.get",
    "estimates": "estimate.get",
    "expenses": "expense.get",
    "projects": "project.get",
    "times": "time.get",
    "templates": "template.get",
}
DATED = ("customers", "contacts", "invoices", "revenues")
FILTERED = ("invoices", "revenues")
OF_PROJECTS = ("invoices", "recurring_invoices", "revenues", "estimates", "expenses", "projects", "times")
ROWS = {
    **{"customers": 101, "invoices": 250, "products": 100, "recurring_invoices": 3, "revenues": 120},
    **{"contacts": 30, "estimates": 11, "expenses": 12, "projects": 3, "times": 120, "templates": 3},
}
# Where the pages of ROWS begin: each with the last row of the page before it, and the last one holds no other.
OFFSETS = {
    "customers": [0, 99, 100],
    "invoices": [0, 99, 198, 249],
    "products": [0, 99],
    "recurring_invoices": [0],
    "revenues": [0, 99, 119],
    "contacts": [0],
    "estimates": [0],
    "expenses": [0],
    "projects": [0],
    "times": [0, 99, 119],
    "templates": [0],
}
CALLS = sum(map(len, OFFSETS.values()))
# One try, and three more, before the hour is taken for used up.
TRIES = 4
# More than any list of these tests takes.
MAX_HOURS = 9


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """What discover shows, which is the same for each account and takes no request."""
    with OfflineSandbox("fastbill") as sandbox:
        catalog = InProcessConnector(sandbox.config, tmp_path_factory.mktemp("discover"), sandbox=sandbox).catalog
        assert sandbox.requests() == []
    return catalog


@pytest.fixture
def configure(connect: Connect, offered: list[Json]) -> Configure:
    """The connector, configured for a sandbox; what it offers need not be asked for again."""

    def configure(sandbox: Sandbox, **platform: Any) -> Connector:
        more = {name: platform.pop(name) for name in ("num_workers", "start_date") if name in platform}
        connector = connect(sandbox, platform=platform, **more)
        connector.__dict__["catalog"] = offered
        return connector

    return configure


@pytest.fixture
def start_fastbill(start_sandbox: StartSandbox) -> Callable[..., Sandbox]:
    """Starts a sandbox of FastBill; further arguments are its options."""

    def start(rows: Mapping[str, int] = ROWS, **options: object) -> Sandbox:
        return start_sandbox("fastbill", rows=rows, options=options)

    return start


StartFastBill = Callable[..., Sandbox]


def alike(value: Any) -> Any:
    """A value for comparison: 1 and 1.0 are one number."""
    if isinstance(value, Mapping):
        return {name: alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [alike(inner) for inner in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def by_key(rows: list[Json], stream: str) -> dict[str, Json]:
    return {row[KEYS[stream]]: alike(row) for row in rows}


def asked(sandbox: Sandbox, stream: str | None = None) -> list[Json]:
    """The bodies of the requests so far, in order."""
    return [json.loads(request["body"]) for request in sandbox.requests() if stream in (None, request["stream"])]


def succeeded(output: Output) -> Output:
    assert output.exit_code == 0, output.text[-3000:]
    return output


def assert_failed_as_transient(output: Output) -> None:
    assert output.exit_code == 1
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}


def test_lists_are_offered_first_and_then_their_parts(offered: list[Json]) -> None:
    keys = {stream["name"]: [name for (name,) in stream["source_defined_primary_key"]] for stream in offered}
    assert list(keys) == [*KEYS, *PARTS]
    assert {name: keys[name] for name in KEYS} == {name: [key] for name, key in KEYS.items()}
    assert {name: keys[name][1:] for name in PARTS} == {name: [key] for name, key in PARTS.items()}
    incremental = {stream["name"] for stream in offered if stream["supported_sync_modes"][-1] == "incremental"}
    assert incremental == {*DATED, *(part for part in PARTS if part.startswith(("invoice", "revenue")))}


# -- asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.own_process
def test_a_full_read_asks_for_each_page_once_and_for_one_thing_at_a_time(
    start_fastbill: StartFastBill, configure: Configure
) -> None:
    sandbox = start_fastbill()

    succeeded(configure(sandbox, num_workers=8).read())

    assert sandbox.requests_summary()["highest_in_flight"] == 1
    assert {request["path"] for request in sandbox.requests()} == {"/api/1.0/api.php"}
    for stream, offsets in OFFSETS.items():
        bodies = asked(sandbox, stream)
        filters = [body.pop("FILTER", {}) for body in bodies]
        assert bodies == [{"SERVICE": SERVICES[stream], "LIMIT": 100, "OFFSET": offset} for offset in offsets]
        assert not any(filters) or stream == "times"
        assert len(offsets) <= -(-ROWS[stream] // 99) + 1


def test_a_connection_test_costs_one_call(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()

    output = configure(sandbox).check()

    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert asked(sandbox) == [{"SERVICE": "customer.get", "LIMIT": 1, "OFFSET": 0}]


def test_a_second_sync_asks_by_day_and_brings_what_changed(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()
    connector = configure(sandbox)
    first = succeeded(connector.read())
    cursors = {stream: datetime.fromisoformat(first.states[stream][-1]["LASTUPDATE"]) for stream in DATED}
    edited = {stream: sandbox.edit(stream) for stream in DATED}
    inserted = {stream: sandbox.insert(stream) for stream in DATED}
    sandbox.clear_requests()

    second = succeeded(connector.read(DATED, state=first.last_state))

    for stream in DATED:
        assert {edited[stream], inserted[stream]} <= set(by_key(second.records[stream], stream))
        moments = [row["LASTUPDATE"] for row in second.records[stream] if row["LASTUPDATE"]]
        assert min(map(datetime.fromisoformat, moments)) >= cursors[stream] - timedelta(seconds=1)
        filters = {json.dumps(body.get("FILTER")) for body in asked(sandbox, stream)}
        assert len(filters) == 1
        if stream not in FILTERED:
            assert filters == {"null"}
        else:
            day = cursors[stream].date() - timedelta(days=1)
            assert filters <= {json.dumps({"START_LASTUPDATE": str(day - timedelta(days=n))}) for n in (0, 1)}


@pytest.mark.parametrize("stance", ["ignored", "refused"])
def test_a_filter_without_effect_is_told_once_and_costs_no_row(
    start_fastbill: StartFastBill, configure: Configure, stance: str
) -> None:
    sandbox = start_fastbill()
    connector = configure(sandbox)
    first = succeeded(connector.read())
    sandbox.set_options(lastupdate_filter=stance, revenue_filter=stance)
    edited = {stream: sandbox.edit(stream) for stream in DATED}
    sandbox.clear_requests()

    second = succeeded(connector.read(DATED, state=first.last_state))

    for stream in DATED:
        assert edited[stream] in by_key(second.records[stream], stream)
        dated = [row["LASTUPDATE"] for row in second.records[stream] if row["LASTUPDATE"]]
        assert len(dated) < ROWS[stream] // 3
    told = [line for line in second.logs if "It is read in another way" in line]
    assert len(told) == len(FILTERED)
    for stream in FILTERED:
        assert [body["OFFSET"] for body in asked(sandbox, stream)] == [0, *OFFSETS[stream]]


def test_only_the_documents_of_a_project_are_kept(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()

    output = succeeded(configure(sandbox, project_id="803").read())

    for stream in KEYS:
        wanted = [row for row in sandbox.rows(stream) if stream not in OF_PROJECTS or row["PROJECT_ID"] == "803"]
        assert by_key(output.records[stream], stream) == by_key(wanted, stream)
    for stream in OF_PROJECTS:
        assert len(output.records[stream]) < ROWS[stream]
        left_out = ROWS[stream] - len(output.records[stream])
        line = f"Stream {stream}: {left_out} records of other projects than platform.project_id (803) are left out."
        assert output.logs.count(line) == 1
    assert sum("of other projects than" in line for line in output.logs) == len(OF_PROJECTS)
    for part, source in FASTBILL.parts.items():
        key = KEYS[source]
        kept = {row[key] for row in output.records[source]}
        expected = [row for row in sandbox.rows(part) if row[key] in kept]
        assert [row[key] for row in output.records[part]] == [row[key] for row in expected]
    assert output.records["invoice_line_items"]
    assert output.records["times"]


def test_times_are_asked_for_with_both_dates_on_each_page(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill({"times": 30}, limit_cap=10)

    output = succeeded(configure(sandbox, start_date="2025-01-01T00:00:00Z").read(["times"]))

    assert by_key(output.records["times"], "times") == by_key(sandbox.rows("times"), "times")
    for body in asked(sandbox, "times"):
        assert body["FILTER"]["START_DATE"] == "2000-01-01"
        assert date.fromisoformat(body["FILTER"]["END_DATE"]) > date.today() + timedelta(days=360)


@pytest.mark.parametrize(("unpaged", "after"), [(False, 1), (False, 16), (True, 1)])
def test_times_go_on_where_they_were_cut_off(
    start_fastbill: StartFastBill, configure: Configure, *, unpaged: bool, after: int
) -> None:
    sandbox = start_fastbill({"times": 100 if unpaged else 200}, unpaged=unpaged, limit_cap=100 if unpaged else 10)
    connector = configure(sandbox)
    fault = {"kind": "status", "code": 500}
    sandbox.add_faults({"match": {"stream": "times"}, "after": after, "times": 0, "fault": fault})
    failed = connector.read(["times"])
    assert failed.statuses["times"][-1] == "INCOMPLETE"
    sandbox.clear_faults()

    rest = succeeded(connector.read(["times"], state=failed.last_state))

    assert (len(rest.records["times"]) < len(sandbox.rows("times"))) == (after > 10), "from the second hundred rows on"
    union = [*failed.records["times"], *rest.records["times"]]
    assert by_key(union, "times") == by_key(sandbox.rows("times"), "times")


@pytest.mark.parametrize(("times", "templates"), [(10, 10), (100, 1), (150, 3), (0, 0), (9, 100)])
def test_lists_that_may_come_without_pages_are_read_either_way(
    start_fastbill: StartFastBill, configure: Configure, times: int, templates: int
) -> None:
    for unpaged in (True, False):
        sandbox = start_fastbill({"times": times, "templates": templates}, unpaged=unpaged)

        output = succeeded(configure(sandbox).read(["times", "templates"]))

        for stream in ("times", "templates"):
            assert by_key(output.records[stream], stream) == by_key(sandbox.rows(stream), stream)
            assert len(output.records[stream]) == len(sandbox.rows(stream))


# -- being answered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"container": "mixed", "nested": "mixed", "numbers": "all_text", "ids": "mixed", "order": "newest"},
        {"container": "child", "nested": "index", "empty_list": "response", "content_type": "json", "limit_cap": "10"},
        {"container": "index", "nested": "child", "empty_list": "null", "numbers": "number", "ids": "number"},
        {"container": "single", "nested": "single", "empty_list": "object", "order": "shuffled"},
    ],
    ids=["plain", "each form in turn", "as XML, ten rows a page", "with indices and numbers", "single rows"],
)
def test_each_row_arrives_once_as_its_schema_says(
    start_fastbill: StartFastBill, configure: Configure, offered: list[Json], options: Mapping[str, object]
) -> None:
    sandbox = start_fastbill({**ROWS, "recurring_invoices": 1, "revenues": 0}, **options)
    by_name = {stream["name"]: stream for stream in offered}

    output = succeeded(configure(sandbox).read())

    for stream in KEYS:
        assert len(output.records[stream]) == len(sandbox.rows(stream))
        assert by_key(output.records[stream], stream) == by_key(sandbox.rows(stream), stream)
        assert output.statuses[stream][-1] == "COMPLETE"
    for part in PARTS:
        assert len(output.records[part]) == len(sandbox.rows(part))
        assert_as_they_are(output.records[part], sandbox.rows(part), by_name[part])
    assert not [line for line in output.logs if "where the schema says" in line]


@pytest.mark.parametrize(("rows", "offsets"), [(100, [0, 99]), (101, [0, 99, 100])])
def test_a_list_as_long_as_a_page_and_one_longer_by_a_row_are_read_to_the_end(
    start_fastbill: StartFastBill, configure: Configure, rows: int, offsets: list[int]
) -> None:
    sandbox = start_fastbill({"invoices": rows})

    output = succeeded(configure(sandbox).read(["invoices"]))

    assert len(output.records["invoices"]) == rows
    assert [body["OFFSET"] for body in asked(sandbox)] == offsets


@pytest.mark.parametrize("numbers", ["text", "number", "all_text"])
def test_a_decimal_quantity_survives(start_fastbill: StartFastBill, configure: Configure, numbers: str) -> None:
    sandbox = start_fastbill({"invoices": 30}, numbers=numbers)

    output = succeeded(configure(sandbox).read(["invoices"]))

    quantities = {line["QUANTITY"] for row in output.records["invoices"] for line in row["ITEMS"]}
    assert {0.5, 2.125, 0.333333333} <= quantities
    assert all(isinstance(row["TOTAL"], (int, float)) for row in output.records["invoices"])


def test_errors_on_page_2_fail_the_stream_and_the_state_stays_at_the_last_good_point(
    start_fastbill: StartFastBill, configure: Configure
) -> None:
    sandbox = start_fastbill()
    connector = configure(sandbox)
    before = succeeded(connector.read(["invoices"]))
    sandbox.set_options(lastupdate_filter="ignored")
    sandbox.add_faults({"match": {"stream": "invoices", "page": 2}, "times": 0, "fault": {"kind": "error_envelope"}})

    output = connector.read(["invoices", "products"], state=before.last_state)

    assert_failed_as_transient(output)
    assert output.statuses["invoices"][-1] == "INCOMPLETE"
    assert output.statuses["products"][-1] == "COMPLETE"
    assert len(output.records["products"]) == ROWS["products"]
    assert [error["message"] for error in output.errors] == [
        "FastBill refused invoice.get (HTTP 200): Something went wrong. Run the sync again; if FastBill says the same, "
        "ask its support why, or leave the stream out."
    ]
    (state,) = output.states["invoices"]
    assert state["LASTUPDATE"] == before.states["invoices"][-1]["LASTUPDATE"]
    assert (state["walk"]["offset"], state["walk"]["row"]) == (99, sandbox.rows("invoices")[99]["INVOICE_ID"])


def test_a_200_error_body_is_never_an_empty_stream(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()
    sandbox.add_faults({"times": 0, "fault": {"kind": "error_envelope"}})
    connector = configure(sandbox)

    output = connector.read(KEYS)

    assert output.exit_code == 1
    for stream in KEYS:
        assert output.statuses[stream][-1] == "INCOMPLETE"
        assert "COMPLETE" not in output.statuses[stream]
        assert output.records[stream] == []
    assert connector.check().of("CONNECTION_STATUS")[0]["status"] == "FAILED"


# -- fifty calls an hour ----------------------------------------------------------------------------------------------


@pytest.mark.own_process
@pytest.mark.parametrize("answer", ["429", "503", "errors"])
def test_once_the_hour_is_used_up_nothing_more_is_asked_for_any_stream(
    start_fastbill: StartFastBill, configure: Configure, answer: str
) -> None:
    sandbox = start_fastbill(calls_per_hour=4, quota_answer=answer)
    connector = configure(sandbox)

    output = connector.read(KEYS)

    assert_failed_as_transient(output)
    assert len(sandbox.requests()) == 4 + TRIES
    assert all("FastBill takes no more calls for now" in error["message"] for error in output.errors)
    assert not any(".." in error["message"] for error in output.errors)
    complete = {stream for stream, statuses in output.statuses.items() if statuses[-1] == "COMPLETE"}
    assert "customers" in complete
    assert len(complete) < len(KEYS)
    assert complete <= set(output.states)

    sandbox.set_options(calls_per_hour=0)
    rest = succeeded(connector.read(state=output.last_state))

    for stream in KEYS:
        union = by_key([*output.records[stream], *rest.records[stream]], stream)
        assert union == by_key(sandbox.rows(stream), stream)


@pytest.mark.own_process
def test_a_list_of_more_calls_than_an_hour_has_is_read_in_several_hours(
    start_fastbill: StartFastBill, configure: Configure
) -> None:
    sandbox = start_fastbill({"invoices": 700}, order="newest")
    connector = configure(sandbox, calls_per_hour=3)

    hours = [connector.read(["invoices"])]
    while hours[-1].exit_code and len(hours) < MAX_HOURS:
        assert_failed_as_transient(hours[-1])
        sandbox.insert("invoices")
        hours.append(connector.read(["invoices"], state=last_states(*hours)))
    succeeded(hours[-1])
    later = succeeded(configure(sandbox).read(["invoices"], state=last_states(*hours)))

    rows = [row for output in hours for row in output.records["invoices"]]
    assert set(sandbox.history()["invoices"]["throughout"]) <= set(by_key(rows, "invoices"))
    assert len(rows) == len(by_key(rows, "invoices"))
    assert by_key([*rows, *later.records["invoices"]], "invoices") == by_key(sandbox.rows("invoices"), "invoices")
    assert set(later.last_state[0]["stream"]["stream_state"]) == {"LASTUPDATE"}


def test_a_vendor_that_wants_an_hour_is_asked_once(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill(calls_per_hour=4, quota_retry_after=True)

    output = configure(sandbox).read(KEYS)

    assert_failed_as_transient(output)
    assert len(sandbox.requests()) == 4 + 1
    assert all("longer than a sync waits (600 seconds)" in error["message"] for error in output.errors)


@pytest.mark.own_process
def test_a_window_that_opens_soon_is_waited_for(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill(calls_per_hour=6, quota_seconds=1, quota_retry_after=True)

    output = succeeded(configure(sandbox).read())

    assert {stream: len(output.records[stream]) for stream in KEYS} == ROWS
    refused = [request for request in sandbox.requests() if request["status"] == 429]
    assert len(sandbox.requests()) == CALLS + len(refused)


@pytest.mark.own_process
def test_the_budget_of_the_configuration_is_kept(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()

    output = configure(sandbox, calls_per_hour=3).read()

    assert len(sandbox.requests()) == 3
    assert_failed_as_transient(output)
    assert all("budget of 3 requests within 3600 seconds is used up" in error["message"] for error in output.errors)
    assert output.statuses["customers"][-1] == "COMPLETE"
    assert output.states["customers"]


# -- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_json"},
        {"kind": "error_envelope", "message": "No access to https://seller.example/document/5ecret-t0ken."},
    ],
    ids=["a cut answer", "words with a link"],
)
def test_links_to_documents_and_credentials_are_in_no_log(
    start_fastbill: StartFastBill, configure: Configure, fault: Json
) -> None:
    sandbox = start_fastbill()
    sandbox.add_faults({"match": {"stream": "invoices", "page": 2}, "times": 0, "fault": fault})

    output = configure(sandbox).read(["invoices"], flags=["--debug"])

    assert output.exit_code == 1
    said = "\n".join(line for line in output.lines if '"type":"RECORD"' not in line) + output.stderr
    assert "invoice.get" in said
    for row in sandbox.rows("invoices"):
        assert row["DOCUMENT_URL"] not in said
        assert row["DOCUMENT_URL"].rpartition("/")[2] not in said
    assert "5ecret" not in said
    key = sandbox.config["platform"]["api_key"]
    assert key not in said
    assert json.dumps(key)[1:-1] not in said


@pytest.mark.parametrize("setting", ["api_key", "username"])
def test_wrong_credentials_are_explained(start_fastbill: StartFastBill, configure: Configure, setting: str) -> None:
    sandbox = start_fastbill()

    output = configure(sandbox, **{setting: "wrong-one"}).check()

    (status,) = output.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert status["message"] == (
        "FastBill did not accept the credentials (HTTP 401: Login Error: Wrong API KEY or user credentials). "
        "platform.username is the e-mail address you log in with, platform.api_key the key of the same account. "
        "In FastBill, it is in the settings of your account."
    )
    assert len(sandbox.requests()) == 1


def test_another_address_is_explained(start_fastbill: StartFastBill, configure: Configure) -> None:
    sandbox = start_fastbill()

    output = configure(sandbox, base_url=f"{sandbox.base_url}/elsewhere.php").check()

    (status,) = output.of("CONNECTION_STATUS")
    assert status["message"] == (
        "FastBill answered customer.get with HTTP 404: api not found. Run the sync again; if it persists, check that "
        "platform.base_url is the address of the API."
    )
