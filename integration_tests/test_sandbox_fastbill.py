"""Tests of the sandbox that plays FastBill, over its real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.fastbill import SERVICE_OF
from integration_tests.sandbox.fastbill_forms import SINGULARS
from integration_tests.sandbox.fastbill_options import FORMS
from integration_tests.sandbox.fastbill_other_rows import german, unix
from integration_tests.sandbox.fastbill_rows import DEFAULT_ROWS

Row = dict[str, Any]
SERVICE_NAMES = {
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
ALL_DAYS = {"START_DATE": "2000-01-01", "END_DATE": "2100-01-01"}
AMOUNTS = (
    *("SUB_TOTAL", "VAT_TOTAL", "TOTAL", "EXCHANGE_RATE", "CASH_DISCOUNT_PERCENT", "UNIT_PRICE", "VAT_PERCENT"),
    *("HOUR_PRICE", "MINUTES", "BILLABLE_MINUTES"),
)
LINE_AMOUNTS = (
    "HOUR_PRICE",
    "QUANTITY",
    "UNIT_PRICE",
    "VAT_PERCENT",
    "VAT_VALUE",
    "COMPLETE_NET",
    "COMPLETE_GROSS",
    "AMOUNT",
)
MOMENTS = ("CREATED", "LASTUPDATE", "DELETED_DATE", "DUE_DATE", "PAID_DATE", "DATE", "START_TIME", "END_TIME")
DAYS = ("INVOICE_DATE", "ESTIMATE_DATE", "END_DATE", "SERVICE_PERIOD_START", "SERVICE_PERIOD_END", "START_DATE")


class Client:
    """A reader with the right credentials that understands every form."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.platform = sandbox.config["platform"]
        self.url = self.platform["base_url"] + "/api/1.0/api.php"
        self.auth = (self.platform["username"].encode(), self.platform["api_key"].encode())

    def post(self, service: str, **body: Any) -> requests.Response:
        return requests.post(self.url, json={"SERVICE": service, **body}, auth=self.auth, timeout=5)

    def response(self, service: str, **body: Any) -> Any:
        answer = self.post(service, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["RESPONSE"]

    def page(self, stream: str, offset: int = 0, limit: int = 100, **wanted: Any) -> list[Row]:
        response = self.response(SERVICE_NAMES[stream], LIMIT=limit, OFFSET=offset, FILTER=wanted)
        service = SERVICE_OF[stream]
        return [] if response == [] else rows_of(response[service.list_key], service.singular, service.key)

    def all(self, stream: str, **wanted: Any) -> list[Row]:
        rows: list[Row] = []
        while True:
            page = self.page(stream, len(rows), **wanted)
            rows += page
            if len(page) < 100:
                return rows

    def ids(self, stream: str, **wanted: Any) -> set[str]:
        return {row[SERVICE_OF[stream].key] for row in self.all(stream, **wanted)}


def rows_of(value: Any, singular: str, key: str) -> list[Row]:
    """The rows in any container."""
    if not value:
        return []
    if isinstance(value, list):
        return value
    if all(name.isdecimal() for name in value):
        return [value[name] for name in sorted(value, key=int)]
    if singular in value and key not in value and not isinstance(value[singular], str):
        inner = value[singular]
        return inner if isinstance(inner, list) else [inner]
    assert key in value, value
    return [value]


def plain(row: Row) -> Row:
    """A row as sent, in the form of the truth."""
    return {name: _plain(name, value, row) for name, value in row.items()}


def _plain(name: str, value: Any, row: Row) -> Any:
    if name in SINGULARS:
        line = "ESTIMATE_ITEM_ID" if "ESTIMATE_ID" in row else "INVOICE_ITEM_ID"
        keys = {"ITEMS": line, "PAYMENTS": "PAYMENT_ID", "COMMENTS": "DATE", "TASKS": "TASK_ID"}
        key = keys.get(name, "VAT_PERCENT")
        return [_plain_line(line) for line in rows_of(value, SINGULARS[name], key)]
    if value in ([], {}) and name not in ("TAGS",):
        return None
    if name in AMOUNTS:
        return None if value in ("", None) else float(value)
    if name in (*MOMENTS, *DAYS):
        return None if not value or value.startswith("0000") else value.replace(" ", "T")
    if name.endswith("_ID") or name == "IS_GROSS":
        return str(value)
    return value


def _plain_line(line: Row) -> Row:
    line = {
        name: float(value)
        if name in LINE_AMOUNTS
        else str(value)
        if name.endswith("_ID") or name == "IS_GROSS"
        else value
        for name, value in line.items()
    }
    if "DATE" in line and "." in line["DATE"]:
        line["DATE"] = "-".join(reversed(line["DATE"].split(".")))
    if "COMMENT" in line:
        line["DATE"] = line["DATE"].replace(" ", "T")
    return line


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """For tests that set options at most."""
    with Sandbox("fastbill", rows={"revenues": 30}) as running:
        yield running


@pytest.fixture
def sandbox(shared: Sandbox) -> Iterator[Sandbox]:
    defaults = shared.options()
    yield shared
    shared.set_options(**defaults)
    shared.clear_faults()


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    """For tests that change rows."""
    with Sandbox("fastbill", rows={"customers": 5, "invoices": 205, "revenues": 5, "products": 5}) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Client:
    return Client(sandbox)


# Forms


def test_lists_of_none_one_a_hundred_and_more_are_there_by_default() -> None:
    assert {0, 1, 100, 101, 250} <= set(DEFAULT_ROWS.values())
    sandbox = Sandbox("fastbill")
    assert {stream: len(sandbox.rows(stream)) for stream in DEFAULT_ROWS} == DEFAULT_ROWS


@pytest.mark.parametrize(
    ("form", "numbers"),
    [*((form, "mixed") for form in FORMS), ("mixed", "text"), ("mixed", "number"), ("mixed", "all_text")],
)
def test_every_row_can_be_read_in_every_form(sandbox: Sandbox, api: Client, form: str, numbers: str) -> None:
    ids = {"text": "text", "number": "number"}.get(numbers, "mixed")
    sandbox.set_options(container=form, nested=form, numbers=numbers, ids=ids)
    for stream in DEFAULT_ROWS if numbers == "mixed" else ("invoices",):
        wanted = ALL_DAYS if stream == "times" else {}
        assert [plain(row) for row in api.all(stream, **wanted)] == sandbox.rows(stream)


@pytest.mark.parametrize(
    ("form", "several", "one"),
    [
        ("array", list, list),
        ("index", {"0", "1", "2"}, {"0"}),
        ("single", list, "row"),
        ("child", {"INVOICE"}, {"INVOICE"}),
    ],
)
def test_containers_have_the_form_that_is_set(sandbox: Sandbox, api: Client, form: str, several: Any, one: Any) -> None:
    sandbox.set_options(container=form)
    for limit, expected in ((3, several), (1, one)):
        found = api.response("invoice.get", LIMIT=limit)["INVOICES"]
        if expected is list:
            assert isinstance(found, list)
        elif expected == "row":
            assert "INVOICE_ID" in found
        else:
            assert set(found) == expected


def test_an_index_keyed_page_is_not_in_the_order_of_its_numbers(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(container="index")
    assert list(api.response("invoice.get", LIMIT=12)["INVOICES"])[:4] == ["0", "1", "10", "11"]


@pytest.mark.parametrize(
    ("form", "response"),
    [
        ("array", {"INVOICES": []}),
        ("object", {"INVOICES": {}}),
        ("null", {"INVOICES": None}),
        ("text", {"INVOICES": ""}),
        ("response", []),
    ],
)
def test_no_rows_come_in_every_form(sandbox: Sandbox, api: Client, form: str, response: Any) -> None:
    sandbox.set_options(empty_list=form)
    assert api.response("invoice.get", OFFSET=9_999) == response


def test_the_data_holds_what_breaks_naive_readers(sandbox: Sandbox, api: Client) -> None:
    rows = api.all("invoices")
    assert {row["PAID_DATE"] for row in rows} >= {"0000-00-00 00:00:00"}
    assert {"", None, "0000-00-00"} <= {row["SERVICE_PERIOD_START"] for row in rows}
    assert "" in {row["LASTUPDATE"] for row in rows}
    quantities = [line["QUANTITY"] for row in rows for line in row["ITEMS"]]
    assert {"0.50", 0.5, "2.125", 2.125} <= set(quantities)
    assert any("." in payment["DATE"] for row in rows for payment in row["PAYMENTS"])
    assert [] in [row["ACCOUNT_RECEIVABLE"] for row in api.all("customers")]
    assert all(isinstance(row["INVOICE_ID"], str) for row in rows)


def test_lines_rates_and_payments_add_up(sandbox: Sandbox) -> None:
    for stream in ("invoices", "revenues", "estimates", "expenses"):
        for row in sandbox.rows(stream):
            lines, rates = row["ITEMS"], row["VAT_ITEMS"]
            assert sum(line["COMPLETE_NET"] for line in lines) == pytest.approx(row["SUB_TOTAL"])
            assert sum(rate["COMPLETE_NET"] for rate in rates) == pytest.approx(row["SUB_TOTAL"])
            assert sum(rate["VAT_VALUE"] for rate in rates) == pytest.approx(row["VAT_TOTAL"])
            if row.get("STATE") == "paid":
                assert sum(payment["AMOUNT"] for payment in row["PAYMENTS"]) == pytest.approx(row["TOTAL"])


def test_times_without_dates_are_those_of_this_month(fresh: Sandbox) -> None:
    api = Client(fresh)
    assert api.all("times") == []
    now = german(int(time.time()))
    keys = [fresh.insert("times", {"DATE": now}) for _ in range(12)]

    assert [row["TIME_ID"] for row in api.all("times")] == keys[-10:]
    assert {*keys} < api.ids("times", **ALL_DAYS)


def test_two_lists_may_come_without_pages(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(unpaged=True)

    assert len(api.page("times", 100, START_DATE="2000-01-01")) == DEFAULT_ROWS["times"]
    assert len(api.page("templates", 1, limit=1)) == DEFAULT_ROWS["templates"]
    assert len(api.page("projects", 1, limit=1)) == 1


@pytest.mark.parametrize(("kind", "label"), [("text", "text/plain; charset=UTF-8"), ("json", "application/json")])
def test_answers_are_labelled_text_unless_set_otherwise(sandbox: Sandbox, api: Client, kind: str, label: str) -> None:
    sandbox.set_options(content_type=kind)
    assert api.post("article.get").headers["Content-Type"].startswith(label)


# Paging


@pytest.mark.parametrize(
    ("asked", "served"), [({}, 10), ({"LIMIT": 7}, 7), ({"LIMIT": "7"}, 7), ({"LIMIT": 500}, 100), ({"LIMIT": 0}, 10)]
)
def test_ten_rows_come_unasked_and_never_more_than_a_hundred(api: Client, asked: Row, served: int) -> None:
    assert len(api.response("invoice.get", **asked)["INVOICES"]) == served


def test_exactly_a_hundred_rows_are_followed_by_an_empty_page(api: Client) -> None:
    assert [len(api.page("products", offset)) for offset in (0, 100)] == [100, 0]


def test_the_echo_shows_the_question_with_empty_objects_as_arrays(api: Client) -> None:
    body = api.post("article.get", LIMIT=1, FILTER={}).json()
    assert body["REQUEST"] == {"SERVICE": "article.get", "LIMIT": 1, "FILTER": []}


def test_keys_in_lower_case_are_understood(api: Client) -> None:
    answer = requests.post(api.url, json={"service": "article.get", "limit": 2}, auth=api.auth, timeout=5)
    assert len(answer.json()["RESPONSE"]["ARTICLES"]) == 2


@pytest.mark.parametrize("order", ["key", "newest", "lastupdate", "shuffled"])
def test_the_order_is_the_servers(sandbox: Sandbox, api: Client, order: str) -> None:
    sandbox.set_options(order=order)
    rows = api.all("invoices")
    ids = [row["INVOICE_ID"] for row in rows]
    assert len(set(ids)) == 250
    moments = [row["LASTUPDATE"] for row in rows]
    assert (ids == sorted(ids)) == (order == "key")
    assert (ids == sorted(ids, reverse=True)) == (order == "newest")
    assert (moments == sorted(moments)) == (order == "lastupdate")


def test_overlapping_offsets_count_as_pages(sandbox: Sandbox, api: Client) -> None:
    sandbox.clear_requests()
    sandbox.add_faults({"match": {"stream": "invoices", "page": 3}, "fault": {"kind": "error_envelope"}})
    answers = [api.response("invoice.get", LIMIT=100, OFFSET=offset) for offset in (0, 99, 198)]
    assert ["ERRORS" in answer for answer in answers] == [False, False, True]
    assert sandbox.requests_summary()["streams"] == {"invoices": {"requests": 3, "rows": 200}}


# Filters


@pytest.mark.parametrize("stream", ["invoices", "revenues"])
def test_lastupdate_is_filtered_by_day(sandbox: Sandbox, api: Client, stream: str) -> None:
    moments = sorted(row["LASTUPDATE"] for row in sandbox.rows(stream) if row["LASTUPDATE"])
    day = moments[len(moments) // 2][:10]
    expected = {
        row["INVOICE_ID"] for row in sandbox.rows(stream) if row["LASTUPDATE"] and row["LASTUPDATE"][:10] >= day
    }
    assert api.ids(stream, START_LASTUPDATE=day) == expected
    option = "revenue_filter" if stream == "revenues" else "lastupdate_filter"
    sandbox.set_options(**{option: "ignored"})
    assert len(api.ids(stream, START_LASTUPDATE=day)) == len(sandbox.rows(stream))
    sandbox.set_options(**{option: "refused"})
    assert "ERRORS" in api.response(SERVICE_NAMES[stream], FILTER={"START_LASTUPDATE": day})


def test_a_day_with_a_time_of_day_is_not_a_filter(api: Client) -> None:
    response = api.response("invoice.get", FILTER={"START_LASTUPDATE": "2025-01-01 00:00:00"})
    assert response == {"ERRORS": ["missing / invalid field: START_LASTUPDATE"]}


def test_the_project_filter_is_ignored_unless_set_otherwise(sandbox: Sandbox, api: Client) -> None:
    expected = {row["INVOICE_ID"] for row in sandbox.rows("invoices") if row["PROJECT_ID"] == "802"}
    assert 0 < len(expected) < 250
    assert len(api.ids("invoices", PROJECT_ID="802")) == 250
    sandbox.set_options(project_filter="honoured")
    assert api.ids("invoices", PROJECT_ID="802") == expected


def test_other_filters_work_or_are_ignored(sandbox: Sandbox, api: Client) -> None:
    drafts = {row["INVOICE_ID"] for row in sandbox.rows("invoices") if row["TYPE"] == "draft"}
    assert api.ids("invoices", TYPE="draft") == drafts
    assert len(api.ids("customers", START_LASTUPDATE="2025-01-01")) == 101
    assert len(api.ids("invoices", NO_SUCH_FIELD="x")) == 250


# Refusals


@pytest.mark.parametrize("auth", [None, ("x", "y"), "latin"])
def test_wrong_credentials_are_refused_with_401(api: Client, auth: Any) -> None:
    if auth == "latin":
        auth = (api.platform["username"].encode("latin-1", "replace"), api.auth[1])
    answer = requests.post(api.url, json={"SERVICE": "invoice.get"}, auth=auth, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["RESPONSE"]["ERRORS"] == ["Login Error: Wrong API KEY or user credentials."]


def test_an_unknown_service_is_refused_with_400(api: Client) -> None:
    answer = api.post("product.get")
    assert (answer.status_code, answer.json()["RESPONSE"]["ERRORS"]) == (400, ["unknown SERVICE: product.get"])


@pytest.mark.parametrize(("form", "errors"), [("array", ["no"]), ("index", {"0": "no"}), ("text", "no")])
def test_errors_under_200_come_in_every_form(sandbox: Sandbox, api: Client, form: str, errors: Any) -> None:
    sandbox.set_options(errors_form=form)
    sandbox.add_faults({"fault": {"kind": "error_envelope", "message": "no"}})
    assert api.response("invoice.get") == {"ERRORS": errors}


def test_a_body_that_is_not_labelled_json_is_taken_for_xml(api: Client) -> None:
    answer = requests.post(api.url, data=b'{"SERVICE": "invoice.get"}', auth=api.auth, timeout=5)
    assert answer.status_code == 400


@pytest.mark.parametrize(("path", "status"), [("/api/1.0/", 301), ("/elsewhere", 404), ("/api/1.0/api.php", 405)])
def test_there_is_one_address_and_it_wants_post(api: Client, path: str, status: int) -> None:
    url = api.platform["base_url"] + path
    assert requests.get(url, auth=api.auth, allow_redirects=False, timeout=5).status_code == status


@pytest.mark.parametrize(("answer", "status"), [("429", 429), ("503", 503), ("errors", 200)])
def test_calls_over_quota_are_refused(answer: str, status: int) -> None:
    options = {"calls_per_hour": 2, "quota_answer": answer, "quota_retry_after": True}
    with Sandbox("fastbill", rows={"invoices": 5}, options=options) as sandbox:
        api = Client(sandbox)
        assert [api.post("invoice.get").ok for _ in range(2)] == [True, True]
        refused = api.post("invoice.get")
        assert refused.status_code == status
        assert "hour" in refused.json()["RESPONSE"]["ERRORS"][0]
        assert 3_000 < int(refused.headers["Retry-After"]) <= 3_600
        sandbox.set_options(calls_per_hour=0)
        assert "INVOICES" in api.response("invoice.get")


# Changes


def test_times_are_those_of_germany_and_survive_the_way_back() -> None:
    assert german(1_735_689_600) == "2025-01-01T01:00:00"
    assert german(1_751_328_000) == "2025-07-01T02:00:00"
    assert unix(german(1_751_328_000)) == 1_751_328_000


def test_changed_rows_carry_the_time_of_the_change(fresh: Sandbox) -> None:
    fresh.set_options(clock="logical")
    latest = max(row["LASTUPDATE"] for row in fresh.rows("invoices") if row["LASTUPDATE"])
    inserted, edited = fresh.insert("invoices"), fresh.edit("invoices")
    rows = {row["INVOICE_ID"]: row for row in fresh.rows("invoices")}
    assert latest < rows[inserted]["LASTUPDATE"] < rows[edited]["LASTUPDATE"]
    assert {inserted, edited} <= Client(fresh).ids("invoices", START_LASTUPDATE=latest[:10])
    fresh.delete("invoices", inserted)
    assert fresh.history()["invoices"]["deleted"] == [inserted]
    assert fresh.insert("invoices") > inserted


def test_rows_inserted_while_a_list_is_read_shift_the_others(fresh: Sandbox) -> None:
    fresh.set_options(order="newest")
    fresh.schedule([{"before": 2, "match": {"stream": "invoices"}, "ops": [{"op": "insert", "stream": "invoices"}]}])
    ids = [row["INVOICE_ID"] for row in Client(fresh).all("invoices")]
    assert len(ids) == 206
    assert ids[99] == ids[100]


def test_impossible_insertions_are_explained(fresh: Sandbox) -> None:
    with pytest.raises(SandboxError, match="CUSTOMER_ID"):
        fresh.insert("invoices", customer=5)
