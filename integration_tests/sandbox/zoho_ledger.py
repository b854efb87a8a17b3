"""Which payment pays which document of Zoho: amounts of several rows that have to agree.

Amounts are whole cents in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integration_tests.sandbox.table import Row

PAYERS: Mapping[str, tuple[str, ...]] = {
    "invoices": ("customer_payments", "creditnotes", "credit_notes"),
    "bills": ("vendor_payments", "vendor_credits"),
}
"""What settles the documents of a list."""
SETTLED = {payer: documents for documents, payers in PAYERS.items() for payer in payers}
WITH_LINES = (
    *("estimates", "sales_orders", "purchase_orders", "retainer_invoices", "recurring_invoices", "expenses"),
    "journals",
)
"""Further lists whose totals have to be whole cents, so that lines can add up to them."""
MOST = 10**9
"""A total is less than that."""
CURRENCIES = 4
"""Currencies come in turn: every fourth document has the same."""


def cents(value: object) -> int:
    """An amount as Zoho sends it; what is no number counts as nothing."""
    try:
        return round(float(str(value)) * 100)
    except (ValueError, OverflowError):
        return 0


def money(amount: int) -> int | float:
    """An amount as Zoho sends it: without decimals where it has none."""
    return amount // 100 if amount % 100 == 0 else amount / 100


class Ledger:
    """What payments and credits are applied to, decided row by row as the lists are made.

    :param ids: the ids of all lists
    """

    def __init__(self, ids: Mapping[str, Sequence[str]]) -> None:
        self._ids = ids
        self._turn: dict[str, int] = {}
        self._received: dict[str, dict[tuple[str, str], int]] = {}
        self._spent: dict[tuple[str, str], dict[str, int]] = {}

    def received(self, document: str) -> Mapping[tuple[str, str], int]:
        """What was applied to an invoice or a bill, by the list and the id of the payer."""
        return self._received.get(document, {})

    def spent(self, payers: str, payer: str) -> Mapping[str, int]:
        """What a payment or credit of a list was applied to, by the id of the document."""
        return self._spent.get((payers, payer), {})

    def settle(self, stream: str, row: Row, *, new: bool = False) -> None:
        """Give a row amounts that agree. Documents come before what pays them; a new one is not paid yet."""
        turn = self._turn[stream] = self._turn.get(stream, -1) + 1
        if stream in PAYERS:
            total = _tidy(row, "total")
            if not new:
                self._pay(stream, row, total, turn)
            self._balance(row)
        elif stream in SETTLED:
            self._spend(stream, row, turn)
        elif stream in WITH_LINES and "total" in row:
            _tidy(row, "total")

    def balanced(self, stream: str, row: Row, values: Row) -> Row:
        """A row after values were set by hand: what is left to pay follows the total, unless it is set as well."""
        if stream in PAYERS and "total" in values and "balance" not in values:
            self._balance(row)
        return row

    def _balance(self, row: Row) -> None:
        left = cents(row["total"]) - sum(self.received(next(iter(row.values()))).values())
        _put(row, "balance", left)
        if "balance_due" in row:
            row["balance_due"] = row["balance"]
        if "write_off_amount" in row:
            row["write_off_amount"] = 0

    def _pay(self, stream: str, row: Row, total: int, turn: int) -> None:
        """A paid document is paid by two, one of which is a credit where there is any; others in part by one."""
        document, payments, credits_ = next(iter(row.values())), PAYERS[stream][0], PAYERS[stream][1:]
        payer = self._payer((payments,), turn)
        second = self._payer(credits_, turn) or self._payer((payments,), turn + CURRENCIES)
        if not total or payer is None:
            return
        if row["status"] == "paid" and second not in (None, payer):
            self._apply(document, payer, total - total // 3)
            self._apply(document, second, total // 3)
        elif row["status"] == "paid":
            self._apply(document, payer, total)
        elif row["status"] in ("partially_paid", "overdue"):
            self._apply(document, payer, total // 2)

    def _payer(self, lists: Sequence[str], turn: int) -> tuple[str, str] | None:
        """One of those with the same currency as the document, where there are enough of them."""
        for name in lists:
            ids = self._ids.get(name, ())
            if ids:
                return name, ids[turn % (len(ids) // CURRENCIES * CURRENCIES or len(ids))]
        return None

    def _apply(self, document: str, payer: tuple[str, str] | None, amount: int) -> None:
        if payer is not None and amount:
            self._received.setdefault(document, {})[payer] = amount
            self._spent.setdefault(payer, {})[document] = amount

    def _spend(self, stream: str, row: Row, turn: int) -> None:
        payer = next(iter(row.values()))
        used = sum(self.spent(stream, payer).values())
        left = (0, 2_000, 75)[turn % 3] if used else 10_000 + turn % MOST
        _put(row, "amount" if "amount" in row else "total", used + left)
        for name in ("unused_amount", "bcy_unused_amount", "balance", "bcy_balance"):
            if name in row:
                _put(row, name, left)
        if "bcy_amount" in row:
            _put(row, "bcy_amount", used + left)
        if "bcy_refunded_amount" in row:
            row["bcy_refunded_amount"] = 0


def _tidy(row: Row, name: str) -> int:
    amount = abs(cents(row[name])) % MOST
    _put(row, name, amount)
    return amount


def _put(row: Row, name: str, amount: int) -> None:
    """Text stays text."""
    row[name] = f"{amount / 100:.2f}" if isinstance(row.get(name), str) else money(amount)
