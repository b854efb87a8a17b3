"""Tests of the single documents that the sandbox plays for Zoho Invoice and Zoho Books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.zoho_detail_fields import LEFT_OUT
from integration_tests.sandbox.zoho_details import DETAILS
from integration_tests.sandbox.zoho_lists import BOOKS_LISTS, INVOICE_LISTS

Row = dict[str, Any]
LISTS = {"zoho_invoice": INVOICE_LISTS, "zoho_books": BOOKS_LISTS}
DOCUMENTS = [(product, stream) for product, lists in LISTS.items() for stream in DETAILS if stream in lists]
ROWS = 40


class Client:
    """A reader that asks for documents by their ids."""

    def __init__(self, sandbox: Sandbox) -> None:
        settings = sandbox.config["platform"]
        self.sandbox = sandbox
        self.lists = LISTS[settings["name"]]
        self.root = f"{settings['base_url']}/{settings['name'].removeprefix('zoho_')}/v3/"
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: settings[name] for name in names}}
        token = requests.post(settings["token_url"], data=form, timeout=5).json()["access_token"]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Zoho-oauthtoken {token}"
        self.organization = settings["organization_id"]

    def get(self, path: str, **query: Any) -> tuple[int, Row]:
        response = self.session.get(self.root + path, params={"organization_id": self.organization, **query}, timeout=5)
        return response.status_code, response.json()

    def one(self, stream: str, key: str) -> Any:
        """What a call for one document gives under its name."""
        status, body = self.get(f"{self.lists[stream].path}/{key}")
        assert status == 200, body
        return body[DETAILS[stream].envelope]


@pytest.fixture(scope="module")
def readers() -> Iterator[dict[str, Client]]:
    """Both products; for tests that only read."""
    rows = {
        product: dict.fromkeys((stream for name, stream in DOCUMENTS if name == product), ROWS) for product in LISTS
    }
    with (
        Sandbox("zoho_invoice", rows=rows["zoho_invoice"]) as invoice,
        Sandbox("zoho_books", rows=rows["zoho_books"]) as books,
    ):
        yield {"zoho_invoice": Client(invoice), "zoho_books": Client(books)}


@pytest.fixture
def small() -> Iterator[Client]:
    """Zoho Books with few rows, to be changed at will."""
    with Sandbox("zoho_books", rows={stream: 12 for stream in DETAILS if stream in BOOKS_LISTS}) as sandbox:
        client = Client(sandbox)
        yield client
        client.session.close()


def _cents(amount: Any) -> int:
    return round(float(amount or 0) * 100)


def _sum(rows: list[Row], name: str) -> int:
    return sum(_cents(row[name]) for row in rows)


def _key(client: Client, stream: str) -> str:
    return str(next(iter(client.sandbox.rows(stream)[-1].values())))


@pytest.mark.parametrize(("product", "stream"), DOCUMENTS)
def test_a_document_is_what_its_streams_must_give(readers: dict[str, Client], product: str, stream: str) -> None:
    client, spec = readers[product], DETAILS[stream]
    key_field = client.lists[stream].key[0]
    members = [("line_items", "line_items" if spec.lines else ""), ("applications", spec.applications)]
    details = {row[key_field]: row for row in client.sandbox.rows(f"{spec.name}_details")}
    parts = {member: client.sandbox.rows(f"{spec.name}_{part}") for part, member in members if member}
    for row in client.sandbox.rows(stream)[:3]:
        key, stamp = row[key_field], row.get("last_modified_time")
        document = client.one(stream, key)

        assert document[key_field] == key
        assert {name: each for name, each in details[key].items() if name in document} == {
            name: each for name, each in document.items() if name not in LEFT_OUT
        }
        assert (details[key]["last_modified_time"], details[key]["organization_id"]) == (stamp, row["organization_id"])
        for member, rows in parts.items():
            own = [each for each in rows if each[key_field] == key]
            assert [each["position"] for each in own] == list(range(1, len(document[member]) + 1))
            assert all(each["last_modified_time"] == stamp for each in own)


@pytest.mark.parametrize("product", LISTS)
def test_lines_add_up_to_totals(readers: dict[str, Client], product: str) -> None:
    seen: Counter[str] = Counter()
    for stream in ("invoices", "estimates", "credit_notes", "creditnotes", "sales_orders", "purchase_orders", "bills"):
        rows = readers[product].sandbox.rows(f"{DETAILS[stream].name}_details") if stream in LISTS[product] else []
        for row in rows:
            lines = row["line_items"]
            net, tax = _sum(lines, "item_total"), _sum(row["taxes"], "tax_amount")
            discount = net // 20 if row["discount"] == "5%" else 0
            shipping = _cents(row.get("shipping_charge"))
            assert net == _cents(row["sub_total"])
            if stream != "sales_orders":
                assert tax == sum(_sum(line["line_item_taxes"], "tax_amount") for line in lines)
            assert net - discount + tax + shipping + _cents(row.get("adjustment")) == _cents(row["total"])
            seen.update(name for name, there in (("discount", discount), ("tax", tax), ("shipping", shipping)) if there)
    assert set(seen) == {"discount", "tax", "shipping"}


def test_applications_explain_balances(readers: dict[str, Client]) -> None:
    for client in readers.values():
        applied: Counter[str] = Counter()
        for row in client.sandbox.rows("customer_payment_applications"):
            applied[row["invoice_id"]] += _cents(row["amount_applied"])
        credit_note = "creditnote" if "creditnotes" in client.lists else "credit_note"
        for row in client.sandbox.rows(f"{credit_note}_applications"):
            applied[row["invoice_id"]] += _cents(row["credited_amount"])
        for invoice in client.sandbox.rows("invoice_details"):
            paid = _cents(invoice["payment_made"]) + _cents(invoice["credits_applied"])
            assert paid == applied[invoice["invoice_id"]] == _cents(invoice["total"]) - _cents(invoice["balance"])
        for payment in client.sandbox.rows("customer_payment_details"):
            used = _sum(payment["invoices"], "amount_applied")
            assert used + _cents(payment["unused_amount"]) == _cents(payment["amount"])
        assert len(applied) > ROWS // 4


def test_bills_know_what_paid_them_and_journals_balance(readers: dict[str, Client]) -> None:
    sandbox = readers["zoho_books"].sandbox
    paid = {
        (row["bill_id"], _cents(row[amount]))
        for part, amount in (
            ("vendor_payment_applications", "amount_applied"),
            ("vendor_credit_applications", "amount"),
        )
        for row in sandbox.rows(part)
    }
    known = set()
    for bill in sandbox.rows("bill_details"):
        amounts = [_cents(row["amount"]) for row in (*bill["payments"], *bill["vendor_credits"])]
        known |= {(bill["bill_id"], amount) for amount in amounts}
        assert _cents(bill["total"]) - sum(amounts) == _cents(bill["balance"])
    assert known == paid
    for journal in sandbox.rows("journal_details"):
        sides: Counter[str] = Counter()
        for line in journal["line_items"]:
            sides[line["debit_or_credit"]] += _cents(line["amount"])
        assert sides["debit"] == sides["credit"] == _cents(journal["total"])


def test_an_edited_row_shows_in_its_document(small: Client) -> None:
    key = _key(small, "invoices")
    lines = {line["line_item_id"] for line in small.one("invoices", key)["line_items"]}
    counts = set()
    for total in (70, 70.01, 70.02):
        small.sandbox.edit("invoices", key, {"total": total, "reference_number": "changed"})
        document = small.one("invoices", key)
        counts.add(len(document["line_items"]))

        assert document["reference_number"] == "changed"
        assert document["last_modified_time"] == small.sandbox.rows("invoices")[-1]["last_modified_time"]
        paid = _cents(document["payment_made"]) + _cents(document["credits_applied"])
        assert _cents(document["balance"]) == _cents(total) - paid
    assert lines
    assert counts == {1, 2, 3}


def test_a_document_that_is_gone_or_of_another_organization_does_not_exist(small: Client) -> None:
    key = _key(small, "bills")
    small.sandbox.delete("bills", key)

    assert [small.get("bills/" + each)[1]["code"] for each in (key, "1", _key(small, "contacts"))] == [1002] * 3
    small.sandbox.set_options(organizations=2)
    small.organization = str(int(small.organization) - 1)
    assert small.get("bills/" + _key(small, "bills"))[0] == 404


def test_items_and_sales_orders_come_in_bulk(small: Client) -> None:
    items, orders = (
        [next(iter(row.values())) for row in small.sandbox.rows(name)] for name in ("items", "sales_orders")
    )

    _, found = small.get("itemdetails", item_ids=",".join(items[:3]))
    assert found["items"] == [small.one("items", key) for key in items[:3]]
    _, found = small.get("salesorders", salesorder_ids=",".join(orders))
    assert found["salesorders"] == [small.one("sales_orders", key) for key in orders]

    small.sandbox.delete("items", items[1])
    small.sandbox.delete("sales_orders", orders[1])
    assert small.get("itemdetails", item_ids=",".join(items[:3]))[1]["code"] == 1002
    assert len(small.get("salesorders", salesorder_ids=",".join(orders))[1]["salesorders"]) == len(orders) - 1
    small.sandbox.set_options(dead_sales_orders="refused", bulk_ids=2)
    assert small.get("salesorders", salesorder_ids=",".join(orders[:2]))[1]["code"] == 1002
    assert small.get("salesorders", salesorder_ids=",".join(orders[2:5]))[1]["code"] == 2


def test_details_can_be_refused_though_the_list_is_not(small: Client) -> None:
    small.sandbox.set_options(details_unavailable="invoices,bills:404,sales_orders:403")

    assert small.get("invoices")[0] == 200
    assert small.get("invoices/" + _key(small, "invoices")) == (
        401,
        {"code": 57, "message": "You are not authorized to perform this operation"},
    )
    assert small.get("bills/" + _key(small, "bills"))[1]["code"] == 5
    assert small.get("salesorders", salesorder_ids=_key(small, "sales_orders"))[0] == 403


def test_what_is_not_known_of_details_can_be_chosen(small: Client) -> None:
    key = _key(small, "customer_payments")
    assert "last_modified_time" not in small.one("customer_payments", key)
    assert small.one("customer_payments", key)["updated_time"]
    small.sandbox.set_options(detail_times="absent")
    assert "updated_time" not in small.one("customer_payments", key)
    expected = small.sandbox.rows("customer_payment_details")[-1]["last_modified_time"]
    assert expected == small.sandbox.rows("customer_payments")[-1]["last_modified_time"]

    small.sandbox.set_options(detail_lists="single")
    invoices = small.sandbox.rows("invoice_details")
    one_line = next(row for row in invoices if len(row["line_items"]) == 1)
    assert [small.one("invoices", one_line["invoice_id"])["line_items"]] == one_line["line_items"]
    assert len(small.sandbox.rows("invoice_line_items")) == sum(len(row["line_items"]) for row in invoices)

    small.sandbox.set_options(detail_members="filled", detail_envelope="array")
    (invoice,) = small.one("invoices", _key(small, "invoices"))
    assert "" not in invoice.values()
    assert [] not in invoice.values()

    assert small.get("recurring_bills/" + _key(small, "recurring_bills"))[1]["code"] == 5
    small.sandbox.set_options(recurring_bill_path="recurring_bills")
    assert small.get("recurring_bills/" + _key(small, "recurring_bills"))[0] == 200
    assert small.get("recurringbills/" + _key(small, "recurring_bills"))[1]["code"] == 5


def test_details_count_as_calls_and_have_a_name_of_their_own(small: Client) -> None:
    key = _key(small, "invoices")
    small.sandbox.add_faults(
        {"match": {"stream": "invoice_details"}, "fault": {"kind": "other_document"}},
        {"match": {"stream": "invoice_details"}, "fault": {"kind": "no_list"}},
    )

    assert small.get("invoices")[0] == 200
    assert small.one("invoices", key)["invoice_id"] == "1"
    assert "line_items" not in small.one("invoices", key)
    assert small.one("invoices", key)["invoice_id"] == key
    streams = small.sandbox.requests_summary()["streams"]
    assert (streams["invoices"]["requests"], streams["invoice_details"]["requests"]) == (1, 3)
    small.sandbox.set_options(daily_quota=4)
    assert small.get("invoices/" + key)[1]["code"] == 45
