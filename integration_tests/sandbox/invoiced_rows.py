"""Rows of Invoiced's streams: every field its documentation names, and those seen only in live answers."""

from __future__ import annotations

from integration_tests.sandbox.invoiced_ledger import add_up, cents
from integration_tests.sandbox.invoiced_parts import Parts
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import DAY, Values

PORTAL = "https://seller.example"


class Rows:
    """Makes rows, each with the id it is given."""

    def __init__(self, values: Values, parts: Parts) -> None:
        self.v = values
        self.parts = parts

    def customer(self, id_: int) -> Row:
        """A customer; -1 autopay days mean that none are set."""
        v, owner = self.v, self.v.maybe(self.v.whole(31, 33))
        return {
            "id": id_,
            "object": "customer",
            "name": v.name(),
            "number": v.code("CUST", id_),
            "email": v.maybe(f"ap+{id_}@northwind.example"),
            "type": v.one_of(("company", "person", "company", "non_profit")),
            "active": v.chance(0.9),
            "attention_to": v.maybe(v.name()),
            **self.parts.address(),
            "country": v.maybe("US"),
            "phone": v.maybe("+1 (555) 010-0042"),
            "language": v.maybe("en"),
            "currency": v.maybe("usd"),
            "tax_id": v.maybe("00-1234567"),
            "autopay": v.chance(0.3),
            "autopay_delay_days": v.in_turn("autopay_delay_days", (-1, None, 0, 3)),
            "payment_terms": v.maybe("NET 30"),
            "payment_source": self.parts.any_payment_source(id_),
            "disabled_payment_methods": v.one_of(([], ["credit_card", "ach"])),
            "taxable": v.chance(0.8),
            "taxes": v.one_of(([], ["VAT"], [self.parts.tax_rate("VAT")], ["VAT", "MwSt. 19 %"])),
            "avalara_entity_use_code": v.maybe("A", 0.2),
            "avalara_exemption_number": v.maybe("000-1", 0.2),
            "chase": v.chance(0.5),
            "chasing_cadence": v.maybe(12),
            "next_chase_step": v.maybe(3),
            "credit_hold": v.chance(0.1),
            "credit_limit": v.maybe(v.price()),
            "owner": owner,
            "owner_id": owner,
            "parent_customer": v.maybe(self.parts.some_id("customers", id_), 0.2),
            "bill_to_parent": v.chance(0.2),
            "consolidated": v.chance(0.2),
            "convenience_fee": v.chance(0.5),
            "ach_gateway": v.maybe(4, 0.3),
            "cc_gateway": v.maybe(5, 0.3),
            "sign_up_page": v.maybe(6, 0.3),
            "sign_up_url": v.maybe(f"{PORTAL}/sign_up/{v.token()}", 0.3),
            "statement_pdf_url": f"{PORTAL}/statements/{v.token()}/pdf",
            "statement_url": f"{PORTAL}/statements/{v.token()}",
            "notes": v.maybe(v.text()),
            "metadata": v.mapping(),
            **self.parts.times(),
        }

    def _document(self, id_: int, kind: str, statuses: tuple[str, ...]) -> Row:
        """What invoices, credit notes and estimates have in common."""
        v, status, secret = self.v, self.v.in_turn(kind, statuses), self.v.token(16)
        lines = self.parts.line_items(id_, may_be_negative=kind != "credit_note")
        base = sum(line["amount"] for line in lines)
        row: Row = {
            "id": id_,
            "object": kind,
            "customer": self.parts.some_id("customers", 7_001),
            "number": v.code(kind[:3].upper(), id_),
            "name": v.maybe(v.name()),
            "currency": v.one_of(("usd", "eur", "jpy")),
            "draft": status == "draft",
            "closed": status == "closed",
            "status": status,
            "date": v.midnight() if v.chance(0.7) else v.moment(),
            "purchase_order": v.maybe("PO 4711/a"),
            "items": lines,
            "notes": v.maybe(v.text()),
            "subtotal": base,
            "discounts": self.parts.discounts(kind, base),
            "taxes": self.parts.taxes(kind, base),
            "shipping": [],
            "total": base,
            "url": f"{PORTAL}/{kind}s/{secret}",
            "pdf_url": f"{PORTAL}/{kind}s/{secret}/pdf",
            "csv_url": v.maybe(f"{PORTAL}/{kind}s/{secret}/csv"),
            "metadata": v.mapping(),
            **self.parts.times(),
        }
        add_up(row)
        return row

    def invoice(self, id_: int) -> Row:
        """An invoice in any state; a draft may lack its number."""
        v = self.v
        row = self._document(
            id_,
            "invoice",
            ("not_sent", "sent", "draft", "viewed", "past_due", "pending", "paid", "voided", "bad_debt"),
        )
        status, subscription = row["status"], v.maybe(self.parts.some_id("subscriptions", 412), 0.3)
        row |= {
            "number": None if status == "draft" and v.chance(0.5) else row["number"],
            "closed": status == "bad_debt",
            "paid": status == "paid",
            "voided": status == "voided",
            "balance": self._balance(row),
            "autopay": v.chance(0.3),
            "attempt_count": v.whole(0, 3),
            "next_payment_attempt": v.maybe(v.moment(), 0.2),
            "subscription": subscription,
            "subscription_id": subscription,
            "due_date": v.maybe(row["date"] + 30 * DAY),
            "payment_terms": v.maybe("NET 30"),
            "ship_to": self.parts.ship_to(),
            "payment_plan": v.in_turn("payment plan", (None, None, id_ % 10**6, None, None)),
            "payment_source": self.parts.any_payment_source(row["customer"]) if v.chance(0.05) else None,
            "late_fees": v.chance(0.5),
            "chase": v.chance(0.5),
            "next_chase_on": v.maybe(v.moment(), 0.1),
            "needs_attention": v.chance(0.1),
            "disabled_payment_methods": [],
            "attachments": v.one_of(([], [], [18])),
            "payment_url": v.maybe(f"{row['url']}/payment", 0.7),
        }
        return row

    def _balance(self, invoice: Row) -> float:
        """What is left to pay: nothing of a paid invoice, and some of what was sent is paid in part."""
        v, status = self.v, invoice["status"]
        total: float = invoice["total"]
        share = 1 if status == "paid" else v.one_of((0, 0, 0.5, 0.25))
        if status in ("draft", "voided") or not share:
            return total
        return self.parts.ledger.pay(invoice["id"], total, share, pieces=v.one_of((1, 1, 2)))

    def credit_note(self, id_: int) -> Row:
        """A credit note; its amounts are never negative, and cover what payments used of it."""
        row = self._document(id_, "credit_note", ("draft", "open", "paid", "closed", "voided"))
        used = cents(self.parts.ledger.credited.get(id_, 0))
        if used > row["total"]:
            more = cents(used - row["total"])
            line = self.parts.line_item(id_ * 200 + len(row["items"]))
            row["items"].append(line | {"quantity": 1, "unit_cost": more, "amount": more, "discounts": [], "taxes": []})
            add_up(row)
        return row | {
            "invoice": self.v.maybe(self.parts.some_id("invoices", 88_001), 0.4),
            "paid": row["status"] == "paid",
            "balance": cents(row["total"] - used),
        }

    def estimate(self, id_: int) -> Row:
        """An estimate; ``approved`` is a flag, or the initials of who approved."""
        v = self.v
        row = self._document(
            id_, "estimate", ("draft", "not_sent", "sent", "approved", "invoiced", "declined", "voided")
        )
        approved = v.in_turn("approved", (None, False, "JD", True))
        return row | {
            "invoice": v.maybe(self.parts.some_id("invoices", 88_001), 0.3),
            "payment_terms": v.maybe("NET 30"),
            "approved": approved,
            "approval": self._approval(row["date"]) | {"initials": "JD"} if approved == "JD" else None,
            "expiration_date": v.maybe(row["date"] + 30 * DAY),
            "ship_to": self.parts.ship_to(),
            "deposit": v.price(),
            "deposit_paid": v.chance(0.3),
        }

    def payment(self, id_: int) -> Row:
        """A payment; money that was not matched has no customer."""
        v, applications = self.v, self.parts.applications()
        customer = v.maybe(self.parts.some_id("customers", 7_001), 1 if applications else 0.7)
        rest = v.one_of((0, 0, v.whole(1, 500_000) / 100))
        amount = cents(sum(each["amount"] for each in applications) + rest)
        row: Row = {
            "id": id_,
            "object": "payment",
            "customer": customer,
            "date": v.midnight(),
            "currency": "usd",
            "amount": amount,
            "balance": rest,
            "matched": v.one_of((None, True, False)),
            "voided": not applications and v.chance(0.3),
            "status": v.one_of(("applied", None)),
            "method": v.one_of(("ach", "cash", "check", "credit_card", "wire_transfer", "carrier_pigeon")),
            "ach_sender_id": v.maybe("0042", 0.2),
            "reference": v.maybe("01450"),
            "source": v.one_of(("keyed", "api", "bank_feed")),
            "notes": v.maybe(v.text()),
            "charge": self.parts.charge(customer, amount),
            "applied_to": applications,
            "pdf_url": f"{PORTAL}/payments/{v.token()}/pdf",
            "metadata": v.mapping(),
            **self.parts.times(),
        }
        if v.chance(0.3):  # Undocumented on payments.
            del row["metadata"]
        return row

    def credit_balance_adjustment(self, id_: int) -> Row:
        """A credit balance adjustment, possibly negative."""
        v, times = self.v, self.parts.times()
        row = {
            "id": id_,
            "object": "credit_balance_adjustment",
            "customer": self.parts.some_id("customers", 7_001),
            "currency": "usd",
            "amount": v.amount(),
            "date": v.midnight(),
            "notes": v.maybe(v.text()),
            "created_at": times["created_at"],
        }
        # Documented, yet in no sample.
        return row | ({"updated_at": times["updated_at"]} if v.chance(0.2) else {})

    def subscription(self, id_: int) -> Row:
        """A subscription; those that do not run have no period."""
        v, start = self.v, self.v.midnight()
        status = v.in_turn("status", ("active", "canceled", "not_started", "finished", "past_due", "active"))
        running = status in ("active", "past_due")
        period = {"start": start + 30 * DAY if running else None, "end": start + 60 * DAY - 1 if running else None}
        return {
            "id": id_,
            "object": "subscription",
            "customer": self.parts.some_id("customers", 7_001),
            "plan": self.parts.some_id("plans", "starter"),
            "amount": v.in_turn("amount", (None, "12.50", 12.5, None, 0)),
            "quantity": v.one_of((1, 2.5, 100)),
            "status": status,
            "start_date": start,
            "bill_in": v.one_of(("advance", "arrears")),
            "bill_in_advance_days": v.whole(0, 5),
            "cycles": v.maybe(12),
            "period_start": period["start"],
            "period_end": period["end"],
            "period_offset_days": 0,
            "renewed_last": period["start"],
            "renews_next": period["end"],
            "snap_to_nth_day": v.maybe(31, 0.2),
            "cancel_at_period_end": v.chance(0.1),
            "canceled_at": v.moment() if status == "canceled" else None,
            "paused": running and v.chance(0.2),
            "contract_period_start": v.maybe(start),
            "contract_period_end": v.maybe(start + 365 * DAY),
            "contract_renewal_cycles": v.maybe(4),
            "contract_renewal_mode": v.one_of(("auto", "manual", "renew_once", "none")),
            "addons": self.parts.addons(id_),
            "discounts": v.one_of(([], [self.parts.coupon("SPRING 10%")])),
            "taxes": v.one_of(([], ["VAT"], [self.parts.tax_rate("VAT")])),
            "ship_to": self.parts.ship_to(),
            "recurring_total": v.price(),
            "mrr": v.price(),
            "description": None,
            "approval": v.maybe(self._approval(start), 0.1),
            "payment_source": None,
            "url": f"{PORTAL}/subscriptions/{v.token()}",
            "metadata": v.mapping(),
            **self.parts.times(),
        }

    def item(self, id_: str) -> Row:
        """An item of the catalog."""
        v = self.v
        return {
            "id": id_,
            "object": "item",
            "name": v.name(),
            "currency": v.maybe("usd", 0.9),
            "unit_cost": v.amount(),
            "description": v.maybe(v.text()),
            "type": v.one_of(("product", None, "service")),
            "taxable": v.chance(0.8),
            "discountable": v.chance(0.8),
            "taxes": [self.parts.tax_rate("VAT")] if v.chance(0.2) else [],
            "avalara_tax_code": v.maybe("P0000000", 0.2),
            "avalara_location_code": v.maybe("01", 0.2),
            "gl_account": v.maybe("0400"),
            "metadata": v.mapping(),
            **self.parts.times(),
        }

    def plan(self, id_: str) -> Row:
        """A plan; only some ways of pricing have tiers."""
        v = self.v
        mode = v.in_turn("pricing_mode", ("per_unit", "custom", "volume", "tiered"))
        tiers = [
            {"max_qty": 10, "unit_cost": 5},
            {"min_qty": 11, "max_qty": 20, "unit_cost": 4.5},
            {"min_qty": 21, "unit_cost": 0.1 + 0.2},
        ]
        return {
            "id": id_,
            "object": "plan",
            "name": v.name(),
            "catalog_item": v.maybe(self.parts.some_id("items", "flour-25kg")),
            "currency": "usd",
            "amount": None if mode == "custom" else v.price(),
            "pricing_mode": mode,
            "quantity_type": v.one_of(("constant", "usage")),
            "interval": v.one_of(("day", "week", "month", "year")),
            "interval_count": v.whole(1, 12),
            "tiers": tiers if mode in ("volume", "tiered") else v.in_turn("tiers", (None, [])),
            "description": v.maybe(v.text()),
            "notes": v.maybe(v.text()),
            "metadata": v.mapping(),
            **self.parts.times(),
        }

    def note(self, id_: int) -> Row:
        """A note about a customer or an invoice."""
        v, customer = self.v, self.v.maybe(self.parts.some_id("customers", 7_001), 0.8)
        user, invoice = self.parts.user(), self.v.maybe(self.parts.some_id("invoices", 88_001), 0.4)
        return {
            "id": id_,
            "object": "note",
            "notes": v.text(),
            "customer": customer,
            "customer_id": customer,
            "invoice": invoice,
            "invoice_id": invoice,
            "user_id": user["id"],
            "user": v.maybe(user, 0.9),
            "metadata": v.mapping(),
            **self.parts.times(),
        }

    def task(self, id_: int) -> Row:
        """A task, done or to be done."""
        v, customer = self.v, self.v.maybe(self.parts.some_id("customers", 7_001), 0.9)
        complete = v.chance(0.5)
        row: Row = {"object": "task"} if v.chance(0.2) else {}  # Tasks are documented without their type.
        return row | {
            "id": id_,
            "name": v.name(),
            "action": v.one_of(("phone", "letter", "email", "review")),
            "customer_id": customer,
            "customer": customer,
            "user_id": v.maybe(v.whole(31, 33)),
            "due_date": v.midnight(),
            "complete": complete,
            "completed_date": v.moment() if complete else None,
            "completed_by_user_id": v.one_of((31, -2)) if complete else None,
            "chase_step_id": v.maybe(3, 0.3),
            **self.parts.times(),
        }

    def _approval(self, moment: int) -> Row:
        return {"id": 3, "ip": "192.0.2.1", "timestamp": moment, "user_agent": self.v.text()}

    # Streams under a customer. That their rows name the customer was only seen in live answers: some do not.

    def contact(self, id_: int, customer: int) -> Row:
        """A contact."""
        v = self.v
        return {
            "id": id_,
            "object": "contact",
            **({"customer": customer, "customer_id": customer} if v.chance(0.6) else {}),
            "name": v.name(),
            "title": v.maybe("Dr."),
            "department": v.maybe(v.text()),
            "email": v.maybe(f"contact{id_}@northwind.example"),
            "phone": v.maybe("+49 (0)30 0000"),
            "primary": v.chance(0.5),
            "sms_enabled": v.one_of((None, True, False)),
            "send_new_invoices": v.chance(0.5),
            **self.parts.address(),
            "country": v.maybe("DE"),
            "address": "",
            **self.parts.times(),
        }

    def pending_line_item(self, id_: int, customer: int) -> Row:
        """A line that waits for the next invoice."""
        return self.parts.line_item(id_) | {"customer": customer}

    def payment_source(self, key: tuple[str, int], customer: int) -> Row:
        """A card or bank account, from its kind and id."""
        twins = {"customer": customer, "customer_id": customer} if self.v.chance(0.6) else {}
        return self.parts.payment_source(*key) | twins
