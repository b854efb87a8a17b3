"""What adds up at Invoiced: lines, discounts and taxes to totals, applications of payments to balances."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import DAY, Values

MAX_AT_ONCE = 20
"""So many debts one payment pays at most, however few payments there are."""


def cents(amount: float) -> float:
    """An amount that can be paid."""
    return round(amount, 2)


def add_up(document: Row) -> None:
    """Fill in the totals of a document from its lines, discounts and taxes."""
    holders = [*document["items"], document]
    discounts, taxes = (
        sum(each["amount"] for holder in holders for each in holder[name]) for name in ("discounts", "taxes")
    )
    document["subtotal"] = cents(sum(line["amount"] for line in document["items"]))
    document["total"] = cents(document["subtotal"] - discounts + taxes)


class Ledger:
    """What invoices were paid, which payments still to be made have to show, and what they use of credit notes."""

    def __init__(self, payments: int = 0) -> None:
        """``payments`` is how many will be made."""
        self.credited: dict[Any, float] = defaultdict(float)
        self._payments = payments
        self._debts: deque[tuple[Any, float]] = deque()

    def pay(self, invoice: Any, total: float, share: float, pieces: int) -> float:
        """Have a share of an invoice paid, in so many pieces, and return what is left to pay."""
        paid = cents(total * share)
        if paid <= 0:  # There is nothing to pay, or money to give back.
            return total
        first = cents(paid / pieces)
        self._debts += [(invoice, amount) for amount in (first, cents(paid - first)) if amount > 0]
        return cents(total - paid)

    def next_payment(self, v: Values) -> list[tuple[Any, float]]:
        """The invoices that the next payment is for, with amounts."""
        left, self._payments = max(self._payments, 1), self._payments - 1
        if left > len(self._debts) and v.chance(0.4):
            return []
        count = max(-(-len(self._debts) // left), v.one_of((1, 1, 1, 3)))
        return [self._debts.popleft() for _ in range(min(count, MAX_AT_ONCE, len(self._debts)))]


def payment_plan(invoice: Row) -> Row | None:
    """The current payment plan of an invoice that names one: two installments, the first of which is paid first."""
    id_ = invoice["payment_plan"]
    if id_ is None:
        return None
    first = cents(invoice["total"] / 2)
    amounts = (first, cents(invoice["total"] - first))
    paid = cents(invoice["total"] - invoice["balance"])
    rests = (max(cents(amounts[0] - paid), 0), cents(amounts[1] - max(paid - amounts[0], 0)))
    return {
        "id": id_,
        "object": "payment_plan",
        "status": "finished" if invoice["paid"] else ("active", "pending_signup", "canceled")[id_ % 3],
        "installments": [
            {"id": id_ * 10 + n, "date": invoice["date"] + 30 * n * DAY, "amount": amount, "balance": rest}
            for n, (amount, rest) in enumerate(zip(amounts, rests, strict=True))
        ],
        "approval": None
        if id_ % 2
        else {"id": id_, "ip": "192.0.2.7", "timestamp": invoice["created_at"], "user_agent": "Browser/1.0"},
        "created_at": invoice["created_at"],
        "updated_at": invoice["created_at"],
    }
