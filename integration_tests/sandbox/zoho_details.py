"""Single documents of Zoho: what a list row stands for, with lines, taxes, applications, addresses and all the rest.

A document is made from its row whenever it is asked for, so that an edit of the row shows in it. The same row always
gives the same document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import Part
from integration_tests.sandbox.table import Row, Table
from integration_tests.sandbox.values import Values
from integration_tests.sandbox.zoho_detail_fields import HEADERS, LEFT_OUT, NOT_IN_INVOICE
from integration_tests.sandbox.zoho_detail_lines import LineMaker, Sums
from integration_tests.sandbox.zoho_detail_values import (
    address,
    comment,
    custom_field,
    delivery_address,
    file,
    person,
    tag,
    value,
)
from integration_tests.sandbox.zoho_ledger import PAYERS, Ledger, cents, money
from integration_tests.sandbox.zoho_list_spec import ListSpec

CURSOR = "last_modified_time"
LATER = "2031-01-01T00:00:00+0000"
"""What a detail says that does not agree with its list."""
LISTS = ("line_items", "invoices", "invoices_credited", "bills", "bills_credited")
"""Members that may come as a single object, and are lists in a record."""
NO_TOTAL = 11_900
"""What the lines of a document come to that has no total; cents."""


@dataclass(frozen=True)
class DetailSpec:
    """The single documents of one list.

    :param name: what streams of them begin with, such as ``invoice`` in ``invoice_line_items``
    :param envelope: what the document is called in the answer
    :param lines: whether there are some
    :param applications: the member that tells what a payment or a credit was applied to
    :param several: the path and the parameter that give several in one call
    """

    name: str
    envelope: str
    lines: bool = True
    applications: str = ""
    several: tuple[str, str] = ("", "")

    @property
    def kind(self) -> str:
        """The document in the words of Zoho Books."""
        return "creditnote" if self.name == "credit_note" else self.name


DETAILS: Mapping[str, DetailSpec] = {
    "invoices": DetailSpec("invoice", "invoice"),
    "recurring_invoices": DetailSpec("recurring_invoice", "recurring_invoice"),
    "retainer_invoices": DetailSpec("retainer_invoice", "retainerinvoice"),
    "estimates": DetailSpec("estimate", "estimate"),
    "creditnotes": DetailSpec("creditnote", "creditnote", applications="invoices_credited"),
    "credit_notes": DetailSpec("credit_note", "creditnote", applications="invoices_credited"),
    "sales_orders": DetailSpec("sales_order", "salesorder", several=("salesorders", "salesorder_ids")),
    "purchase_orders": DetailSpec("purchase_order", "purchaseorder"),
    "bills": DetailSpec("bill", "bill"),
    "vendor_credits": DetailSpec("vendor_credit", "vendor_credit", applications="bills_credited"),
    "recurring_bills": DetailSpec("recurring_bill", "recurring_bill"),
    "expenses": DetailSpec("expense", "expense"),
    "journals": DetailSpec("journal", "journal"),
    "customer_payments": DetailSpec("customer_payment", "payment", lines=False, applications="invoices"),
    "vendor_payments": DetailSpec("vendor_payment", "vendorpayment", lines=False, applications="bills"),
    "contacts": DetailSpec("contact", "contact", lines=False),
    "items": DetailSpec("item", "item", lines=False, several=("itemdetails", "item_ids")),
}
"""By list. Of the further lists nothing is known that the row does not have."""


def parts_in(lists: Mapping[str, ListSpec]) -> Mapping[str, Part]:
    """Everything that a detail gives as a stream: the whole document, its lines, its applications."""

    def each() -> Iterator[tuple[str, Part]]:
        for stream, spec in DETAILS.items():
            if stream not in lists:
                continue
            (key,) = lists[stream].key
            yield f"{spec.name}_details", Part(stream, "", key, CURSOR)
            if spec.lines:
                yield f"{spec.name}_line_items", Part(stream, "line_items", key, CURSOR)
            if spec.applications:
                yield f"{spec.name}_applications", Part(stream, spec.applications, key, CURSOR)

    return dict(each())


def rows_of(part: Part, document: Row, row: Row) -> Iterator[Row]:
    """The rows of a stream that one document gives.

    :param row: the document's row in its list, with its ``organization_id``
    """
    stamps = {part.document: row[part.document], "organization_id": row["organization_id"], CURSOR: row.get(CURSOR)}
    if not part.member:
        document = {name: each for name, each in document.items() if name not in LEFT_OUT}
        for name in LISTS:
            if isinstance(document.get(name), dict):
                document[name] = [document[name]]
        yield document | stamps
        return
    members = document.get(part.member) or []
    for position, member in enumerate([members] if isinstance(members, dict) else members, start=1):
        stamps["position"] = position
        yield stamps | {f"row_{name}" if name in stamps else name: each for name, each in member.items()}


class Documents:
    """Makes the documents of all lists.

    :param tables: the lists
    :param lines: makes the lines of documents
    """

    def __init__(
        self, seed: int, tables: Mapping[str, Table], lines: LineMaker, ledger: Ledger, options: Options, *, books: bool
    ) -> None:
        self._seed = seed
        self._books = books
        self._tables = tables
        self._ledger = ledger
        self._options = options
        self._lines = lines

    def make(self, stream: str, row: Row) -> Row:
        """A document in full.

        :param row: its row in the list, as it is sent
        """
        spec = DETAILS[stream]
        id_ = str(next(iter(row.values())))
        v = Values(self._seed, f"{stream}/{id_}")
        # Lists have zipcode, and blank text for the files.
        document = {name: each for name, each in row.items() if name not in ("documents", "applied_invoices")}
        lacks = frozenset() if self._books else NOT_IN_INVOICE.get(spec.kind, frozenset())
        names = [name for name in HEADERS[spec.kind].split() if name not in lacks]
        document |= {name: value(v, name) for name in names if name not in document}
        made = self._common(v, spec, row)
        if spec.kind == "journal":
            made |= self._journal(v, id_, document)
        elif spec.lines:
            made |= self._lined(v, spec, id_, document)
        document |= {name: each for name, each in made.items() if name in document} | self._own(
            v, stream, id_, document
        )
        return self._shaped(spec, document)

    def _common(self, v: Values, spec: DetailSpec, row: Row) -> Row:
        """What many documents have."""
        contact = spec.name == "contact"
        return {
            "documents": v.one_of(([], [file(v)])),
            "custom_fields": row.get("custom_fields") or v.one_of(([], [custom_field("EU-1")], [custom_field(3)])),
            "billing_address": address(v, contact=contact),
            "shipping_address": address(v, contact=contact),
            "delivery_address": delivery_address(v),
            "tags": v.one_of(([], [tag(v)])),
            "comments": [comment(v)],
            "contact_persons_associated": v.one_of(([], [{"contact_person_id": "982000000000052003"}])),
            "payment_options": {"payment_gateways": [{"configured": True, "gateway_name": "paypal"}]},
            "check_details": {"check_id": "", "check_number": v.one_of(("", "0042")), "memo": v.text()},
            "lock_details": {"can_lock": False},
        }

    def _lined(self, v: Values, spec: DetailSpec, id_: str, document: Row) -> Row:
        total = cents(document["total"]) if "total" in document else NO_TOTAL
        lines, sums = self._lines.lines(v, spec.kind, id_, total, document)
        return {
            "line_items": lines,
            "sub_total": money(sums.net),
            "tax_total": money(sums.tax),
            "tax_amount": money(sums.tax),
            "taxes": _taxes(spec, sums),
            "expense_item_id": lines[0]["line_item_id"],
            "is_inclusive_tax": False,
            "discount": sums.percent or 0,
            "discount_type": "entity_level" if sums.discount else "item_level",
            "is_discount_before_tax": True,
            "discount_total": money(sums.discount),
            "shipping_charge": money(sums.shipping),
            "adjustment": money(sums.adjustment),
            "roundoff_value": 0,
        }

    def _journal(self, v: Values, id_: str, document: Row) -> Row:
        total = cents(document["total"])
        return {
            "line_items": self._lines.journal(v, id_, total),
            "line_item_total": money(total),
            "bcy_total": money(total),
            "exchange_rate": 1,
            "taxes": [],
            "custom_fields": "",
            "created_time": "2026-08-01T07:30:00+0200",
        }

    def _own(self, v: Values, stream: str, id_: str, document: Row) -> Row:
        """What documents of one kind have."""
        if stream == "invoices":
            return {**self._paid(stream, id_), "contact": {"customer_balance": 135.6, "credit_limit": 0}}
        if stream == "bills":
            return {**self._paid(stream, id_), **self._payers_of_bill(id_)}
        if stream == "customer_payments":
            own = {"updated_time": document.pop(CURSOR), "invoices": self._applied(stream, id_), "payment_refunds": []}
            return own | {"currency_code": self._currency(stream, id_)}
        if stream == "vendor_payments":
            return {"bills": self._applied(stream, id_), "vendorpayment_refunds": []}
        if stream in ("creditnotes", "credit_notes", "vendor_credits"):
            name = "bills_credited" if stream == "vendor_credits" else "invoices_credited"
            used = sum(self._ledger.spent(stream, id_).values())
            refunded = cents(document["total"]) - used - cents(document["balance"])
            sums = {"total_credits_used": money(used), "total_refunded_amount": money(refunded)}
            return {name: self._applied(stream, id_), **sums}
        if stream == "contacts":
            cards = {
                name: [{"last_four_digits": "4242", "account_number": "DE00-NOT-FOR-READERS"}] for name in LEFT_OUT
            }
            people = [person(v, n) for n in range(v.whole(0, 2))]
            return {**cards, "contact_persons": people, "addresses": v.one_of(([], [address(v, contact=True)]))}
        return {}

    def _paid(self, stream: str, id_: str) -> Row:
        """What is paid and credited, so that total less both is the balance."""
        received = self._ledger.received(id_)
        paid = sum(amount for (payers, _), amount in received.items() if payers == PAYERS[stream][0])
        credited = sum(received.values()) - paid
        if stream == "bills":
            return {"payment_made": money(paid), "vendor_credits_applied": money(credited)}
        amounts = {"payment_made": money(paid), "credits_applied": money(credited)}
        return {**amounts, "write_off_amount": 0, "tax_amount_withheld": 0}

    def _payers_of_bill(self, id_: str) -> Row:
        rows: dict[str, list[Row]] = {"payments": [], "vendor_credits": []}
        for (payers, payer), amount in self._ledger.received(id_).items():
            other = self._row(payers, payer)
            if payers == "vendor_payments":
                one = {"bill_payment_id": _application(payer, id_), "payment_id": payer, "bill_id": id_}
                one |= {name: other.get(name, "") for name in ("payment_number", "payment_mode", "date")}
                rows["payments"].append(one | {"amount": money(amount), "apply_date": "", "check_details": {}})
            else:
                one = {"vendor_credit_bill_id": _application(payer, id_), "vendor_credit_id": payer}
                one |= {name: other.get(name, "") for name in ("vendor_credit_number", "date")}
                rows["vendor_credits"].append(one | {"amount": money(amount)})
        return {**rows, "purchaseorders": []}

    def _applied(self, stream: str, payer: str) -> list[Row]:
        """What a payment or a credit was applied to, with the amounts of today."""
        return [
            self._application_row(stream, payer, document, amount)
            for document, amount in self._ledger.spent(stream, payer).items()
        ]

    def _application_row(self, stream: str, payer: str, document: str, amount: int) -> Row:
        id_, bill = _application(payer, document), stream.startswith("vendor")
        other = self._row("bills" if bill else "invoices", document)
        number = "bill_number" if bill else "invoice_number"
        target = {("bill_id" if bill else "invoice_id"): document, number: other.get(number, "")}
        date = {"date": other.get("date", "")}
        if stream == "vendor_credits":
            return {"vendor_credit_bill_id": id_, **target, **date, "amount": money(amount)}
        if stream != "customer_payments" and not bill:
            names = {name: self._row(stream, payer).get(name, "") for name in ("creditnote_id", "creditnote_number")}
            return {"creditnote_invoice_id": id_, **names, **target, **date, "credited_amount": money(amount)}
        row: Row = {
            ("bill_payment_id" if bill else "invoice_payment_id"): id_,
            **target,
            "amount_applied": money(amount),
            "tax_amount_withheld": 0,
            "total": money(cents(other.get("total"))),
            "balance": money(cents(other.get("balance"))),
            **date,
            "due_date": other.get("due_date", ""),
            "apply_date": "",
            "price_precision": 2,
        }
        if bill:
            return row | {"is_opening_balance": False}
        stranger = (
            other.get("customer_id") if other.get("customer_id") != self._row(stream, payer)["customer_id"] else ""
        )
        return row | {"invoice_customer_id": stranger or "", "discount_amount": 0, "allow_partial_payments": ""}

    def _currency(self, stream: str, payer: str) -> str:
        documents = list(self._ledger.spent(stream, payer))
        return str(self._row("invoices", documents[0]).get("currency_code", "EUR")) if documents else "EUR"

    def _row(self, stream: str, key: str) -> Row:
        """A row of a list; empty where it is gone."""
        table = self._tables[stream]
        return table.row(key) if key in table else {}

    def _shaped(self, spec: DetailSpec, document: Row) -> Row:
        """The document in the form that the options choose."""
        times = self._options.text("detail_times")
        if times == "absent":
            document = {name: each for name, each in document.items() if name not in (CURSOR, "updated_time")}
        elif times == "later":
            document |= {name: LATER for name in (CURSOR, "updated_time") if name in document}
        if self._options.text("detail_lists") == "single":
            lists = ("line_items", spec.applications)
            document |= {name: document[name][0] for name in lists if len(document.get(name, [])) == 1}
        if self._options.text("detail_members") == "filled":
            document = {name: each for name, each in document.items() if each not in ("", [], {})}
        return document


def _taxes(spec: DetailSpec, sums: Sums) -> list[Row]:
    """The taxes of a document one by one. Some documents have the amounts as text."""
    return [
        {
            "tax_id": each["tax_id"],
            "tax_name": each["tax_name"],
            "tax_amount": f"{each['sum'] / 100:.2f}" if spec.kind in ("bill", "creditnote") else money(each["sum"]),
        }
        for each in sums.taxes.values()
    ]


def _application(payer: str, document: str) -> str:
    """The id of what ties a payment to a document."""
    return f"{payer}{int(document) % 10**9}"
