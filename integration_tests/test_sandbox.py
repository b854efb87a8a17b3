"""Tests of the sandbox itself, over its real socket."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from integration_tests.platforms import PLATFORMS as FACTS
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.__main__ import main
from integration_tests.sandbox.errors import SandboxError
from integration_tests.sandbox.invoiced import FOREIGN_API_KEY
from integration_tests.sandbox.invoiced_data import CHILD_PATHS, DEFAULT_ROWS, spread
from integration_tests.sandbox.invoiced_query import UPDATED_AFTER
from integration_tests.sandbox.registry import PLATFORMS
from integration_tests.sandbox.server import HOST
from integration_tests.sandbox.values import LONG_TEXT

ROOT = Path(__file__).resolve().parent.parent
LONG = 30
"""Seconds that a stalled answer would take; no test waits for it."""
SHORT = 0.2
"""Seconds a client waits for a stalled answer."""

CENT = 0.01

Row = dict[str, Any]


FEW = {stream: 12 for stream in DEFAULT_ROWS if stream not in ("customers", "invoices", "items", "estimates")}
"""Quick to make; the streams that are left out have the usual number of rows."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=FEW) as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """Has all its rows; for tests that only read."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def reader(shared: Sandbox) -> Iterator[Client]:
    with requests.Session() as session:
        yield Client(shared, session)


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Client]:
    with requests.Session() as session:
        yield Client(sandbox, session)


class Client:
    """A reader of the API with the right key."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.base_url = sandbox.base_url
        self.session = session
        session.auth = (sandbox.config["platform"]["api_key"], "")

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.base_url + path, params=query, timeout=5)

    def ids(self, path: str, **query: Any) -> list[Any]:
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return [row["id"] for row in response.json()]

    def pages(self, path: str, **query: Any) -> Iterator[list[Row]]:
        """Pages by following the next links."""
        response = self.get(path, **query)
        while True:
            assert response.status_code == 200, response.text
            yield response.json()
            if "next" not in response.links:
                return
            response = self.session.get(response.links["next"]["url"], timeout=5)

    def all(self, path: str, **query: Any) -> list[Row]:
        return [row for page in self.pages(path, **query) for row in page]


# Paging


def test_the_headers_of_a_middle_page_link_to_all_neighbours_and_repeat_the_query(reader: Client) -> None:
    reader.get("/invoices", per_page=50, page=1, sort="updated_at ASC")
    response = reader.get("/invoices", per_page=50, page=2, sort="updated_at ASC")

    assert response.headers["X-Total-Count"] == "250"
    pages = {relation: link["url"] for relation, link in response.links.items()}
    assert list(pages) == ["self", "first", "previous", "next", "last"]
    assert pages["next"] == f"{reader.base_url}/invoices?sort=updated_at%20ASC&page=3&per_page=50"
    assert [url.split("page=")[1].split("&")[0] for url in pages.values()] == ["2", "1", "1", "3", "5"]


def test_a_single_page_has_neither_previous_nor_next(reader: Client) -> None:
    assert list(reader.get("/coupons").links) == ["self", "first", "last"]


def test_a_list_of_exactly_one_full_page_has_no_next(reader: Client) -> None:
    response = reader.get("/estimates")
    assert len(response.json()) == 100
    assert "next" not in response.links


def test_a_page_beyond_the_end_is_empty(reader: Client) -> None:
    assert reader.get("/estimates", page=1).json()
    response = reader.get("/estimates", page=2)
    assert (response.status_code, response.json(), response.headers["X-Total-Count"]) == (200, [], "100")
    assert "next" not in response.links


@pytest.mark.parametrize(("asked", "served"), [({}, 100), ({"per_page": 7}, 7), ({"per_page": 250}, 100)])
def test_per_page_is_clamped_to_a_hundred(reader: Client, asked: Row, served: int) -> None:
    assert len(reader.get("/invoices", **asked).json()) == served


@pytest.mark.parametrize("query", [{"page": 0}, {"page": "two"}, {"per_page": 0}, {"per_page": -5}])
def test_senseless_paging_is_refused(reader: Client, query: Row) -> None:
    response = reader.get("/invoices", **query)
    assert (response.status_code, response.json()["param"]) == (400, next(iter(query)))


@pytest.mark.parametrize("stream", [stream for stream in DEFAULT_ROWS if stream not in CHILD_PATHS])
def test_following_the_links_reads_every_row_once(shared: Sandbox, reader: Client, stream: str) -> None:
    if stream == "subscriptions":
        flags: list[Row] = [{}, {"canceled": 1}, {"finished": 1}]
    else:
        flags = [{"include": "applied_to,user"}]
    rows = [row for flag in flags for row in reader.all(f"/{stream}", per_page=60, **flag)]
    assert sorted(rows, key=_key) == sorted(shared.rows(stream), key=_key)


def _key(row: Row) -> str:
    return str(row["id"])


# The order of pages


def test_pages_have_to_be_read_in_order(api: Client) -> None:
    response = api.get("/invoices", page=3)
    assert response.status_code == 400
    assert response.json()["type"] == "invalid_request"
    assert [api.get("/invoices", page=page).status_code for page in (1, 2, 3, 2, 3)] == [200] * 5


def test_every_query_and_path_keeps_its_own_order(api: Client) -> None:
    assert api.get("/invoices", page=1).ok
    assert api.get("/invoices", page=2, sort="updated_at ASC").status_code == 400
    assert api.get("/payments", page=2).status_code == 400


def test_the_strict_rule_refuses_even_a_repeated_page(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(out_of_order="strict")
    statuses = [api.get("/invoices", page=page).status_code for page in (1, 2, 2, 3, 1, 3, 2)]
    assert statuses == [200, 200, 400, 200, 200, 400, 200]


def test_the_order_can_be_set_free(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(out_of_order="allow")
    assert api.get("/invoices", page=3).ok


def test_a_page_that_a_fault_withheld_does_not_count_as_read(sandbox: Sandbox, api: Client) -> None:
    sandbox.add_faults({"match": {"page": 1}, "fault": {"kind": "status", "code": 500}})
    assert [api.get("/invoices", page=page).status_code for page in (1, 2, 1, 2)] == [500, 400, 200, 200]


# Order and filters


@pytest.mark.parametrize("direction", ["ASC", "asc", "DESC", "Desc", ""])
def test_sorting_by_a_column_breaks_ties_by_id(shared: Sandbox, reader: Client, direction: str) -> None:
    rows = shared.rows("invoices")
    assert len({row["updated_at"] for row in rows}) < len(rows), "some rows must share a second"
    sign = -1 if direction.lower() == "desc" else 1
    expected = sorted(rows, key=lambda row: (sign * row["updated_at"], row["id"]))
    assert reader.all("/invoices", sort=f"updated_at {direction}".strip()) == expected


def test_sorting_by_two_columns_puts_nulls_first_and_last(shared: Sandbox, reader: Client) -> None:
    rows = reader.all("/customers", sort="email DESC, id desc")
    emails = [row["email"] for row in rows]
    known = [email for email in emails if email is not None]
    assert emails == sorted(known, reverse=True) + [None] * (len(emails) - len(known))
    nameless = [row["id"] for row in rows if row["email"] is None]
    assert nameless == sorted(nameless, reverse=True)


def test_without_a_sort_rows_come_by_id_and_events_newest_first(shared: Sandbox, reader: Client) -> None:
    ids = [row["id"] for row in reader.all("/invoices")]
    assert ids == sorted(ids)
    times = [row["timestamp"] for row in reader.all("/events")]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) < len(times)


def test_an_unknown_sort_column_is_named_in_the_refusal(reader: Client) -> None:
    response = reader.get("/customers", sort="updatd_at ASC")
    assert response.status_code == 400
    assert response.json() == {
        "type": "invalid_request",
        "message": "Unknown sort column: updatd_at",
        "param": "sort",
    }


@pytest.mark.parametrize("sort", [None, "updated_at ASC", "updated_at DESC", "id"])
def test_updated_after_and_its_boundary(sandbox: Sandbox, api: Client, sort: str | None) -> None:
    moment = 2_000_000_000
    values = {"status": "active"}
    at = {stream: sandbox.insert(stream, {"updated_at": moment, **values}) for stream in UPDATED_AFTER}
    after = {stream: sandbox.insert(stream, {"updated_at": moment + 1, **values}) for stream in UPDATED_AFTER}

    def listed() -> dict[str, set[Any]]:
        return {
            stream: {row["id"] for row in api.all(f"/{stream}", updated_after=moment, sort=sort)}
            for stream in UPDATED_AFTER
        }

    assert listed() == {stream: {after[stream]} for stream in UPDATED_AFTER}
    sandbox.set_options(updated_after="inclusive")
    assert listed() == {stream: {at[stream], after[stream]} for stream in UPDATED_AFTER}
    sandbox.set_options(updated_after="ignored")
    assert all(len(ids) > 2 for ids in listed().values())


@pytest.mark.parametrize("stream", ["notes", "tasks", "credit_balance_adjustments", "events"])
def test_updated_after_is_ignored_where_it_is_not_documented(reader: Client, stream: str) -> None:
    assert reader.get(f"/{stream}", updated_after=4_000_000_000).headers["X-Total-Count"] == str(DEFAULT_ROWS[stream])


def test_filters_match_exactly_and_combine(shared: Sandbox, reader: Client) -> None:
    rows = shared.rows("invoices")
    customer = rows[0]["customer"]
    expected = [row["id"] for row in rows if row["customer"] == customer and not row["paid"]]
    assert expected
    assert reader.ids("/invoices", **{"filter[customer]": customer, "filter[paid]": 0}) == expected


def test_the_metadata_filter_leaves_out_rows_without_the_key(shared: Sandbox, reader: Client) -> None:
    expected = [
        row["id"]
        for row in shared.rows("invoices")
        if isinstance(row["metadata"], dict) and row["metadata"].get("region") == "APAC"
    ]
    assert expected
    assert reader.ids("/invoices", **{"metadata[region]": "APAC"}) == expected


@pytest.mark.parametrize("stream", ["invoices", "payments", "credit_notes", "estimates"])
def test_start_and_end_date_act_on_the_date_of_the_document(shared: Sandbox, reader: Client, stream: str) -> None:
    dates = sorted(row["date"] for row in shared.rows(stream))
    start, end = dates[10], dates[20]
    found = reader.get(f"/{stream}", start_date=start, end_date=end).json()
    assert sorted(row["date"] for row in found) == [date for date in dates if start <= date <= end]


def test_the_switches_of_customers(shared: Sandbox, reader: Client) -> None:
    rows = shared.rows("customers")
    with_source = [row["id"] for row in rows if row["payment_source"]]
    assert reader.ids("/customers", payment_source=1) == with_source
    assert len(reader.ids("/customers", payment_source=0)) == len(rows) - len(with_source)
    owing, free = reader.ids("/customers", open_balance=1), reader.ids("/customers", open_balance=0)
    assert owing
    assert sorted(owing + free) == [row["id"] for row in rows]


def test_ignoring_sort_and_filter_leaves_a_fixed_disorder(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(ignore_sort=True, ignore_filter=True)
    ids = [row["id"] for row in api.all("/invoices", sort="id ASC", **{"filter[paid]": 1})]
    assert len(ids) == 250
    assert ids != sorted(ids)
    assert ids == [row["id"] for row in api.all("/invoices", sort="updated_at ASC")]


# Peculiar lists


def test_subscriptions_come_in_three_lists(shared: Sandbox, reader: Client) -> None:
    lists = {state: reader.all("/subscriptions", **flag) for state, flag in _SUBSCRIPTION_FLAGS.items()}
    assert {row["status"] for row in lists["running"]} == {"active", "not_started", "past_due"}
    assert {row["status"] for row in lists["canceled"]} == {"canceled"}
    assert {row["status"] for row in lists["finished"]} == {"finished"}
    assert sum(map(len, lists.values())) == len(shared.rows("subscriptions"))


_SUBSCRIPTION_FLAGS: dict[str, Row] = {"running": {}, "canceled": {"canceled": 1}, "finished": {"finished": 1}}


def test_the_subscription_flags_may_add(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(subscription_flags="additive")
    assert {row["status"] for row in api.all("/subscriptions", canceled="true")} == {
        "active",
        "not_started",
        "past_due",
        "canceled",
    }


def test_some_fields_are_shown_on_request_only(reader: Client) -> None:
    assert not any("applied_to" in row for row in reader.get("/payments").json())
    assert all("applied_to" in row for row in reader.get("/payments", include="applied_to").json())
    assert not any("user" in row for row in reader.get("/events").json())
    assert any("user" in row for row in reader.get("/events", include="user").json())
    assert all("num_subscriptions" in row for row in reader.get("/plans", include="num_subscriptions").json())


def test_relations_can_be_expanded(reader: Client) -> None:
    assert reader.get("/invoices", expand="customer").json()[0]["customer"]["object"] == "customer"


def test_events_are_limited_by_time_and_type(shared: Sandbox, reader: Client) -> None:
    times = sorted(row["timestamp"] for row in shared.rows("events"))
    found = reader.get("/events", start_date=times[100], end_date=times[120], sort="timestamp ASC").json()
    assert [row["timestamp"] for row in found] == [time for time in times if times[100] <= time <= times[120]]
    assert {row["type"] for row in reader.get("/events", **{"filter[type]": "invoice.updated"}).json()} == {
        "invoice.updated"
    }
    invoice = next(row["data"]["object"] for row in shared.rows("events") if row["type"] == "invoice.updated")
    about = reader.get("/events", related_to=f"invoice,{invoice['id']}").json()
    assert about
    assert {row["data"]["object"]["id"] for row in about} == {invoice["id"]}


def test_events_may_ignore_or_refuse_what_is_not_documented(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(events_start_date="ignored", events_sort="ignored")
    response = api.get("/events", start_date=4_000_000_000, sort="timestamp ASC")
    assert response.headers["X-Total-Count"] == str(FEW["events"])
    assert response.json()[0]["timestamp"] > response.json()[-1]["timestamp"]
    sandbox.set_options(events_start_date="refused")
    assert api.get("/events", start_date=1).status_code == 400


@pytest.mark.parametrize("stream", list(CHILD_PATHS))
def test_sub_lists_cover_no_one_hundred_and_more_rows(shared: Sandbox, reader: Client, stream: str) -> None:
    rows, sizes = [], set()
    for customer in shared.rows("customers"):
        page = reader.all(f"/customers/{customer['id']}/{CHILD_PATHS[stream]}")
        sizes.add(len(page))
        rows += [row | {"customer_id": customer["id"]} for row in page]
    assert {0, 1, 100, 101} <= sizes
    assert _sorted(rows) == _sorted(shared.rows(stream))


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["object"], row["id"]))


@pytest.mark.parametrize("path", list(CHILD_PATHS.values()))
def test_sub_lists_of_an_unknown_customer_are_not_found(reader: Client, path: str) -> None:
    response = reader.get(f"/customers/1/{path}")
    assert response.status_code == 404
    assert response.json() == {"type": "invalid_request", "message": "Customer was not found: 1"}


def test_cards_and_bank_accounts_share_ids(shared: Sandbox) -> None:
    rows = shared.rows("payment_sources")
    assert len({(row["object"], row["id"]) for row in rows}) == len(rows)
    assert len({row["id"] for row in rows}) < len(rows)


def test_single_objects_have_addresses_even_with_slashes_in_the_id(shared: Sandbox, reader: Client) -> None:
    assert reader.get("/items/a%2Fb%20c").json()["id"] == "a/b c"
    contact = shared.rows("contacts")[0]
    assert reader.get(f"/customers/{contact['customer_id']}/contacts/{contact['id']}").json()["id"] == contact["id"]
    assert "applied_to" not in reader.get(f"/payments/{shared.rows('payments')[0]['id']}").json()


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/contacts", "/invoices/1", "/invoices/x", "/customers/7001/nothing"]
)
def test_unknown_addresses_are_not_found(reader: Client, path: str) -> None:
    response = reader.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "invalid_request"


def test_the_api_is_read_only(reader: Client) -> None:
    assert reader.session.post(f"{reader.base_url}/customers", json={}, timeout=5).status_code == 405


# Authentication


@pytest.mark.parametrize("auth", [None, ("wrong", ""), (FOREIGN_API_KEY, ""), ("", "")])
def test_other_keys_are_refused(shared: Sandbox, auth: tuple[str, str] | None) -> None:
    response = requests.get(f"{shared.base_url}/customers", auth=auth, timeout=5)
    assert response.status_code == 401
    assert response.json()["type"] == "authentication_error"


def test_the_password_has_to_be_empty(shared: Sandbox) -> None:
    auth = (shared.config["platform"]["api_key"], "secret")
    assert requests.get(f"{shared.base_url}/customers", auth=auth, timeout=5).status_code == 401


@pytest.mark.parametrize("header", ["Basic !!!", "Basic", "Bearer abc", "Basic /w=="])
def test_malformed_credentials_are_refused(shared: Sandbox, header: str) -> None:
    response = requests.get(f"{shared.base_url}/customers", headers={"Authorization": header}, timeout=5)
    assert response.status_code == 401


# Options of the form


def test_the_list_may_come_in_an_envelope(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(list_body="data")
    assert len(api.get("/estimates").json()["data"]) == 100


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("both", (True, True)), ("link", (True, False)), ("count", (False, True)), ("none", (False, False))],
)
def test_either_header_may_be_missing(sandbox: Sandbox, api: Client, choice: str, expected: tuple[bool, bool]) -> None:
    sandbox.set_options(headers=choice)
    headers = api.get("/invoices").headers
    assert ("Link" in headers, "X-Total-Count" in headers) == expected


def test_the_last_page_may_link_to_itself(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(last_next="self")
    links = api.get("/estimates").links
    assert links["next"]["url"] == links["self"]["url"]


def test_pages_may_be_smaller_than_asked_for(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(per_page_cap=40)
    pages = list(api.pages("/estimates", per_page=100))
    assert [len(page) for page in pages] == [40, 40, 20]
    assert len(api.get("/estimates", per_page=100, page=3).json()) == 20


@pytest.mark.parametrize(("choice", "empty"), [("list", [[]]), ("object", [{}]), ("mixed", [[], {}])])
def test_empty_maps_have_the_chosen_form(sandbox: Sandbox, api: Client, choice: str, empty: list[Any]) -> None:
    sandbox.set_options(empty_map=choice)
    served = api.all("/invoices")
    found = [row["metadata"] for row in served if not row["metadata"]]
    assert all(shape in found for shape in empty)
    assert all(shape in empty for shape in found)
    assert served == sandbox.rows("invoices")


def test_too_many_requests_at_once_are_refused(sandbox: Sandbox, api: Client) -> None:
    sandbox.set_options(max_in_flight=1)
    with _stalled(sandbox, 1):
        assert api.get("/items").status_code == 429
    assert api.get("/items").status_code == 200


@contextmanager
def _stalled(sandbox: Sandbox, number: int) -> Iterator[None]:
    """Some requests that are under way within the block and given up at its end."""
    sandbox.add_faults({"times": number, "fault": {"kind": "stall", "seconds": LONG}})
    address = (HOST, int(sandbox.base_url.rsplit(":", 1)[1]))
    before = len(sandbox.requests())
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection(address, timeout=5))
            connection.sendall(b"GET /customers HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        _until(lambda: len(sandbox.requests()) == before + number)
        yield
    _until(lambda: all(request["ended"] for request in sandbox.requests()))


def _until(condition: Callable[[], bool]) -> None:
    """Wait for something that is about to happen in the server's thread."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline


def test_unknown_options_and_values_are_refused(sandbox: Sandbox) -> None:
    before = sandbox.options()
    for values in ({"nonsense": 1}, {"headers": "some"}, {"per_page_cap": 0}, {"ignore_sort": "maybe"}):
        with pytest.raises(SandboxError):
            sandbox.set_options(list_body="data", **values)
    assert sandbox.options() == before


# Data


def test_the_same_seed_gives_the_same_data_and_another_one_does_not() -> None:
    first, again, other = Sandbox(seed=5), Sandbox(seed=5), Sandbox(seed=6)
    for stream in DEFAULT_ROWS:
        assert first.rows(stream) == again.rows(stream)
    assert first.rows("invoices") != other.rows("invoices")


@pytest.mark.parametrize("platform", ["invoiced", "zoho_invoice", "zoho_books", "fastbill", "rest_api"])
def test_what_happens_to_a_sandbox_happens_to_no_other_one(platform: str) -> None:
    first, again = Sandbox(platform, options={"clock": "logical"}), Sandbox(platform, options={"clock": "logical"})
    untouched = again.rows("invoices")

    changed = []
    for sandbox in (first, again):
        for _ in range(3):
            sandbox.insert("invoices")
        sandbox.edit("invoices")
        changed.append(sandbox.rows("invoices"))
        assert Sandbox(platform).rows("invoices") == untouched

    assert changed[0] == changed[1] != untouched


def test_scale_and_rows_set_the_numbers() -> None:
    sandbox = Sandbox(scale=2, rows={"payments": 3, "coupons": 0})
    sizes = {stream: len(sandbox.rows(stream)) for stream in DEFAULT_ROWS}
    assert sizes == {stream: 2 * count for stream, count in DEFAULT_ROWS.items()} | {"payments": 3, "coupons": 0}


@pytest.mark.parametrize("rows", [{"customers": 0}, {"customers": 1}, {"customers": 3, "contacts": 5}, {"invoices": 0}])
def test_few_rows_are_fine(rows: dict[str, int]) -> None:
    sandbox = Sandbox(rows=rows)
    assert {stream: len(sandbox.rows(stream)) for stream in rows} == rows


def test_children_are_spread_unevenly_without_losing_any() -> None:
    for parents in (1, 2, 4, 5, 40):
        for total in (0, 1, 50, 202, 1000):
            assert sum(spread(total, parents, shift=3)) == total
    assert {0, 1, 100, 101} <= set(spread(420, 40, shift=0))


def test_the_data_is_nasty() -> None:
    sandbox = Sandbox()
    rows = {stream: sandbox.rows(stream) for stream in DEFAULT_ROWS}
    text = json.dumps(rows, ensure_ascii=False)
    for sample in (
        "株式会社",
        "Ромашка",
        "👩‍👩‍👧‍👦",
        "e\u0301",
        '\\"',
        "\\n",
        "\u2028",
        "0.30000000000000004",
        "9007199254740993",
    ):
        assert sample in text

    def values(stream: str, name: str) -> list[Any]:
        return [row.get(name) for row in rows[stream]]

    for stream in ("invoices", "customers", "items"):
        assert [] in values(stream, "metadata")
        assert {} in values(stream, "metadata")
        assert any(values(stream, "metadata"))
        assert None not in values(stream, "metadata")
    assert LONG_TEXT in values("invoices", "notes")
    assert min(values("customers", "created_at")) < 0
    assert min(values("credit_notes", "updated_at")) < 0
    assert min(values("invoices", "total")) < 0
    assert max(values("invoices", "id")) > 2**32
    assert {-1, None} <= set(values("customers", "autopay_delay_days"))
    assert {None, "12.50", 12.5} <= set(values("subscriptions", "amount"))
    assert {None, False, "JD"} <= set(values("estimates", "approved"))
    assert {"draft", "paid", "voided", "bad_debt"} <= set(values("invoices", "status"))
    assert {True, False} == set(values("tasks", "complete"))
    assert any("object" not in row for row in rows["tasks"])
    assert any(user and user["id"] < 0 for user in values("notes", "user"))
    assert any(row["tiers"] is None for row in rows["plans"])
    assert any(row["tiers"] for row in rows["plans"])
    assert max(len(items) for items in values("invoices", "items")) > 100
    assert [] in values("invoices", "items")
    assert sum("x_new_field" in row for row in rows["invoices"]) > 10
    events = rows["events"]
    assert any("previous" in row for row in events)
    assert any("previous" in row["data"] for row in events)
    assert any("previous" not in row and "previous" not in row["data"] for row in events)
    assert any(isinstance(row["data"]["object"].get("customer"), dict) for row in events)


@pytest.mark.parametrize("rows", [{}, {"invoices": 52, "payments": 9, "credit_notes": 12}], ids=["default", "few"])
def test_lines_add_up_to_totals_and_payments_to_balances(rows: dict[str, int]) -> None:
    sandbox = Sandbox(rows=rows)
    paid, credited = Counter[int](), Counter[int]()
    for payment in sandbox.rows("payments"):
        used = sum(each["amount"] for each in payment["applied_to"])
        assert payment["balance"] == pytest.approx(payment["amount"] - used, abs=CENT / 10)
        assert not (payment["voided"] and used)
        for each in payment["applied_to"]:
            paid[each.get("invoice", 0)] += each["amount"]
            credited[each.get("credit_note", 0)] += each["amount"]

    for stream, left in (("invoices", paid), ("credit_notes", credited), ("estimates", None)):
        for row in sandbox.rows(stream):
            discounts, taxes = (
                sum(each["amount"] for holder in (row, *row["items"]) for each in holder[name])
                for name in ("discounts", "taxes")
            )
            assert row["subtotal"] == pytest.approx(sum(line["amount"] for line in row["items"]), abs=CENT / 10)
            assert row["total"] == pytest.approx(row["subtotal"] - discounts + taxes, abs=CENT / 10)
            assert left is None or row["balance"] == pytest.approx(row["total"] - left[row["id"]], abs=CENT / 10)


def test_parts_stand_in_documents_and_in_their_lines() -> None:
    sandbox = Sandbox()
    documents = {row["id"]: row for row in sandbox.rows("invoices")}
    for name in ("discounts", "taxes"):
        parts = sandbox.rows(f"invoice_{name}")
        assert {part["line_item_id"] is None for part in parts} == {True, False}
        for document, row in documents.items():
            own = [part for part in parts if part["invoice_id"] == document]
            assert [part["position"] for part in own] == list(range(1, len(own) + 1))
            expected = [each["id"] for holder in (row, *row["items"]) for each in holder[name]]
            assert [part["id"] for part in own] == expected
    assert {refund["payment_id"] for refund in sandbox.rows("refunds")} <= {
        charge["payment_id"] for charge in sandbox.rows("charges")
    }


def test_payment_plans_have_an_address_below_their_invoice(shared: Sandbox, reader: Client) -> None:
    plans = {plan["invoice_id"]: plan for plan in shared.rows("payment_plans")}
    for row in shared.rows("invoices")[:10]:
        answer = reader.get(f"/invoices/{row['id']}/payment_plan")
        assert answer.status_code == (404 if row["payment_plan"] is None else 200)
        if row["payment_plan"] is not None:
            assert answer.json()["id"] == row["payment_plan"] == plans[row["id"]]["id"]
            left = sum(each["balance"] for each in answer.json()["installments"])
            assert left == pytest.approx(row["balance"], abs=CENT / 10)


def test_cadences_have_one_of_two_paths(sandbox: Sandbox, api: Client) -> None:
    newer = "customer_chasing_cadences"
    assert [api.get(f"/{path}").status_code for path in ("chasing_cadences", newer)] == [200, 404]
    sandbox.set_options(cadences_path=newer)
    assert [api.get(f"/{path}").status_code for path in ("chasing_cadences", newer)] == [404, 200]


# Faults


def test_a_status_can_be_forced_with_headers_and_body(sandbox: Sandbox, api: Client) -> None:
    sandbox.add_faults(
        {"fault": {"kind": "status", "code": 429, "headers": {"Retry-After": "7"}}},
        {"fault": {"kind": "status", "code": 503, "body": "busy"}},
        {"fault": {"kind": "status", "code": 403, "body": {"reason": "no"}}},
        {"fault": {"kind": "status", "code": 301, "headers": {"Location": f"{api.base_url}/coupons"}}},
    )
    response = api.get("/invoices")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json()["type"] == "rate_limit_error"
    assert api.get("/invoices").text == "busy"
    assert api.get("/invoices").json() == {"reason": "no"}
    assert api.get("/invoices").url == f"{api.base_url}/coupons"
    assert api.get("/invoices").status_code == 200
    assert [rule["fired"] for rule in sandbox.faults()] == [1, 1, 1, 1]


def test_rules_choose_requests_and_count_them(sandbox: Sandbox, api: Client) -> None:
    fault = {"kind": "status", "code": 500}
    sandbox.add_faults(
        {"match": {"stream": "invoices", "page": 2}, "after": 1, "times": 2, "fault": fault},
        {"match": {"path": "^/customers/[0-9]+/contacts$"}, "times": 0, "fault": fault},
        {"match": {"query": {"canceled": 1}}, "fault": fault},
        {"match": {"stream": "items", "query": {"sort": None}}, "fault": fault},
    )
    assert [api.get("/invoices", page=page).status_code for page in (1, 2, 2, 2, 2)] == [200, 200, 500, 500, 200]
    assert [api.get("/customers/7001/contacts").status_code for _ in range(3)] == [500, 500, 500]
    assert api.get("/customers/7001/line_items").status_code == 200
    assert [api.get("/subscriptions", **flag).status_code for flag in _SUBSCRIPTION_FLAGS.values()] == [200, 500, 200]
    assert api.get("/items", sort="id").status_code == 200
    assert api.get("/items").status_code == 500
    sandbox.clear_faults()
    assert api.get("/customers/7001/contacts").status_code == 200


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", requests.ConnectionError),
        ("reset_body", (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
        ("truncate", (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
        ("bad_gzip", requests.exceptions.ContentDecodingError),
        ("cut_json", requests.JSONDecodeError),
        ("html", requests.JSONDecodeError),
        ("empty", requests.JSONDecodeError),
        ("body", requests.JSONDecodeError),
    ],
)
def test_broken_answers(sandbox: Sandbox, api: Client, kind: str, error: type[Exception]) -> None:
    sandbox.add_faults({"fault": {"kind": kind}})
    with pytest.raises(error):
        api.get("/invoices").json()
    assert len(api.get("/invoices").json()) == 100
    assert [request["fault"] for request in sandbox.requests()] == [kind, None]


@pytest.mark.parametrize("kind", ["stall", "stall_body"])
def test_stalled_answers(sandbox: Sandbox, api: Client, kind: str) -> None:
    sandbox.add_faults({"fault": {"kind": kind, "seconds": LONG}}, {"fault": {"kind": kind, "seconds": 0}})
    with pytest.raises(requests.RequestException, match="timed out"):
        api.session.get(f"{api.base_url}/invoices", timeout=SHORT)
    assert len(api.get("/invoices").json()) == 100
    _until(lambda: all(request["ended"] for request in sandbox.requests()))


def test_a_reset_request_has_no_status(sandbox: Sandbox, api: Client) -> None:
    sandbox.add_faults({"fault": {"kind": "reset"}})
    with pytest.raises(requests.ConnectionError):
        api.get("/invoices")
    assert sandbox.requests()[0]["status"] is None


def test_forms_that_are_wrong_but_readable(sandbox: Sandbox, api: Client) -> None:
    truth = api.get("/invoices").json()
    for kind in ("html", "wrong_type", "invalid_utf8", "error_envelope", "object", "body"):
        sandbox.add_faults({"fault": {"kind": kind, **({"text": "[1]"} if kind == "body" else {})}})
    response = api.get("/invoices")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    response = api.get("/invoices")
    assert (response.json(), response.headers["Content-Type"]) == (truth, "text/plain; charset=utf-8")
    with pytest.raises(UnicodeDecodeError):
        api.get("/invoices").content.decode()
    response = api.get("/invoices")
    assert (response.status_code, response.json()["type"]) == (200, "api")
    assert isinstance(api.get("/invoices").json(), dict)
    assert api.get("/invoices").json() == [1]


def test_pages_that_lie(sandbox: Sandbox, api: Client) -> None:
    first, second = list(api.pages("/invoices"))[:2]
    sandbox.add_faults(
        {"match": {"page": 2}, "fault": {"kind": "repeat_page"}},
        {"fault": {"kind": "wrong_total", "delta": -50}},
        {"fault": {"kind": "short_page", "rows": 3}},
    )
    assert api.get("/invoices", page=2).json() == first
    response = api.get("/invoices", page=2)
    assert (response.json(), response.headers["X-Total-Count"]) == (second, "200")
    assert response.links["last"]["url"].split("page=")[1].startswith("3")
    response = api.get("/invoices", page=2)
    assert (response.json(), response.headers["X-Total-Count"]) == (second[:-3], "250")


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": {}},
        {"fault": {"kind": "earthquake"}},
        {"fault": {"kind": "reset", "code": 1}},
        {"fault": {"kind": "reset"}, "match": {"colour": 1}},
        {"fault": {"kind": "reset"}, "match": {"path": "("}},
    ],
)
def test_senseless_fault_rules_are_refused(sandbox: Sandbox, rule: Row) -> None:
    with pytest.raises(SandboxError):
        sandbox.add_faults(rule)


# Changes


def test_insertions_edits_and_deletions_show_up(sandbox: Sandbox, api: Client) -> None:
    customer = sandbox.insert("customers", {"name": "New"})
    contact = sandbox.insert("contacts", customer=customer)
    coupon = sandbox.insert("coupons", {"id": "new / one"})
    source = sandbox.insert("payment_sources", {"object": "bank_account"}, customer=customer)
    assert api.get(f"/customers/{customer}").json()["name"] == "New"
    assert api.ids(f"/customers/{customer}/contacts") == [contact]
    assert source == ("bank_account", api.ids(f"/customers/{customer}/payment_sources")[0])
    assert coupon in api.ids("/coupons")

    sandbox.edit("customers", customer, {"name": "Newer"})
    assert api.get(f"/customers/{customer}").json()["name"] == "Newer"

    sandbox.delete("customers", customer)
    assert api.get(f"/customers/{customer}").status_code == 404
    assert api.get(f"/customers/{customer}/contacts").status_code == 404
    assert contact not in [row["id"] for row in sandbox.rows("contacts")]


def test_every_stream_can_be_changed_without_naming_anything(sandbox: Sandbox) -> None:
    for stream in DEFAULT_ROWS:
        sandbox.reset_history()
        count = len(sandbox.rows(stream))
        changes = sandbox.mutate(*({"op": op, "stream": stream} for op in ("insert", "edit", "delete")))
        assert [change["op"] for change in changes] == ["insert", "edit", "delete"]
        history = sandbox.history()[stream]
        assert [history[name] for name in ("inserted", "edited", "deleted")] == [[change["key"]] for change in changes]
        assert len(sandbox.rows(stream)) == count


def test_an_edit_moves_updated_at_to_the_front_of_the_clock(sandbox: Sandbox, api: Client) -> None:
    latest = max(row["updated_at"] for row in sandbox.rows("invoices"))
    key = sandbox.edit("invoices")
    assert api.ids("/invoices", sort="updated_at ASC", updated_after=latest) == [key]


def test_the_logical_clock_counts_on_from_the_highest_time() -> None:
    sandbox = Sandbox(options={"clock": "logical"})
    sandbox.insert("invoices", {"updated_at": 1_900_000_000})
    keys = [sandbox.insert("invoices"), sandbox.edit("payments")]
    times = {row["id"]: row["updated_at"] for stream in ("invoices", "payments") for row in sandbox.rows(stream)}
    assert [times[key] for key in keys] == [1_900_000_001, 1_900_000_002]


def test_the_wall_clock_never_goes_back() -> None:
    sandbox = Sandbox()
    sandbox.insert("invoices", {"updated_at": 4_000_000_000})
    key = sandbox.edit("payments")
    assert {row["id"]: row["updated_at"] for row in sandbox.rows("payments")}[key] == 4_000_000_000


def test_sorted_and_filtered_lists_follow_the_changes(sandbox: Sandbox, api: Client) -> None:
    query = {"sort": "total DESC, updated_at", "filter[draft]": 0}
    api.all("/invoices", **query)
    sandbox.schedule(random={"seed": 3, "streams": ["invoices"]})
    for _ in range(60):
        api.get("/coupons")
    sandbox.clear_schedule()
    assert min(len(keys) for keys in sandbox.history()["invoices"].values()) > 10
    rows = [row for row in sandbox.rows("invoices") if not row["draft"]]
    expected = sorted(rows, key=lambda row: (-row["total"], row["updated_at"], row["id"]))
    assert api.all("/invoices", **query) == expected


def test_mutations_may_write_events(sandbox: Sandbox, api: Client) -> None:
    sandbox.delete("invoices")
    assert len(sandbox.rows("events")) == FEW["events"]
    sandbox.set_options(mutation_events=True)
    key = sandbox.edit("invoices", values={"status": "paid"})
    sandbox.delete("invoices", key)
    sandbox.delete("coupons")
    deleted, updated = api.get("/events").json()[:2]
    assert [deleted["type"], updated["type"]] == ["invoice.deleted", "invoice.updated"]
    assert deleted["data"]["object"]["id"] == updated["data"]["object"]["id"] == key


@pytest.mark.parametrize(
    "op",
    [
        {"op": "rename", "stream": "invoices"},
        {"op": "edit", "stream": "nothing"},
        {"op": "edit", "stream": "invoices", "key": 1},
        {"op": "edit", "stream": "coupons", "values": {"id": "other"}},
        {"op": "insert", "stream": "coupons", "values": {"id": "SPRING 10%"}},
        {"op": "insert", "stream": "contacts", "customer": 1},
        {"op": "edit", "stream": "invoices", "colour": 1},
    ],
)
def test_impossible_changes_are_refused(sandbox: Sandbox, op: Row) -> None:
    before = sandbox.rows("coupons")
    with pytest.raises(SandboxError):
        sandbox.mutate(op)
    assert sandbox.rows("coupons") == before


def test_a_plan_strikes_between_two_pages(sandbox: Sandbox, api: Client) -> None:
    first = sandbox.rows("invoices")[0]["id"]
    sandbox.schedule(
        [{"before": 2, "match": {"stream": "invoices"}, "ops": [{"op": "delete", "stream": "invoices", "key": first}]}]
    )
    seen = [row["id"] for page in api.pages("/invoices") for row in page]
    assert first in seen
    history = sandbox.history()["invoices"]
    assert history["deleted"] == [first]
    assert len(set(history["throughout"]) - set(seen)) == 1, "the row that slipped between the pages"


@pytest.mark.parametrize(("where", "low", "high"), [("start", 0, 12), ("middle", 44, 57), ("end", 90, 101)])
def test_chance_hits_the_chosen_part_of_the_list(
    sandbox: Sandbox, api: Client, where: str, low: int, high: int
) -> None:
    order = [row["id"] for row in api.all("/items", sort="updated_at DESC")]
    sandbox.schedule(random={"seed": 1, "streams": ["items"], "ops": ["delete"], "where": where, "limit": 1})
    api.all("/items", sort="updated_at DESC")
    (hit,) = sandbox.history()["items"]["deleted"]
    assert low <= order.index(hit) < high


def test_chance_respects_probability_and_limit(sandbox: Sandbox, api: Client) -> None:
    sandbox.schedule(random={"probability": 0, "streams": ["items"]})
    api.get("/items")
    assert not sandbox.history()["items"]["edited"]
    sandbox.schedule(random={"ops": ["insert"], "streams": ["items"], "limit": 2})
    for _ in range(4):
        api.get("/items")
    assert len(sandbox.history()["items"]["inserted"]) == 2


def test_the_history_can_start_afresh(sandbox: Sandbox) -> None:
    key = sandbox.insert("items")
    sandbox.reset_history()
    history = sandbox.history()["items"]
    assert key in history["throughout"]
    assert history["inserted"] == []


def test_a_deleted_id_may_be_used_again_but_did_not_exist_throughout(sandbox: Sandbox) -> None:
    sandbox.delete("coupons", "SPRING 10%")
    sandbox.insert("coupons", {"id": "SPRING 10%"})
    assert "SPRING 10%" in [row["id"] for row in sandbox.rows("coupons")]
    assert "SPRING 10%" not in sandbox.history()["coupons"]["throughout"]


# The log of requests


def test_the_log_tells_what_was_asked_and_served(sandbox: Sandbox, api: Client) -> None:
    api.get("/invoices", page=1, per_page=30)
    api.get("/customers/7001/contacts")
    api.get("/nothing")
    first, second, third = sandbox.requests()
    assert (first["n"], first["method"], first["path"], first["stream"]) == (1, "GET", "/invoices", "invoices")
    assert first["query"] == [("page", "1"), ("per_page", "30")]
    assert (first["status"], first["rows"], first["in_flight"]) == (200, 30, 1)
    assert first["started"] <= first["ended"] <= second["started"]
    assert second["stream"] == "contacts"
    assert (third["stream"], third["status"]) == (None, 404)
    assert sandbox.requests_summary() == {
        "streams": {"invoices": {"requests": 1, "rows": 30}, "contacts": {"requests": 1, "rows": 0}},
        "requests": 3,
        "highest_in_flight": 1,
    }
    sandbox.clear_requests()
    assert sandbox.requests() == []


def test_requests_under_way_at_once_are_counted(sandbox: Sandbox) -> None:
    with _stalled(sandbox, 4):
        assert [request["in_flight"] for request in sandbox.requests()] == [1, 2, 3, 4]
    assert sandbox.requests_summary()["highest_in_flight"] == 4


# The control path


def test_everything_can_be_controlled_over_http(sandbox: Sandbox, api: Client) -> None:
    def call(method: str, path: str, body: object = None) -> Any:
        response = requests.request(method, f"{sandbox.control_url}/{path}", json=body, timeout=5)
        assert response.status_code == 200, response.text
        return response.json()

    assert call("GET", "rows?stream=coupons") == {"coupons": sandbox.rows("coupons")}
    assert list(call("GET", "rows")) == list(DEFAULT_ROWS)
    call("POST", "options", {"list_body": "data"})
    assert call("GET", "options")["list_body"] == "data"
    call("POST", "faults", {"rules": [{"fault": {"kind": "status", "code": 418}}]})
    assert api.get("/items").status_code == 418
    assert call("GET", "faults") == [{"fault": "status", "seen": 1, "fired": 1}]
    call("DELETE", "faults")
    assert call("GET", "faults") == []
    assert call("GET", "requests")[0]["status"] == 418
    assert call("GET", "requests/summary")["requests"] == 1
    call("DELETE", "requests")
    assert call("GET", "requests") == []

    key = sandbox.rows("payment_sources")[0]
    op = {"op": "edit", "stream": "payment_sources", "key": [key["object"], key["id"]]}
    assert call("POST", "mutations", {"ops": [op]}) == [op]
    assert call("GET", "history")["payment_sources"]["edited"] == [op["key"]]
    call("POST", "history/reset")
    call("POST", "schedule", {"plan": [{"before": 1, "ops": [op]}], "random": {"probability": 0}})
    call("DELETE", "schedule")
    api.get("/items")
    assert call("GET", "history")["payment_sources"]["edited"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", "", 404),
        ("POST", "rows", "", 404),
        ("GET", "rows?stream=nothing", "", 400),
        ("POST", "faults", "{", 400),
        ("POST", "faults", "[]", 400),
        ("POST", "faults", "{}", 400),
        ("POST", "faults", '{"rules": ["x"]}', 400),
        ("POST", "faults", '{"rules": [{"after": "x", "fault": {"kind": "reset"}}]}', 400),
        ("POST", "schedule", '{"plan": [{"before": 1}]}', 400),
        ("POST", "schedule", '{"random": {"streams": ["nothing"]}}', 400),
        ("POST", "schedule", '{"random": {"where": "nowhere"}}', 400),
    ],
)
def test_mistakes_on_the_control_path_are_explained(
    sandbox: Sandbox, method: str, path: str, body: str, status: int
) -> None:
    response = requests.request(method, f"{sandbox.control_url}/{path}", data=body, timeout=5)
    assert response.status_code == status
    assert response.json()["error"]


# The life of the server


def test_a_sandbox_closes_its_port_even_while_a_client_is_stalled() -> None:
    with Sandbox(rows=FEW) as sandbox, _stalled(sandbox, 1):
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            requests.get(sandbox.base_url, timeout=5)


def _start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "integration_tests.sandbox", "--platform", "invoiced", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_announces_itself_and_ends_cleanly(end: signal.Signals) -> None:
    arguments = ("--seed", "4", "--rows", "invoices=7", "items=3", "--option", "list_body=data", "--latency-ms", "1")
    with _start(*arguments) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        assert ready["platform"] == "invoiced"
        assert ready["config"]["platform"]["base_url"] == ready["base_url"]
        auth = (ready["config"]["platform"]["api_key"], "")
        rows = requests.get(f"{ready['base_url']}/invoices", auth=auth, timeout=5).json()["data"]
        assert len(rows) == 7
        assert requests.get(f"{ready['control']}/rows?stream=invoices", timeout=5).json() == {"invoices": rows}
        process.send_signal(end)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")
    twin = Sandbox(seed=4, rows={"invoices": 7, "items": 3})
    assert rows == twin.rows("invoices")


def test_all_platforms_start_with_one_command_each_at_a_port_of_its_own() -> None:
    with _start("--platform", "all") as process:
        assert process.stdout
        ready = [json.loads(process.stdout.readline()) for _ in PLATFORMS]
        streams = [
            f"{each['control']}/rows?stream={name}" for each in ready for name in FACTS[each["platform"]].streams
        ]
        # Airbyte's standard tests want a record of each stream.
        empty = [stream for stream in streams if not any(requests.get(stream, timeout=5).json().values())]
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")
    assert [each["platform"] for each in ready] == list(PLATFORMS)
    assert len({each["base_url"] for each in ready}) == len(PLATFORMS)
    assert empty == []


def test_a_taken_port_is_reported_in_one_line(sandbox: Sandbox) -> None:
    port = sandbox.base_url.rsplit(":", 1)[1]
    with _start("--port", port) as process:
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (2, "")
    assert errors.startswith(f"The sandbox cannot listen on port {port}: ")
    assert errors.endswith("Choose another one, or 0 for any that is free.\n")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--rows", "x=1"], ["--rows", "items"], ["--option", "headers=some"]])
def test_mistakes_on_the_command_line_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sandbox", "--platform", "invoiced", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "error: " in capsys.readouterr().err
