"""Objects that Invoiced nests in its rows: line items, discounts, taxes, payment sources, charges, users."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from integration_tests.sandbox.invoiced_ledger import Ledger, cents
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import DAY, Values

ADDRESS_FIELDS = ("address1", "address2", "city", "state", "postal_code")
DISCOUNTS_IN_TURN = (0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1)
TAXES_IN_TURN = (0, 1, 0, 0, 0, 1, 0, 0)
RATES = (7.5, 19, 0, 8.875, 0.1)
FIRST_PART_ID = 2_486_001
"""Discounts and taxes count their ids together."""
LONG_DOCUMENT_EVERY = 5_000
FIRST_LONG_DOCUMENT = 6
SYSTEM_USER = -2
"""Actors that are no person have ids at or below zero and no names."""


class Parts:
    """Makes the nested objects. ``ids`` holds the ids of every stream, to point at."""

    def __init__(self, values: Values, ids: dict[str, list[Any]], ledger: Ledger | None = None) -> None:
        self.v = values
        self.ids = ids
        self.ledger = ledger or Ledger()
        self._documents = 0
        self._next_id = FIRST_PART_ID

    def some_id(self, stream: str, otherwise: int | str) -> Any:
        """The id of an existing row, or a dangling one where the stream is empty."""
        ids = self.ids.get(stream)
        return self.v.one_of(ids) if ids else otherwise

    def times(self) -> Row:
        """``created_at`` and a later ``updated_at``."""
        created = self.v.moment()
        return {"created_at": created, "updated_at": self.v.moment(created)}

    def address(self) -> Row:
        """Address lines, each of them possibly null."""
        v = self.v
        lines = (v.name(), "Suite 5\n2nd floor", v.one_of(("Zürich", "東京", "", "São Paulo")), "TX", "00420")
        return {name: v.maybe(line) for name, line in zip(ADDRESS_FIELDS, lines, strict=True)}

    def ship_to(self) -> Row | None:
        """A delivery address, mostly missing."""
        if self.v.chance(0.7):
            return None
        v = self.v
        return {"name": v.name(), "attention_to": v.maybe(v.name()), **self.address(), "country": "US"} | (
            {"created_at": 0, "updated_at": v.moment()} if v.chance(0.3) else {}
        )

    def user(self) -> Row:
        """Who did something: a person or a system actor."""
        v = self.v
        number = v.in_turn("user", (31, SYSTEM_USER, 32, 0, 33, -1))
        person = number > 0
        return {
            "id": number,
            "email": f"clerk{number}@seller.example" if person else None,
            "first_name": v.name() if person else None,
            "last_name": "L." if person else None,
            "registered": person,
            "two_factor_enabled": False,
            "created_at": v.moment() if person else None,
            "updated_at": v.moment() if person else None,
        }

    def tax_rate(self, id_: str) -> Row:
        """A tax rate: a percentage, or a fixed amount with a currency."""
        v, number = self.v, crc32(id_.encode())
        percent = number % 4 > 0
        return {
            "id": id_,
            "object": "tax_rate",
            "name": v.name(),
            "currency": None if percent else "usd",
            "value": RATES[number % len(RATES)],
            "is_percent": percent,
            "inclusive": v.chance(0.3),
            "metadata": v.mapping(),
            **self.times(),
        }

    def coupon(self, id_: str) -> Row:
        """A coupon."""
        v = self.v
        return {
            "id": id_,
            "object": "coupon",
            "name": v.name(),
            "currency": v.maybe("usd"),
            "value": v.price(),
            "is_percent": v.chance(0.5),
            "exclusive": v.chance(0.5),
            "duration": v.one_of((0, 3, None)),
            "expiration_date": v.maybe(v.midnight()),
            "max_redemptions": v.one_of((0, 100, None)),
            "metadata": v.mapping(),
            **self.times(),
        }

    def discounts(self, level: str, base: float) -> list[Row]:
        """Mostly none, else one or two of an amount; each embeds its whole coupon or null."""
        v = self.v
        return [
            {
                "id": self._id_of_a_part(),
                "object": "discount",
                "amount": cents(abs(base) * v.one_of((0.1, 0.05, 0.25))),
                "coupon": v.maybe(self.coupon(self.some_id("coupons", "SPRING 10%")), 0.5),
                "expires": v.maybe(v.moment()),
            }
            for _ in range(v.in_turn(f"{level} discounts", DISCOUNTS_IN_TURN))
        ]

    def taxes(self, level: str, base: float) -> list[Row]:
        """Mostly none, else one on an amount; a tax typed in by hand has no rate."""
        v = self.v
        taxes = []
        for _ in range(v.in_turn(f"{level} taxes", TAXES_IN_TURN)):
            rate = v.maybe(self.tax_rate(self.some_id("tax_rates", "VAT")) | {"inclusive": False}, 0.7)
            value = rate["value"] if rate else 5
            amount = value if rate and not rate["is_percent"] else abs(base) * value / 100
            taxes.append({"id": self._id_of_a_part(), "object": "tax", "amount": cents(amount), "tax_rate": rate})
        return taxes

    def _id_of_a_part(self) -> int:
        self._next_id += 1
        return self._next_id

    def line_item(self, id_: int, *, may_be_negative: bool = True) -> Row:
        """A line of a document, or a pending one; a line for a plan carries its subscription and period."""
        v = self.v
        quantity = v.one_of((1, 4, 2.5, 0, 0.333))
        amount = v.whole(1, 500_000) / 100 if quantity else 0
        if may_be_negative and v.chance(0.05):
            amount *= -1
        type_ = v.one_of(("product", None, "service", "plan", "Sonstiges & mehr", "product"))
        row: Row = {
            "id": id_,
            "object": "line_item",
            "catalog_item": v.maybe(self.some_id("items", "flour-25kg")),
            "type": type_,
            "name": v.name(),
            "description": v.maybe(v.text()),
            "quantity": quantity,
            "unit_cost": amount / quantity if quantity else v.amount(),
            "amount": amount,
            "discountable": True,
            "discounts": self.discounts("line", amount),
            "taxable": v.chance(0.8),
            "taxes": self.taxes("line", amount),
            "metadata": v.mapping(),
        }
        if type_ == "plan":
            start = v.midnight()
            row |= {
                "plan": self.some_id("plans", "starter"),
                "subscription": v.maybe(self.some_id("subscriptions", 412)),
                "period_start": start,
                "period_end": start + 30 * DAY - 1,
                "prorated": v.chance(0.3),
            }
        times = self.times()
        if v.chance(0.7):  # The vendor's own sample shows updated_at without created_at.
            row["created_at"] = times["created_at"]
        row["updated_at"] = times["updated_at"]
        return row

    def line_items(self, document: int, *, may_be_negative: bool = True) -> list[Row]:
        """All lines of a document: none, one, or many; they are never paged."""
        self._documents += 1
        count = self.v.one_of((1, 1, 0, 1, 2, 1, 1, 0, 1))
        if self._documents % LONG_DOCUMENT_EVERY == FIRST_LONG_DOCUMENT:
            count = 120
        return [self.line_item(document * 200 + n, may_be_negative=may_be_negative) for n in range(count)]

    def payment_source(self, kind: str, id_: int) -> Row:
        """A card or a bank account. The two kinds count their ids separately, so that ids repeat."""
        v = self.v
        gateway = v.one_of(("stripe", "lawpay", "test", "invoiced"))
        row: Row = {
            "id": id_,
            "object": kind,
            "last4": v.one_of(("0042", "4242", None)),
            "gateway": v.maybe(gateway, 0.9),
            "gateway_id": v.maybe(f"tok_{v.token(12)}", 0.9),
            "gateway_customer": v.maybe(f"cus_{v.token(8)}"),
            "merchant_account": v.maybe(v.whole(1, 9)),
            "chargeable": v.chance(0.9),
            "failure_reason": v.maybe(v.text(), 0.1),
            "receipt_email": v.maybe("pay@northwind.example"),
            **self.times(),
        }
        if kind == "card":
            return row | {
                "brand": v.one_of(("Visa", "Mastercard", "Unknown")),
                "exp_month": v.whole(1, 12),
                "exp_year": v.one_of((2028, 20, 2031)),
                "funding": v.one_of(("credit", "debit", "prepaid", "unknown")),
                "issuing_country": v.maybe("US"),
            }
        return row | {
            "bank_name": v.name(),
            "routing_number": v.one_of(("011000015", "000123456")),
            "verified": v.chance(0.7),
            "currency": "usd",
            "country": v.maybe("US"),
        }

    def any_payment_source(self, customer: int | None) -> Row | None:
        """A payment source embedded in another object, or null."""
        v = self.v
        if v.chance(0.6):
            return None
        source = self.payment_source(v.one_of(("card", "bank_account")), v.whole(1, 900))
        return source | {"customer_id": customer}

    def charge(self, customer: int | None, amount: float) -> Row | None:
        """A processed payment's charge, with its refunds; null for money that came another way."""
        v = self.v
        if v.in_turn("charge", (False, True, False, True, True)):
            return None
        id_, gateway = v.whole(1, 90_000), "test"
        refunds = [
            {
                "id": id_ * 10 + n,
                "object": "refund",
                "charge": id_,
                "currency": "usd",
                "amount": cents(amount / 4),
                "gateway": gateway,
                "gateway_id": f"re_{v.token(8)}",
                "status": "succeeded",
                "failure_message": v.maybe(v.text(), 0.2),
                **self.times(),
            }
            for n in range(v.in_turn("refunds", (0, 1, 0, 2)))
        ]
        return ({"object": "charge"} if v.chance(0.5) else {}) | {
            "id": id_,
            "customer": customer,
            "currency": "usd",
            "amount": amount,
            "gateway": gateway,
            "gateway_id": f"ch_{v.token(8)}",
            "status": v.one_of(("succeeded", "succeeded", "pending", "failed")),
            "receipt_email": v.maybe("pay@northwind.example"),
            "failure_message": v.maybe(v.text(), 0.2),
            "payment_source": self.any_payment_source(customer),
            "amount_refunded": cents(sum(refund["amount"] for refund in refunds)),
            "refunded": False,
            "refunds": refunds,
            "disputed": v.chance(0.1),
            **self.times(),
        }

    def applications(self) -> list[Row]:
        """How a payment was applied: what it pays of invoices, and sometimes something else."""
        v = self.v
        rows = [self._payment_of(invoice, amount) for invoice, amount in self.ledger.next_payment(v)]
        for _ in range(v.in_turn("other applications", (0, 0, 1, 0, 2))):
            kind = v.in_turn("application", ("convenience_fee", "estimate", "credit"))
            row: Row = {"type": kind, "amount": cents(v.whole(1, 5_000) / 100)}
            rows.append(row | ({"estimate": self.some_id("estimates", 61_001)} if kind == "estimate" else {}))
        return [row if v.chance(0.5) else {"id": v.whole(1, 900_000)} | row for row in rows]

    def _payment_of(self, invoice: Any, amount: float) -> Row:
        """With money, with a credit of the customer, or with a credit note."""
        kind = self.v.in_turn("payment", ("invoice", "invoice", "applied_credit", "invoice", "credit_note"))
        row: Row = {"type": kind, "amount": amount, "invoice": invoice}
        if kind != "invoice":
            row["document_type"] = "invoice"
        if kind == "credit_note":
            row["credit_note"] = self.some_id("credit_notes", 70_001)
            self.ledger.credited[row["credit_note"]] += amount
        return row

    def addons(self, subscription: int) -> list[Row]:
        """Add-ons of a subscription; the amount is documented as text and mostly seen as a number."""
        v = self.v
        return [
            {
                "id": subscription * 10 + n,
                "object": "subscription_addon",
                "plan": self.some_id("plans", "starter"),
                "quantity": v.one_of((1, 2.5)),
                "amount": v.one_of((None, 12.5, "12.50")),
                "description": v.maybe(v.text()),
                **self.times(),
            }
            for n in range(v.one_of((0, 1, 0, 2)))
        ]
