"""Tests of what the sandbox plays for Zoho Invoice and Zoho Books, over its real socket."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from integration_tests.sandbox import Sandbox, zoho_token
from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.values import LONG_TEXT
from integration_tests.sandbox.zoho import HOME, TOKENS
from integration_tests.sandbox.zoho_lists import BOOKS_LISTS, INVOICE_LISTS
from integration_tests.sandbox.zoho_products import ZohoBooks, ZohoInvoice
from integration_tests.sandbox.zoho_token import TOKEN_PATH

ROOT = Path(__file__).resolve().parent.parent
PRODUCTS = (ZohoInvoice, ZohoBooks)
STREAMS = [(product.name, stream) for product in PRODUCTS for stream in product.default_rows]
OTHER = str(int(HOME) - 1)
"""The second organisation of a user with several."""
FOREIGN = "982000000000440000"

Row = dict[str, Any]

ALL: Mapping[str, Mapping[str, str]] = {
    "taxes": {"filter_by": "Taxes.All"},
    "chart_of_accounts": {"filter_by": "AccountType.All", "showbalance": "true"},
}
"""What brings all that a list has, where that is not what comes unasked."""


class Client:
    """A reader of the API that names its organisation and fetches a token when it starts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.settings = sandbox.config["platform"]
        self.lists = INVOICE_LISTS if self.settings["name"] == "zoho_invoice" else BOOKS_LISTS
        product = self.settings["name"].removeprefix("zoho_")
        self.base_url = f"{self.settings['base_url']}/{product}/v3/"
        self.session = requests.Session()
        self.organization: str | None = HOME
        self.login()

    def token(self, **changes: Any) -> requests.Response:
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: self.settings[name] for name in names}, **changes}
        return requests.post(self.settings["token_url"], data=form, timeout=5)

    def login(self) -> None:
        answer = self.token().json()
        self.session.headers["Authorization"] = f"Zoho-oauthtoken {answer['access_token']}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.base_url + path, params={"organization_id": self.organization, **query}, timeout=5)

    def page(self, stream: str, parent: str = "", **query: Any) -> requests.Response:
        path, _, selected = self.lists[stream].path.replace("*", parent).partition("?")
        return self.get(path, **dict(parse_qsl(selected)), **query)

    def ids(self, stream: str, **query: Any) -> list[str]:
        return [row[self.lists[stream].key[0]] for row in self.all(stream, **query)]

    def pages(self, stream: str, **query: Any) -> Iterator[Row]:
        spec = self.lists[stream]
        for parent in self.ids(spec.parent, **ALL.get(spec.parent, {})) if self._by_parent(stream) else [""]:
            chosen = {spec.parent_param: parent} if spec.parent_param else {}
            yield from self._pages(stream, parent, **chosen, **query)

    def _by_parent(self, stream: str) -> bool:
        return "*" in self.lists[stream].path or bool(self.lists[stream].parent_param)

    def _pages(self, stream: str, parent: str, **query: Any) -> Iterator[Row]:
        page = 1
        while True:
            response = self.page(stream, parent, page=page, **query)
            assert response.status_code == 200, response.text
            yield response.json()
            context = response.json().get("page_context", {})
            if not context.get("has_more_page"):
                return
            page += 1

    def all(self, stream: str, **query: Any) -> list[Row]:
        return [row for body in self.pages(stream, **query) for row in body[self.lists[stream].envelope_key]]

    def whole(self, stream: str) -> list[Row]:
        """All rows with what they do not say of themselves, to be compared with those that there are."""
        rows = [{"organization_id": HOME} | row for row in self.all(stream, **ALL.get(stream, {}))]
        if stream != "bank_rules":
            return rows
        silent = {row["rule_id"]: row["bank_account_id"] for row in self.sandbox.rows(stream)}
        return [row | {"bank_account_id": silent[row["rule_id"]]} for row in rows]

    def code(self, stream: str, **query: Any) -> tuple[int, int]:
        response = self.page(stream, **query)
        return response.status_code, response.json()["code"]


@pytest.fixture(scope="module")
def readers() -> Iterator[dict[str, Client]]:
    """Both products with all their rows; for tests that only read."""
    with Sandbox("zoho_invoice") as invoice, Sandbox("zoho_books") as books:
        yield {"zoho_invoice": Client(invoice), "zoho_books": Client(books)}


@pytest.fixture(scope="module")
def books(readers: dict[str, Client]) -> Client:
    return readers["zoho_books"]


@pytest.fixture
def small() -> Iterator[Client]:
    """Zoho Books with few rows, to be changed at will."""
    with Sandbox("zoho_books", rows={stream: 12 for stream in BOOKS_LISTS if stream != "organizations"}) as sandbox:
        client = Client(sandbox)
        yield client
        client.session.close()


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _sorted(rows: list[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


# Lists


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_reading_page_by_page_gives_every_row_once(readers: dict[str, Client], name: str, stream: str) -> None:
    client = readers[name]
    truth = client.sandbox.rows(stream)
    assert all(row["organization_id"] == HOME for row in truth)
    assert _sorted(client.whole(stream)) == _sorted(truth)


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_usual_numbers_of_rows_touch_the_edges_of_pages(product: type[ZohoInvoice | ZohoBooks]) -> None:
    assert {0, 1, 200, 201, 401} <= set(product.default_rows.values())


def test_a_page_has_its_envelope_and_its_context(books: Client) -> None:
    body = books.page("invoices", page=2).json()
    assert (body["code"], body["message"], len(body["invoices"])) == (0, "success", 200)
    assert body["page_context"] == {
        "page": 2,
        "per_page": 200,
        "has_more_page": True,
        "report_name": "Invoices",
        "applied_filter": "Status.All",
        "sort_column": "created_time",
        "sort_order": "D",
        "custom_fields": [],
        "seller_app_sales_channels": "",
    }


def test_a_full_last_page_has_no_more_and_the_page_after_it_is_empty(books: Client) -> None:
    assert books.page("items").json()["page_context"]["has_more_page"] is False
    body = books.page("items", page=2).json()
    assert (body["items"], body["page_context"]["has_more_page"]) == ([], False)


@pytest.mark.parametrize("query", [{"page": -1}, {"page": "two"}, {"per_page": 0}, {"per_page": 201}])
def test_senseless_paging_is_refused(books: Client, query: Row) -> None:
    assert books.code("invoices", **query) == (400, 2)


def test_what_is_not_known_of_paging_can_be_chosen(small: Client) -> None:
    assert small.page("items", page=0).json() == small.page("items", page=1).json()
    small.sandbox.set_options(page_zero="refused", per_page_above="clamped", per_page_cap=5, totals=True)
    assert small.code("items", page=0) == (400, 2)
    body = small.page("items", per_page=500).json()
    context = body["page_context"]
    assert len(body["items"]) == context["per_page"] == 5
    assert (context["total"], context["total_pages"]) == (12, 3)


def test_page_context_may_be_a_list_or_missing(small: Client) -> None:
    small.sandbox.set_options(page_context="array")
    assert small.page("items").json()["page_context"][0]["page"] == 1
    small.sandbox.set_options(page_context="omitted", per_page_cap=6)
    assert "page_context" in small.page("items").json()
    small.sandbox.set_options(per_page_cap=200)
    assert "page_context" not in small.page("items").json()


def test_some_lists_come_whole(small: Client) -> None:
    small.sandbox.set_options(unpaged="banking", per_page_cap=5, organizations=7)
    for stream, count in (("banking", 12), ("organizations", 7)):
        body = small.page(stream, page=2, per_page=5).json()
        assert len(body[small.lists[stream].envelope_key]) == count
        assert "page_context" not in body


def test_unclear_list_keys_have_two_spellings(small: Client) -> None:
    assert "customerpayments" in small.page("customer_payments").json()
    small.sandbox.set_options(list_keys="other")
    assert "customer_payments" in small.page("customer_payments").json()
    with Sandbox("zoho_invoice", rows=dict.fromkeys(INVOICE_LISTS, 0)) as sandbox:
        client = Client(sandbox)
        assert client.page("recurring_invoices").json()["recurring_invoices"] == []
        sandbox.set_options(list_keys="other")
        assert client.page("recurring_invoices").json()["recurringinvoices"] == []


@pytest.mark.parametrize("path", ["", "invoice", "settings", "taxes", "invoices/1/2", "../../invoice/v3/items"])
def test_unknown_addresses_are_not_found(books: Client, path: str) -> None:
    response = books.get(path)
    assert (response.status_code, response.json()["code"]) == (404, 5)


def test_rows_can_be_asked_for_one_by_one_and_lists_under_a_parent_that_exists(readers: dict[str, Client]) -> None:
    invoice = readers["zoho_invoice"]
    task, person = (invoice.sandbox.rows(stream)[0] for stream in ("tasks", "contact_persons"))
    project = task["project_id"]

    assert invoice.get(f"projects/{project}").json()["project"]["project_id"] == project
    assert invoice.get("projects/1").json()["code"] == 1002
    assert task["task_id"] in [row["task_id"] for row in invoice.get(f"projects/{project}/tasks").json()["task"]]
    assert invoice.get("projects/1/tasks").json()["code"] == 1002
    of_one = invoice.get(f"contacts/{person['contact_id']}/contactpersons").json()["contact_persons"]
    assert person["contact_person_id"] in [row["contact_person_id"] for row in of_one]
    assert not any("contact_id" in row for row in of_one)


def test_the_api_is_read_only(books: Client) -> None:
    assert books.session.post(books.base_url + "items", timeout=5).status_code == 405


# Order


@pytest.mark.parametrize(
    ("stream", "column", "order"),
    [
        ("contacts", "contact_name", "A"),
        ("items", "name", "A"),
        ("invoices", "created_time", "D"),
        ("customer_payments", "date", "D"),
        ("journals", "journal_date", "D"),
        ("banking", "account_name", "A"),
        ("taxes", "tax_name", "A"),
    ],
)
def test_lists_have_their_own_order(books: Client, stream: str, column: str, order: str) -> None:
    context = books.page(stream).json()["page_context"]
    assert (context["sort_column"], context["sort_order"]) == (column, order)
    values = [row[column] for row in books.all(stream)]
    assert values == sorted(values, reverse=order == "D")


@pytest.mark.parametrize("stream", ["contacts", "invoices", "estimates", "bills", "items", "sales_orders", "journals"])
@pytest.mark.parametrize("order", ["A", "D"])
def test_lists_can_be_sorted_by_modification(books: Client, stream: str, order: str) -> None:
    rows = books.all(stream, sort_column="last_modified_time", sort_order=order)
    times = [_seconds(row["last_modified_time"]) for row in rows if row["last_modified_time"]]
    assert times == sorted(times, reverse=order == "D")
    context = books.page(stream, sort_column="last_modified_time", sort_order=order).json()["page_context"]
    assert (context["sort_column"], context["sort_order"]) == ("last_modified_time", order)


@pytest.mark.parametrize(
    ("stream", "query"),
    [
        ("expenses", {"sort_column": "last_modified_time"}),
        ("invoices", {"sort_column": "surprise"}),
        ("invoices", {"sort_column": "date", "sort_order": "ascending"}),
        ("transactions", {"sort_column": "created_time"}),
    ],
)
def test_other_orders_are_refused(books: Client, stream: str, query: Row) -> None:
    assert books.code(stream, **query) == (400, 2)


def test_expenses_can_be_sorted_by_creation(books: Client) -> None:
    times = [row["created_time"] for row in books.all("expenses", sort_column="created_time", sort_order="A")]
    assert times == sorted(times)


def test_purchase_orders_stay_descending(small: Client) -> None:
    asked = {"sort_column": "last_modified_time", "sort_order": "A"}
    seen = {}
    for rule in ("descending", "default", "honoured"):
        small.sandbox.set_options(purchase_orders_order=rule)
        body = small.page("purchase_orders", **asked).json()
        context, rows = body["page_context"], body["purchaseorders"]
        seen[rule] = (context["sort_column"], context["sort_order"])
        values = [row[context["sort_column"]] for row in rows]
        assert values == sorted(values, reverse=context["sort_order"] == "D")
    assert seen == {
        "descending": ("last_modified_time", "D"),
        "default": ("created_time", "D"),
        "honoured": ("last_modified_time", "A"),
    }


def test_undocumented_orders_may_be_ignored_or_refused(small: Client) -> None:
    small.sandbox.set_options(undocumented_sort="ignored")
    assert small.page("bills", sort_column="last_modified_time").json()["page_context"]["sort_column"] == "created_time"
    small.sandbox.set_options(undocumented_sort="refused")
    assert small.code("bills", sort_column="last_modified_time") == (400, 2)
    assert small.code("contacts", sort_column="last_modified_time") == (200, 0)


def test_a_server_may_ignore_every_order(small: Client) -> None:
    small.sandbox.set_options(ignore_sort=True)
    rows = small.all("invoices", sort_column="created_time", sort_order="A")
    times = [row["created_time"] for row in rows]
    assert times not in (sorted(times), sorted(times, reverse=True))


# Filter by time


@pytest.mark.parametrize("stream", ["invoices", "bills", "contacts", "expenses", "items", "journals"])
def test_the_filter_by_modification_includes_its_second(books: Client, stream: str) -> None:
    rows = books.sandbox.rows(stream)
    times = sorted(_seconds(row["last_modified_time"]) for row in rows if row["last_modified_time"])
    middle = times[len(times) // 2]
    assert len(books.ids(stream, last_modified_time=_text(middle))) == sum(time >= middle for time in times)
    assert len(books.ids(stream, last_modified_time=_text(middle + 1))) == sum(time > middle for time in times)


def test_any_offset_will_do(books: Client) -> None:
    counts = {
        len(books.ids("invoices", last_modified_time=text))
        for text in ("2025-01-01T00:00:00+0000", "2025-01-01T05:30:00+0530", "2024-12-31T20:00:00-0400")
    }
    assert len(counts) == 1


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00+00:00",
        "2025-01-01T00:00:00.000+0000",
        "2025-01-01",
        "2025-01-01T00:00:00 0000",
        "2025-13-01T00:00:00+0000",
        "1735689600",
        "",
    ],
)
def test_other_forms_of_a_time_are_refused(books: Client, text: str) -> None:
    assert books.code("invoices", last_modified_time=text) == (400, 2)


def test_an_unescaped_plus_arrives_as_a_blank(small: Client) -> None:
    url = f"{small.base_url}invoices?organization_id={HOME}&last_modified_time=2031-01-01T00:00:00+0000"
    assert small.session.get(url, timeout=5).status_code == 400
    small.sandbox.set_options(unescaped_plus="ignored")
    assert len(small.session.get(url, timeout=5).json()["invoices"]) == 12


def test_lists_without_the_filter_ignore_it(books: Client) -> None:
    for stream in ("users", "banking", "taxes", "transactions", "organizations"):
        assert books.ids(stream, last_modified_time="2031-01-01") == books.ids(stream)


def test_the_undocumented_filter_may_be_ignored_or_refused(small: Client) -> None:
    small.sandbox.set_options(undocumented_filter="ignored")
    assert len(small.ids("contacts", last_modified_time=_text(2_000_000_000))) == 12
    assert small.ids("invoices", last_modified_time=_text(2_000_000_000)) == []
    small.sandbox.set_options(undocumented_filter="refused")
    assert small.code("contacts", last_modified_time=_text(2_000_000_000)) == (400, 2)
    small.sandbox.set_options(ignore_filter=True)
    assert len(small.ids("invoices", last_modified_time=_text(2_000_000_000))) == 12


def test_the_filter_of_journals_may_mean_that_very_second(small: Client) -> None:
    key = small.sandbox.edit("journals", values={"last_modified_time": 1_900_000_000})
    later = small.sandbox.insert("journals", {"last_modified_time": 1_900_000_001})
    assert set(small.ids("journals", last_modified_time=_text(1_900_000_000))) == {key, later}
    small.sandbox.set_options(journals_filter="equal")
    assert small.ids("journals", last_modified_time=_text(1_900_000_000)) == [key]
    small.sandbox.set_options(journals_time="absent")
    assert not any("last_modified_time" in row for row in small.all("journals"))


# Inactive rows


def test_inactive_taxes_are_hidden_unless_asked_for(small: Client) -> None:
    inactive = {row["tax_id"] for row in small.sandbox.rows("taxes") if row["is_inactive"]}
    everything = {row["tax_id"] for row in small.sandbox.rows("taxes")}
    assert inactive
    assert set(small.ids("taxes")) == everything - inactive
    assert set(small.ids("taxes", filter_by="Taxes.All")) == everything
    assert set(small.ids("taxes", filter_by="Taxes.Inactive")) == inactive
    assert small.code("taxes", filter_by="Status.All") == (400, 2)


def test_all_taxes_may_not_be_a_filter(small: Client) -> None:
    small.sandbox.set_options(all_taxes="refused")
    assert small.code("taxes", filter_by="Taxes.All") == (400, 2)
    small.sandbox.set_options(all_taxes="ignored")
    assert set(small.ids("taxes", filter_by="Taxes.All")) == {row["tax_id"] for row in small.sandbox.rows("taxes")}
    assert not any(row["is_inactive"] for row in small.sandbox.rows("taxes"))


@pytest.mark.parametrize("stream", ["contacts", "items", "users", "banking"])
def test_other_lists_may_hide_inactive_rows_too(small: Client, stream: str) -> None:
    small.sandbox.set_options(hide_inactive=True)
    assert 0 < len(small.ids(stream)) < 12
    assert len(small.ids(stream, filter_by="Status.All")) == 12


def test_statuses_can_be_asked_for(books: Client) -> None:
    rows = books.all("bills", filter_by="Status.PartiallyPaid")
    assert {row["status"] for row in rows} == {"partially_paid"}


# Tokens


def test_a_token_names_the_host_of_the_api(small: Client) -> None:
    response = small.token()
    answer = response.json()
    assert response.status_code == 200
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["api_domain"] == small.settings["base_url"] == small.sandbox.base_url + "/api"
    assert small.settings["token_url"] == small.sandbox.base_url + TOKEN_PATH
    assert "refresh_token" not in answer
    small.sandbox.set_options(api_domain="absent", expires_in="milliseconds")
    answer = small.token().json()
    assert (answer["expires_in"], answer["expires_in_sec"], "api_domain" in answer) == (3_600_000, 3600, False)


def test_the_parameters_may_come_in_the_query_but_not_as_json(small: Client) -> None:
    names = ("client_id", "client_secret", "refresh_token")
    given = {"grant_type": "refresh_token", **{name: small.settings[name] for name in names}}
    url = small.settings["token_url"]
    assert "access_token" in requests.post(url, params=given, timeout=5).json()
    assert requests.post(url, json=given, timeout=5).json() == {"error": "general_error"}
    assert requests.get(url, params=given, timeout=5).status_code == 405


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "x"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"refresh_token": "x"}, "invalid_code"),
        ({"grant_type": "authorization_code"}, "general_error"),
    ],
)
def test_wrong_credentials_are_refused_with_success(small: Client, changes: Row, error: str) -> None:
    response = small.token(**changes)
    assert (response.status_code, response.json()) == (200, {"error": error})
    small.sandbox.set_options(token_error_status="400")
    assert small.token(**changes).status_code == 400


def test_a_refresh_token_can_be_revoked(small: Client) -> None:
    small.sandbox.set_options(refresh_token="revoked")
    assert small.token().json() == {"error": "invalid_code"}


def test_ten_tokens_block_the_endpoint_until_the_window_ends(small: Client) -> None:
    assert all(small.token().ok for _ in range(9))  # One was taken at the start.
    response = small.token()
    assert (response.status_code, response.json()["error"]) == (400, "Access Denied")
    small.sandbox.set_options(token_throttle_status="200")
    assert small.token().status_code == 200
    assert "access_token" not in small.token().json()
    small.sandbox.set_options(token_limit=11)
    assert "access_token" in small.token().json()
    assert small.sandbox.requests_summary()["streams"][TOKENS]["requests"] == 14


def test_a_window_ends_by_itself(small: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    small.sandbox.set_options(token_limit=1)
    assert small.token().json()["error"] == "Access Denied"
    monkeypatch.setattr(zoho_token, "monotonic", lambda: time.monotonic() + 600)
    assert "access_token" in small.token().json()


def test_one_token_too_many_ends_the_oldest(small: Client) -> None:
    small.sandbox.set_options(live_tokens=2)
    small.token()
    assert small.code("items") == (200, 0)
    small.token()
    assert small.code("items") == (401, 57)


def test_tokens_end_after_their_lifetime(small: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoho_token, "monotonic", lambda: time.monotonic() + 3590)
    assert small.code("items") == (200, 0)
    monkeypatch.setattr(zoho_token, "monotonic", lambda: time.monotonic() + 3600)
    assert small.code("items") == (401, 57)
    small.sandbox.set_options(invalid_token_code="14")
    assert small.code("items") == (401, 14)


def test_tokens_end_on_command_and_before_a_call(small: Client) -> None:
    small.sandbox.set_options(token_generation=1)
    assert small.code("items") == (401, 57)
    small.login()
    assert small.code("items") == (200, 0)
    small.sandbox.set_options(revoke_after_calls=3)
    assert [small.code("items")[0] for _ in range(3)] == [200, 401, 401]
    small.login()
    assert [small.code("items")[0] for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("header", ["", "Zoho-oauthtoken", "Zoho-oauthtoken 1000.x", "Basic eDp5"])
def test_other_tokens_are_refused(books: Client, header: str) -> None:
    response = requests.get(books.base_url + "items", headers={"Authorization": header}, timeout=5)
    assert (response.status_code, response.json()["code"]) == (401, 57)


def test_bearer_is_accepted_only_if_said_so(small: Client) -> None:
    token = small.token().json()["access_token"]
    small.session.headers["Authorization"] = f"Bearer {token}"
    assert small.page("items").status_code == 401
    small.sandbox.set_options(scheme="any")
    assert small.page("items").status_code == 200


# Organisations


def test_one_organisation_need_not_be_named(small: Client) -> None:
    small.organization = None
    assert len(small.ids("items")) == 12


def test_several_organisations_must_be_told_apart(small: Client) -> None:
    small.sandbox.set_options(organizations=2)
    for nothing in (None, ""):
        small.organization = nothing
        response = small.page("items")
        assert (response.status_code, response.json()["code"]) == (400, 6024)
        assert [row["organization_id"] for row in response.json()["error_info"]] == [HOME, OTHER]
        assert response.json()["error_info"][0].keys() == {"organization_id", "name", "is_default_org"}
    assert set(small.ids("organizations")) == {HOME, OTHER}
    small.sandbox.set_options(error_info="absent")
    assert "error_info" not in small.page("items").json()


def test_the_other_organisation_is_empty_and_a_foreign_one_is_refused(small: Client) -> None:
    small.sandbox.set_options(organizations=2)
    small.organization = OTHER
    assert small.ids("items") == []
    small.organization = FOREIGN
    assert small.code("items") == (400, 6041)
    assert small.code("organizations") == (200, 0)


def test_further_organisations_may_have_rows_limits_and_options_of_their_own() -> None:
    own = "2 unavailable=items:403 offset=-0330; 3 daily_quota=1; 4 gone_after=1; 5 inactive=refused"
    options = {"organizations": 5, "organization_rows": 100, "organization_options": own}
    with Sandbox("zoho_books", rows=dict.fromkeys(BOOKS_LISTS, 12) | {"organizations": 1}, options=options) as sandbox:
        client = Client(sandbox)
        seen = {}
        for number in range(5):
            client.organization = str(int(HOME) - number)
            seen[number + 1] = [client.code("items"), client.code("invoices")]
        listed = {row["organization_id"]: row["is_org_active"] for row in client.all("organizations")}
        rows = Counter(row["organization_id"] for row in sandbox.rows("invoices"))
        edited = sandbox.edit("invoices@2")
        client.organization = OTHER
        (row,) = (row for row in client.all("invoices") if row["invoice_id"] == edited)

    assert seen == {
        1: [(200, 0), (200, 0)],
        2: [(403, 57), (200, 0)],
        3: [(200, 0), (429, 45)],
        4: [(200, 0), (400, 6041)],
        5: [(401, 57), (401, 57)],
    }
    assert [listed.get(str(int(HOME) - number)) for number in range(5)] == [True, True, True, None, False]
    assert rows == {HOME: 12, OTHER: 12, str(int(HOME) - 2): 6, str(int(HOME) - 4): 3}
    assert row["last_modified_time"].endswith("-0330")


def test_the_default_organisation_is_the_wrong_one_to_pick() -> None:
    with Sandbox("zoho_invoice", options={"organizations": 2}, rows=dict.fromkeys(INVOICE_LISTS, 1)) as sandbox:
        client = Client(sandbox)
        client.organization = None
        response = client.page("items")
        default = {row["organization_id"]: row["is_default_org"] for row in response.json()["error_info"]}
        assert default == {HOME: False, OTHER: True}
        sandbox.set_options(organizations=3)
        assert len(client.get("organizations").json()["organizations"]) == 3


@pytest.mark.parametrize(("name", "documented"), [("zoho_invoice", True), ("zoho_books", False)])
def test_the_header_counts_in_invoice(name: str, documented: bool) -> None:
    few = dict.fromkeys(BOOKS_LISTS if name == "zoho_books" else INVOICE_LISTS, 1)
    with Sandbox(name, rows=few, options={"organizations": 2}) as sandbox:
        client = Client(sandbox)
        client.organization = None
        client.session.headers[f"X-com-zoho-{name.removeprefix('zoho_')}-organizationid"] = HOME
        assert client.code("items")[1] == (0 if documented else 6024)
        sandbox.set_options(organization_header="any")
        assert client.code("items")[1] == 0
        sandbox.set_options(organization_header="ignored")
        assert client.code("items")[1] == 6024


# Limits


def test_calls_per_minute_are_limited(small: Client) -> None:
    small.sandbox.set_options(calls_per_minute=3)
    codes = [small.code("items") for _ in range(5)]
    assert codes == [(200, 0)] * 3 + [(429, 44)] * 2
    small.sandbox.set_options(minute_ms=1)
    assert small.code("items") == (200, 0)


def test_a_burst_is_blocked_for_an_hour(small: Client) -> None:
    small.sandbox.set_options(block_above=2)
    assert [small.code("items")[1] for _ in range(3)] == [0, 0, 43]
    response = small.page("items")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3600")
    assert "Retry-After" not in Client(small.sandbox).token().headers


def test_the_daily_quota_runs_out(small: Client) -> None:
    small.sandbox.set_options(daily_quota=2)
    responses = [small.page("items") for _ in range(3)]
    assert [response.json()["code"] for response in responses] == [0, 0, 45]
    rest = [response.headers["X-Rate-Limit-Remaining"] for response in responses]
    assert (rest, responses[2].headers["X-Rate-Limit-Limit"]) == (["1", "0", "0"], "2")
    assert 0 < int(responses[2].headers["X-Rate-Limit-Reset"]) <= 86_400


def test_the_quota_may_look_exceeded_or_stay_unsaid(small: Client) -> None:
    small.sandbox.set_options(rate_headers="negative")
    response = small.page("items")
    assert (response.status_code, int(response.headers["X-Rate-Limit-Remaining"]) < 0) == (200, True)
    small.sandbox.set_options(rate_headers="absent")
    assert not any(name.startswith("X-Rate") for name in small.page("items").headers)


def test_calls_can_be_throttled_by_chance(small: Client) -> None:
    small.sandbox.set_options(random_throttle=50)
    counts = Counter(small.code("items") for _ in range(60))
    assert set(counts) == {(200, 0), (429, 44), (429, 1070)}
    small.sandbox.set_options(random_throttle=100)
    assert small.code("items")[0] == 429


def test_too_many_calls_at_once_have_their_code(small: Client) -> None:
    small.sandbox.add_faults({"fault": {"kind": "status", "code": 429}})
    assert small.code("items") == (429, 1070)


# Streams that cannot be read


def test_streams_may_be_unavailable(small: Client) -> None:
    small.sandbox.set_options(unavailable="bills, journals:403,items:404,sales_orders:400")
    seen = {stream: small.code(stream) for stream in ("bills", "journals", "items", "sales_orders", "users")}
    assert seen == {
        "bills": (401, 57),
        "journals": (403, 57),
        "items": (404, 5),
        "sales_orders": (400, 57),
        "users": (200, 0),
    }


@pytest.mark.parametrize("value", ["bils", "bills:500"])
def test_unknown_streams_and_statuses_are_refused(small: Client, value: str) -> None:
    with pytest.raises(SandboxError, match="unavailable"):
        small.sandbox.set_options(unavailable=value)


# Rows


def test_the_data_is_nasty(books: Client) -> None:
    rows = {stream: books.sandbox.rows(stream) for stream in BOOKS_LISTS}
    every = [row for stream in rows.values() for row in stream]
    invoices = rows["invoices"]
    assert all(isinstance(row["invoice_id"], str) and float(row["invoice_id"]) > 2**53 for row in invoices)
    assert {type(row["total"]) for row in invoices} >= {str, int, float}
    assert {row["exchange_rate"] == "" for row in invoices} == {True, False}
    assert {"70%", "", 19} <= {row["tax_percentage"] for row in rows["items"]}
    assert all(row["price_precision"] == "" for row in rows["purchase_orders"])
    assert {type(row["org_settings"]) for row in rows["organizations"]} <= {bool, dict}
    assert {bool(row["custom_fields"]) for row in invoices} == {True, False}
    assert {bool(row["custom_field_hash"]) for row in invoices} == {True, False}
    assert any("cf_cost_centre" in row for row in invoices)
    assert any("x_new_field" in row for row in every)
    assert any(row.get("reference_number", "") is None for row in invoices)
    assert any("invoice_url" not in row for row in invoices)
    assert any("location_id" not in row for row in invoices)
    assert any(row["salesperson_id"] == "-1" for row in invoices)
    assert any(row["date"] > "2030" for row in invoices)
    assert all(row["updated_time"] == row["last_modified_time"] for row in invoices)
    assert any(row.get("description") == LONG_TEXT for row in every)
    assert all(isinstance(row["applied_invoices"], list) for row in rows["customer_payments"])
    assert {row["last_modified_time"] == "" for row in rows["contacts"]} == {True, False}
    times = [row["last_modified_time"] for row in invoices]
    assert len(set(times)) < len(times)
    assert all(time.endswith("+0530") for time in times)
    assert not any("\0" in name for row in every for name in row)


def test_bank_transactions_may_lack_their_id_or_share_it(books: Client) -> None:
    rows = books.sandbox.rows("transactions")
    assert any(row["transaction_id"] == "" and row["imported_transaction_id"] for row in rows)
    ids = Counter(row["transaction_id"] for row in rows if row["transaction_id"])
    assert max(ids.values()) == 2
    names = ("account_id", "transaction_id", "imported_transaction_id")
    assert len({tuple(row[name] for name in names) for row in rows}) == len(rows)


def test_transactions_may_need_an_account(small: Client) -> None:
    account = small.sandbox.rows("transactions")[0]["account_id"]
    small.sandbox.set_options(transactions_account="required")
    assert small.code("transactions") == (400, 2)
    assert {row["account_id"] for row in small.all("transactions", account_id=account)} == {account}


def test_invoices_may_come_twice() -> None:
    few = dict.fromkeys(INVOICE_LISTS, 1) | {"invoices": 401}
    with Sandbox("zoho_invoice", rows=few, options={"duplicates": 3}) as sandbox:
        ids = Counter(Client(sandbox).ids("invoices"))
        assert len(ids) == 401
        assert set(ids.values()) == {1, 2}


@pytest.mark.parametrize(
    ("offset", "endings"),
    [("+0000", {"+0000"}), ("-0330", {"-0330"}), ("new_york", {"-0400", "-0500"})],
)
def test_times_have_the_offset_of_the_organisation(small: Client, offset: str, endings: set[str]) -> None:
    before = {row["invoice_id"]: _seconds(row["created_time"]) for row in small.all("invoices")}
    small.sandbox.set_options(offset=offset)
    rows = small.all("invoices")
    assert {row["invoice_id"]: _seconds(row["created_time"]) for row in rows} == before
    assert {row["last_modified_time"][-5:] for row in rows} <= endings


def test_rows_can_share_a_time_or_have_none() -> None:
    few = dict.fromkeys(INVOICE_LISTS, 30)
    with Sandbox("zoho_invoice", rows=few, options={"bulk_import": 25, "blank_times": 4}) as sandbox:
        times = {stream: Counter(row.get("last_modified_time") for row in sandbox.rows(stream)) for stream in few}
    assert times["invoices"].most_common(1)[0][1] >= 25
    assert (times["contacts"][""], times["invoices"][""]) == (4, 0)


def test_the_same_seed_gives_the_same_data() -> None:
    def rows(seed: int) -> list[Row]:
        with Sandbox("zoho_invoice", seed=seed, rows=dict.fromkeys(INVOICE_LISTS, 3)) as sandbox:
            return sandbox.rows("invoices")

    assert rows(1) == rows(1) != rows(2)


@pytest.mark.parametrize("product", PRODUCTS)
def test_empty_and_many_rows_are_fine(product: type[ZohoInvoice | ZohoBooks]) -> None:
    with Sandbox(product.name, rows=dict.fromkeys(product.default_rows, 0)) as sandbox:
        client = Client(sandbox)
        assert all(client.ids(stream) == [] for stream in product.default_rows)
    with Sandbox(product.name, rows=dict.fromkeys(product.default_rows, 0) | {"users": 2_100}) as sandbox:
        client = Client(sandbox)
        assert len(set(client.ids("users"))) == 2_100


# Changes


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_stream_can_be_changed(product: type[ZohoInvoice | ZohoBooks]) -> None:
    with Sandbox(product.name, rows=dict.fromkeys(product.default_rows, 8)) as sandbox:
        client = Client(sandbox)
        for stream in product.default_rows:
            inserted = [sandbox.insert(stream) for _ in range(5)]
            edited, deleted = sandbox.edit(stream, inserted[0]), sandbox.delete(stream, inserted[1])
            history = sandbox.history()[stream]
            assert (history["inserted"], history["edited"], history["deleted"]) == (inserted, [edited], [deleted])
            rows = client.whole(stream)
            assert _sorted(rows) == _sorted(sandbox.rows(stream))
            assert len(rows) == 12


def test_an_edit_moves_the_time_of_modification_unless_only_amounts_owed_change(small: Client) -> None:
    key = small.sandbox.edit("contacts", values={"outstanding_receivable_amount": 0})
    assert small.ids("contacts", last_modified_time=_text(1_764_100_000)) == []
    small.sandbox.edit("contacts", key)
    assert small.ids("contacts", last_modified_time=_text(1_764_100_000)) == [key]


def test_times_can_be_set_by_hand(small: Client) -> None:
    as_number = small.sandbox.insert("bills", {"last_modified_time": 1_900_000_000, "bill_number": "X"})
    as_text = small.sandbox.insert("bills", {"last_modified_time": "2030-03-17T23:16:40+0530"})
    blank = small.sandbox.edit("bills", as_text, {"last_modified_time": ""})
    rows = {row["bill_id"]: row for row in small.all("bills")}
    assert rows[as_number]["last_modified_time"] == "2030-03-17T23:16:40+0530"
    assert (rows[as_number]["bill_number"], rows[blank]["last_modified_time"]) == ("X", "")
    with pytest.raises(SandboxError, match="last_modified_time"):
        small.sandbox.edit("bills", as_number, {"last_modified_time": "yesterday"})


def test_a_new_document_can_belong_to_a_given_contact(small: Client) -> None:
    contact = small.sandbox.rows("contacts")[0]["contact_id"]
    small.sandbox.insert("invoices", {"invoice_number": "mine"}, customer=contact)
    assert [row["customer_id"] for row in small.all("invoices") if row["invoice_number"] == "mine"] == [contact]


def test_rows_may_change_while_they_are_read(small: Client) -> None:
    small.sandbox.set_options(per_page_cap=5)
    plan = [{"before": 2, "match": {"stream": "invoices"}, "ops": [{"op": "insert", "stream": "invoices"}]}]
    small.sandbox.schedule(plan)
    ids = small.ids("invoices")
    assert (len(ids), len(set(ids))) == (13, 12)


def test_faults_hit_token_requests_and_lists(small: Client) -> None:
    small.sandbox.add_faults(
        {"match": {"stream": TOKENS}, "fault": {"kind": "status", "code": 503}},
        {"match": {"stream": "items", "page": 1}, "fault": {"kind": "error_envelope", "message": "Not now"}},
    )
    assert [small.token().status_code for _ in range(2)] == [503, 200]
    assert small.page("items").json() == {"code": 1000, "message": "Not now"}
    assert small.code("items") == (200, 0)
    small.sandbox.set_options(per_page_cap=5)
    small.sandbox.add_faults({"match": {"page": 2}, "fault": {"kind": "repeat_page"}})
    pages = [body["items"] for body in small.pages("items")]
    assert pages[0] == pages[1] != pages[2]


# Configuration


def test_the_configuration_is_complete(small: Client) -> None:
    assert small.settings.keys() == {
        "name",
        "client_id",
        "client_secret",
        "refresh_token",
        "data_center",
        "organization_id",
        "base_url",
        "token_url",
    }
    small.sandbox.set_options(base_url="root")
    assert small.sandbox.config["platform"]["base_url"].endswith("/api/books/v3")


def test_the_command_line_plays_zoho() -> None:
    command = [sys.executable, "-m", "integration_tests.sandbox", "--platform", "zoho_books"]
    options = ["--rows", "invoices=2", "journals=0", "--option", "unavailable=bills:403", "organizations=2"]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        settings = ready["config"]["platform"]
        assert (ready["platform"], settings["name"], settings["organization_id"]) == ("zoho_books", "zoho_books", HOME)
        rows = requests.get(ready["control"] + "/rows", params={"stream": "invoices"}, timeout=5).json()
        assert len(rows["invoices"]) == 2
        process.terminate()
    assert process.returncode == 0
