"""FastBill's rows as a complete read must give them: ids are text, amounts numbers, moments ISO 8601, nothing is null.

How they look on the wire is in :mod:`integration_tests.sandbox.fastbill_forms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

from integration_tests.sandbox.fastbill_other_rows import (
    OtherRows,
    bank,
    day_text,
    german,
    moment_text,
    party,
)
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import LONG_TEXT, Values

DEFAULT_ROWS: Mapping[str, int] = {
    "customers": 101,
    "invoices": 250,
    "products": 100,
    "recurring_invoices": 1,
    "revenues": 0,
    "contacts": 30,
    "estimates": 12,
    "expenses": 12,
    "projects": 4,
    "times": 120,
    "templates": 3,
}
"""Rows of each stream at scale 1."""

FIRST_IDS: Mapping[str, int] = {
    "customers": 1_204_001,
    "invoices": 5_000_001,
    "products": 310_001,
    "recurring_invoices": 2_700_001,
    "revenues": 5_000_001,
    "contacts": 640_001,
    "estimates": 150_001,
    "expenses": 5_000_001,
    "projects": 801,
    "times": 9_900_001,
    "templates": 0,
}
"""Invoices, expenses and revenues share their ids: these are unique within a service only."""

PROJECTS = ("0", "801", "802", "803")
"""Projects of documents; 0 stands for none."""
TITLES = ("Hosting", "Beratung &amp; Schulung", "Wartung März", "", "R&D", "Größe <b>XL</b>", "請求書")
"""Some services escape HTML in text. What they send is kept as it is."""
QUANTITIES = (1, 10, 0.5, 2.125, 1_000, 0.333333333, 7.75)
RATES = (19, 7, 0, 5.5, 10.7)
PERIODS = ("Januar 2026", "01.02.2026 - 28.02.2026", "", "KW 12", "nach Absprache")
MOMENTS_WITHOUT_VALUE = 9
"""Every so many rows one was never given a LASTUPDATE."""
LONG_ROW = 2
"""Position of a row with a very long text."""


def make_ids(stream: str, count: int) -> list[str]:
    """The ids of a stream in ascending order, with gaps, all of one length; those of templates are hashes."""
    if stream == "templates":
        return [template_hash(n) for n in range(count)]
    return [str(FIRST_IDS[stream] + 2 * n + n // 7) for n in range(count)]


def template_hash(number: int) -> str:
    """Hashes of templates, ascending like all ids."""
    return f"{number:04x}{crc32(str(number).encode()):08x}"


class Maker:
    """Makes rows of every stream, each with the id it is given."""

    def __init__(self, values: Values, customers: Sequence[str]) -> None:
        self.v = values
        self._customers = customers
        self._made = 0
        self.others = OtherRows(values, customers)

    def make(self, stream: str, id_: str, now: int | None = None) -> Row:
        """One row, with ``now`` (unix seconds) created at that time."""
        self._made += 1
        row: Row = {
            "customers": self.customer,
            "invoices": self.invoice,
            "products": self.product,
            "recurring_invoices": self.recurring_invoice,
            "revenues": self.revenue,
            "contacts": self.others.contact,
            "estimates": self.estimate,
            "expenses": self.expense,
            "projects": self.others.project,
            "times": self.others.time,
            "templates": self.others.template,
        }[stream](id_)
        if now is not None:
            row |= {name: german(now) for name in ("CREATED", "LASTUPDATE") if name in row}
        elif self._made % MOMENTS_WITHOUT_VALUE == 0 and "LASTUPDATE" in row:
            row["LASTUPDATE"] = None
        return row

    def customer(self, id_: str) -> Row:
        """A customer."""
        v = self.v
        return {
            "CUSTOMER_ID": id_,
            "CUSTOMER_NUMBER": v.code("K", int(id_) % 100_000),
            "CUSTOMER_TYPE": v.one_of(("business", "consumer")),
            "TOP": v.one_of(("0", "1")),
            "NEWSLETTER_OPTIN": v.one_of(("0", "1")),
            "CUSTOMER_ACCOUNT": "",
            "ACCOUNT_RECEIVABLE": v.in_turn("receivable", (None, "10001", None, "10002")),
            **party(v),
            "POSITION": v.one_of(("", "Einkauf")),
            "ACADEMIC_DEGREE": v.one_of(("", "Dr.")),
            "SECONDARY_ADDRESS": "",
            "PHONE": v.one_of(("", "+49 30 0000000")),
            "PHONE_2": "",
            "FAX": "",
            "MOBILE": "",
            "EMAIL": f"rechnung+{id_}@kunde.example",
            "WEBSITE": "",
            **bank(v),
            "BANK_ACCOUNT_MANDATE_REFERENCE": "",
            "CURRENCY_CODE": "EUR",
            "TAGS": v.one_of(("", "a,b", "Müller & Söhne")),
            "DAYS_FOR_PAYMENT": v.one_of(("0", "14", "30")),
            "PAYMENT_TYPE": v.one_of(("1", "2", "3", "4", "5", "6")),
            "SHOW_PAYMENT_NOTICE": v.one_of(("0", "1")),
            "BUYER_REFERENCE": v.in_turn("buyer", ("", "04011000-1234512345-06")),
            "GLN": "",
            "CREATED": v.in_turn("created", (self._moment(), self._moment(), None)),
            "DELETED_DATE": v.in_turn("deleted", (None, None, None, self._moment())),
            "DOCUMENT_HISTORY_URL": f"https://seller.example/history/{v.token()}",
            "LASTUPDATE": self._moment(),
        }

    def invoice(self, id_: str) -> Row:
        """An invoice, a draft or a credit note."""
        v = self.v
        kind = v.in_turn("kind", ("outgoing", "outgoing", "draft", "credit"))
        state = "draft" if kind == "draft" else v.in_turn("state", ("unpaid", "paid", "overdue", "canceled"))
        document = self._document(id_, kind)
        return document | {
            "PAYMENTS": _paid(document, {"paid": 1, "overdue": 0.25}.get(state, 0)),
            "STATE": state,
            "SUBTYPE": "standard",
            "INVOICE_NUMBER": "" if kind == "draft" else v.code("R", int(id_) % 100_000),
            "PAID_DATE": self._moment() if state == "paid" else None,
            "SUBSCRIPTION_ID": "0",
            "REFERENCED_INVOICE_ID": "0",
            "DETAILS_URL": f"https://seller.example/details/{v.token()}",
        }

    def revenue(self, id_: str) -> Row:
        """An income that was entered rather than written: the same fields, a few less."""
        document = self._document(id_, "outgoing")
        document["PAYMENTS"] = _paid(document, 1 if document["PAID_DATE"] else 0)
        return {name: value for name, value in document.items() if name not in ("SUBTYPE", "AFFILIATE")}

    def recurring_invoice(self, id_: str) -> Row:
        """A template with its schedule. It has no LASTUPDATE, and OCCURENCES has one R."""
        v = self.v
        template = self._document(id_, v.one_of(("outgoing", "Outgoing")))
        for name in ("LASTUPDATE", "PAYMENTS", "COMMENTS", "DOCUMENT_URL"):
            del template[name]
        return template | {
            "START_DATE": self._day(),
            "FREQUENCY": v.one_of(("weekly", "2 weeks", "monthly", "Monthly", "6 months", "2 years")),
            "OCCURENCES": v.one_of(("0", "12")),
            "OUTPUT_TYPE": v.one_of(("draft", "outgoing")),
            "EMAIL_NOTIFY": v.one_of(("0", "1")),
        }

    def estimate(self, id_: str) -> Row:
        """An offer. It has no LASTUPDATE, and lines of its own kind."""
        v, document = self.v, self._document(id_, "")
        lines = [
            {"ESTIMATE_ITEM_ID": line.pop("INVOICE_ITEM_ID"), **line, "IS_GROSS": "0"} for line in document["ITEMS"]
        ]
        kept = (
            *("CUSTOMER_ID", "CUSTOMER_NUMBER", "CUSTOMER_COSTCENTER_ID", "PROJECT_ID", "TEMPLATE_ID"),
            *("INVOICE_TITLE", "INTROTEXT", "PAYMENT_TYPE", "CURRENCY_CODE", "DOCUMENT_URL"),
            *("SUB_TOTAL", "VAT_TOTAL", "TOTAL", "VAT_ITEMS"),
        )
        return {
            "ESTIMATE_ID": id_,
            "STATE": v.in_turn("estimate", ("a", "b", "c", "d", "e", "f")),
            "ESTIMATE_NUMBER": v.code("A", int(id_) % 100_000),
            **party(v),
            **bank(v),
            **{name: document[name] for name in kept},
            "DUE_DATE": self._day(),
            "ESTIMATE_DATE": self._day(),
            "ITEMS": lines,
        }

    def expense(self, id_: str) -> Row:
        """A bill from somebody else. Its lines name it."""
        v, document = self.v, self._document(id_, "")
        lines = [
            {**line, "INVOICE_ID": id_, "CUSTOMER_ID": "0", "NET_VALUE": line["COMPLETE_NET"]}
            for line in document["ITEMS"]
        ]
        kept = (
            *("INVOICE_ID", "ORGANIZATION", "INVOICE_NUMBER", "CURRENCY_CODE", "NOTE", "PAYMENT_INFO"),
            *("INVOICE_DATE", "SERVICE_PERIOD_START", "SERVICE_PERIOD_END", "DUE_DATE", "PAID_DATE"),
            *("CUSTOMER_ID", "PROJECT_ID", "SUB_TOTAL", "VAT_TOTAL", "TOTAL", "VAT_ITEMS", "COMMENTS"),
            "DOCUMENT_URL",
        )
        return {
            **{name: document[name] for name in kept},
            "CATEGORY": v.in_turn("category of an expense", ("Büro", ["Büro", "Reise"])),
            "COMMENT": v.text(),
            "ITEMS": lines,
        }

    def product(self, id_: str) -> Row:
        """An article. It has no moment at all."""
        v = self.v
        return {
            "ARTICLE_ID": id_,
            "ARTICLE_NUMBER": v.in_turn("article", ("A-100", "00042", "Größe/Ä", "x y")) + id_[-3:],
            "TITLE": v.one_of(TITLES),
            "DESCRIPTION": v.text(),
            "UNIT": v.one_of(("", "Stück", "h")),
            "UNIT_PRICE": v.price(),
            "CURRENCY_CODE": "EUR",
            "VAT_PERCENT": v.one_of(RATES),
            "IS_GROSS": v.one_of(("0", "1")),
            "TAGS": v.one_of((None, "", "hosting,server")),
            "TYPE": v.one_of(("product", "digital_product", "service", "none")),
        }

    # Parts

    def _document(self, id_: str, kind: str) -> Row:
        v = self.v
        lines = [self._line(f"{id_}{n}") for n in range(v.in_turn("lines", (1, 2, 3, 0, 1)))]
        net = sum(line["COMPLETE_NET"] for line in lines)
        vat = sum(line["VAT_VALUE"] for line in lines)
        row = {
            "INVOICE_ID": id_,
            "TYPE": kind,
            "CUSTOMER_ID": v.one_of(self._customers) if self._customers else "0",
            "CUSTOMER_NUMBER": v.code("K", v.whole(1, 999)),
            "CUSTOMER_COSTCENTER_ID": "0",
            "CONTACT_ID": "0",
            "PROJECT_ID": v.in_turn("project", PROJECTS),
            "TEMPLATE_ID": str(v.whole(100, 999)),
            **party(v),
            "PAYMENT_TYPE": v.one_of(("1", "2", "3")),
            "DAYS_FOR_PAYMENT": v.one_of(("0", "14")),
            **bank(v),
            "AFFILIATE": v.one_of((None, "")),
            "CURRENCY_CODE": v.one_of(("EUR", "CHF")),
            "BASE_CURRENCY_CODE": "EUR",
            "EXCHANGE_RATE": v.in_turn("exchange", (1, 0.9417, None)),
            "INVOICE_TITLE": v.one_of(TITLES),
            "INVOICE_NUMBER": v.code("R", int(id_) % 100_000),
            "INTROTEXT": v.text(),
            "NOTE": v.text(),
            "INVOICE_DATE": self._day(),
            "DUE_DATE": self._day() + v.one_of(("T00:00:00", "T12:00:00")),
            "PAID_DATE": v.maybe(self._moment()),
            "DELIVERY_DATE": v.in_turn("delivery", PERIODS),
            "SERVICE_PERIOD_START": v.maybe(self._day()),
            "SERVICE_PERIOD_END": v.maybe(self._day()),
            "CASH_DISCOUNT_PERCENT": v.one_of((0, 2.5)),
            "CASH_DISCOUNT_DAYS": v.one_of(("0", "10")),
            "IS_CANCELED": v.one_of(("0", "0", "1")),
            "IS_GROSS": v.one_of(("0", "1")),
            "VAT_CASE": v.one_of(("standard", "b2b_eu_services")),
            "SUB_TOTAL": net,
            "VAT_TOTAL": vat,
            "TOTAL": net + vat,
            "VAT_ITEMS": _by_rate(lines),
            "ITEMS": lines,
            "PAYMENTS": [self._payment(f"{id_}{n}") for n in range(v.in_turn("payments", (0, 1, 2)))],
            "COMMENTS": [self._comment() for _ in range(v.in_turn("comments", (2, 0, 1, 0)))],
            "PAYMENT_INFO": v.one_of(("", "Bitte überweisen Sie bis übermorgen.")),
            "DOCUMENT_URL": f"https://seller.example/document/{v.token()}",
            "LASTUPDATE": self._moment(),
        }
        if self._made == LONG_ROW:
            row["NOTE"] = LONG_TEXT
        return row

    def _line(self, id_: str) -> Row:
        v = self.v
        quantity, price, rate = v.one_of(QUANTITIES), v.price(), v.one_of(RATES)
        net = quantity * price
        category = v.one_of(("Hosting", "Wartung"))
        return {
            "INVOICE_ITEM_ID": id_,
            "ARTICLE_NUMBER": v.one_of(("", "00042")),
            "DESCRIPTION": v.one_of(("Zeile eins<br>Zeile zwei", "", "Beratung")),
            "UNIT": v.one_of(("", "h")),
            "QUANTITY": quantity,
            "UNIT_PRICE": price,
            "VAT_PERCENT": rate,
            "VAT_VALUE": net * rate / 100,
            "COMPLETE_NET": net,
            "COMPLETE_GROSS": net * (100 + rate) / 100,
            "CATEGORY": v.in_turn("category", (category, [category, "Rest"])),
            "SORT_ORDER": 1,
        }

    def _payment(self, id_: str) -> Row:
        v = self.v
        return {
            "PAYMENT_ID": id_,
            "DATE": self._day(),
            "AMOUNT": v.price(),
            "CURRENCY_CODE": "EUR",
            "NOTE": v.text(),
            "TYPE": v.one_of(("transfer", "")),
        }

    def _comment(self) -> Row:
        v = self.v
        return {"DATE": self._moment(), "COMMENT": v.text(), "COMMENT_PUBLIC": v.one_of(("0", "1"))}

    def _moment(self) -> str:
        return moment_text(self.v)

    def _day(self) -> str:
        return day_text(self.v)


def _paid(document: Row, share: float) -> list[Row]:
    """The payments of a document, with amounts that make up a share of its total."""
    due, payments = document["TOTAL"] * share, document["PAYMENTS"]
    if not due:
        return []
    whole = {"PAYMENT_ID": f"{document['INVOICE_ID']}0", "DATE": document["INVOICE_DATE"], "CURRENCY_CODE": "EUR"}
    payments = payments or [{**whole, "AMOUNT": due, "NOTE": "", "TYPE": ""}]
    half = due / len(payments)
    amounts = [half, due - half] if len(payments) > 1 else [due]
    return [payment | {"AMOUNT": amount} for payment, amount in zip(payments, amounts, strict=True)]


def _by_rate(lines: list[Row]) -> list[Row]:
    """Lines added up by their rate of tax."""
    rates = dict.fromkeys(line["VAT_PERCENT"] for line in lines)
    return [
        {
            "VAT_PERCENT": rate,
            **{
                name: sum(line[name] for line in lines if line["VAT_PERCENT"] == rate)
                for name in ("COMPLETE_NET", "VAT_VALUE")
            },
        }
        for rate in rates
    ]
