"""Rows of Zoho's lists: every field that was documented or seen, with the odd types these were seen in.

A field mostly means the same in every list, so its values are made by its name; only what a list has of its own is
said there. Times are kept as unix seconds beside the row and become text when the row is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import LONG_TEXT, Values
from integration_tests.sandbox.zoho_choices import CHOICES, NUMBERS, POINTERS, STATUSES
from integration_tests.sandbox.zoho_fields import BOOKS_FIELDS, FIELDS, INVOICE_FIELDS, MADE_AS
from integration_tests.sandbox.zoho_list_spec import CREATED, MODIFIED, TIMES

CUSTOM_FIELD_HASH = {"cf_cost_centre": "EU-1", "cf_cost_centre_unformatted": "EU-1"}
BLANK_TIMES = (
    *("items", "contacts", "recurring_invoices", "recurring_expenses", "expenses", "bills", "taxes", "vendor_payments"),
    "chart_of_accounts",
)
"""Lists in which some rows have no last_modified_time."""
LONG_FIELDS = ("description", "notes", "company_name")
DISTINCT_ROWS = 2_000
"""After so many rows the further ones resemble these: a benchmark must not wait for its data."""
LONG_ROW, FIRST_BLANK = 2, 3
"""Positions of rows with a peculiarity."""

_AMOUNTS = """
    rate total balance amount bcy_amount total_without_tax bcy_total bcy_total_without_tax write_off_amount
    shipping_charge adjustment distance tds_total balance_due sub_total bank_balance bcy_balance
    quantity_yet_to_receive quantity_marked_as_received quantity_invoiced item_price item_quantity item_total
    item_total_price item_total_without_tax available_stock actual_available_stock tax_amount_withheld amount_bcy
    amount_fcy cost_rate bcy_balance gain_or_loss current_asset_value asset_cost depreciation_percentage total_life
    tax_total acquisition_vat_total reverse_charge_vat_total"""
_AMOUNTS_OR_BLANK = """
    purchase_rate stock_on_hand reorder_level exchange_rate mileage_rate due_by_days due_in_days running_balance
    debit_amount credit_amount current_balance"""
_AMOUNTS_OR_TEXT = "total balance shipping_charge bcy_amount"
"""Documented as text, seen as numbers; some rows have them as text."""
_COUNTS = """
    payment_terms reminders_sent no_of_copies repeat_every uncategorized_transactions total_unprinted_checks
    statement_suggestion_count plan_type user_status zi_zb_client zi_zb_edition org_created_app_source custom_field_type
    zi_migration_status rule_order"""
_FLAGS = """
    ach_supported ach_payment_initiated show_no_of_copies track_inventory track_1099 mfa_required isOrgActive
    isOrgNotSupported tax_group_enabled auto_exchange_rate_enabled"""
_DATES = "date due_date journal_date start_date log_date"


class RowMaker:
    """Makes rows of every list, each with the id it is given. ``ids`` holds the ids of every stream, to point at."""

    def __init__(self, values: Values, ids: Mapping[str, Sequence[str]], books: bool) -> None:
        self.v = values
        self._ids = ids
        self._more_fields = BOOKS_FIELDS if books else INVOICE_FIELDS
        self._made: dict[str, int] = {}
        self._make_tables()
        self._transfer = ("", "")
        self._own: Mapping[str, Callable[[Row], Row]] = {
            "contacts": self._contact,
            "invoices": self._invoice,
            "taxes": self._tax,
            "transactions": self._transaction,
            "purchase_orders": self._purchase_order,
            "bills": self._bill,
            "customer_payments": self._payment,
            "credit_notes": self._credit_note,
        }

    def _make_tables(self) -> None:
        self._fields: dict[str, list[tuple[str, Callable[[], Any]]]] = {}
        self._by_name = self._fields_by_name()
        self._by_ending = self._fields_by_ending()

    def __getstate__(self) -> dict[str, Any]:
        # The tables are full of functions without a name, which cannot be stored.
        return {name: value for name, value in vars(self).items() if name not in ("_fields", "_by_name", "_by_ending")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_tables()

    def make(self, stream: str, id_: str) -> Row:
        """One row, with its times as unix seconds."""
        kind = MADE_AS.get(stream, stream)
        turn = self._made[kind] = self._made.get(kind, -1) + 1
        if kind not in self._fields:
            self._fields[kind] = self._fields_of(kind)
        fields = self._fields[kind]
        row: Row = {name: make() for name, make in fields}
        row[fields[0][0]] = id_
        for name, prefix in NUMBERS.items():
            if name in row:
                row[name] = self.v.code(prefix, int(id_) % 100_000)
        self._set_times(row)
        row |= self._own.get(kind, _nothing)(row)
        return row | self._surprises(turn, row)

    def many(self, stream: str, ids: Sequence[str], blank: int, bulk: int) -> Iterator[Row]:
        """Rows of a whole list; every tenth shares its times with the one before. Of the first, ``blank`` have no time
        of modification in some lists, and ``bulk`` have the same one.
        """
        models: list[Row] = []
        previous: Row = {}
        kind = MADE_AS.get(stream, stream)
        for n, id_ in enumerate(ids):
            if n < DISTINCT_ROWS:
                row = self.make(stream, id_)
                models.append(row)
            else:
                row = self._like(models[n % DISTINCT_ROWS], kind, id_)
            if MODIFIED in row:
                if n % 10 == 9 or (n < bulk and n):
                    row |= {column: previous[column] for column in (CREATED, MODIFIED) if column in row}
                if kind in BLANK_TIMES and FIRST_BLANK <= n < FIRST_BLANK + blank:
                    row[MODIFIED] = None
                else:
                    previous = row
            if n == LONG_ROW:
                row |= {name: LONG_TEXT for name in LONG_FIELDS if name in row}
            yield row

    def _like(self, model: Row, kind: str, id_: str) -> Row:
        """A copy with an id, a customer and times of its own: quicker to make than something new."""
        row = dict(model)
        row["imported_transaction_id" if kind == "transactions" else next(iter(model))] = id_
        if row.get("customer_id"):
            row["customer_id"] = self._some_id("contacts")
        self._set_times(row)
        return row

    def _set_times(self, row: Row) -> None:
        created = self.v.moment()
        if "created_time" in row and row["created_time"] is None:
            row[CREATED] = created
        if "last_modified_time" in row:
            row[MODIFIED] = self.v.moment(created)

    def _some_id(self, stream: str) -> str:
        """The id of an existing row, or a dangling one where the stream is empty."""
        ids = self._ids.get(stream)
        return self.v.one_of(ids) if ids else "982000000000000099"

    def _fields_of(self, kind: str) -> list[tuple[str, Callable[[], Any]]]:
        """The fields of a list in order, the id first, with what makes their values."""
        names = (FIELDS[kind] + " " + self._more_fields.get(kind, "")).split()
        return [(name, self._maker_of(kind, name)) for name in names]

    def _maker_of(self, kind: str, name: str) -> Callable[[], Any]:
        choices = STATUSES.get(kind) if name == "status" else CHOICES.get(f"{kind}.{name}", CHOICES.get(name))
        if choices:
            return partial(self.v.in_turn, f"{kind}.{name}", choices)
        if pointer := POINTERS.get(f"{kind}.{name}", POINTERS.get(name)):
            return partial(self._some_id, pointer)
        if name in self._by_name:
            return self._by_name[name]
        if name.startswith(("is_", "has_", "can_")):
            return self._flag
        return next((make for ending, make in self._by_ending if name.endswith(ending)), self._text)

    def _fields_by_name(self) -> dict[str, Callable[[], Any]]:
        v = self.v
        kinds: tuple[tuple[str, Callable[[], Any]], ...] = (
            (_AMOUNTS, v.amount),
            (_AMOUNTS_OR_TEXT, lambda: f"{v.amount():.2f}" if v.chance(0.1) else v.amount()),
            (_AMOUNTS_OR_BLANK, lambda: v.one_of(("", v.amount(), f"{v.price()}"))),
            (_COUNTS, lambda: v.whole(0, 30)),
            (_FLAGS, self._flag),
            (_DATES, lambda: v.in_turn("date", (self._date(), self._date(), "2031-12-31", self._date()))),
            (" ".join((*TIMES, "updated_time")), lambda: None),
            ("custom_fields", self._custom_fields),
            ("custom_field_hash", lambda: v.one_of(({}, CUSTOM_FIELD_HASH))),
            ("billing_address shipping_address", self._address),
            ("schedule_time", self._moment),
        )
        return {name: make for names, make in kinds for name in names.split()}

    def _fields_by_ending(self) -> tuple[tuple[tuple[str, ...], Callable[[], Any]], ...]:
        v = self.v
        return (
            (("_amount", "_amount_bcy"), v.amount),
            (("_date",), lambda: v.one_of(("", self._date()))),
            (("_viewed_time", "_started_at", "_refresh_time"), self._moment),
            (("_hours",), lambda: v.one_of(("00:00", "12:26"))),
            (("_id",), lambda: v.one_of(("", *(f"9820000000000{v.whole(10_000, 99_999)}" for _ in range(2))))),
            (("name", "payee", "_by"), v.name),
            (("email",), lambda: v.one_of(("", f"ap+{v.whole(1, 99)}@northwind.example"))),
        )

    def _text(self) -> str:
        return self.v.one_of(("", self.v.text()))

    def _flag(self) -> bool:
        return self.v.chance(0.5)

    def _moment(self) -> str:
        return self.v.one_of(("", self._date() + "T09:05:11+0530"))

    def _custom_fields(self) -> list[Row]:
        v = self.v
        return v.one_of(([], [_custom_field("EU-1")], [_custom_field(v.text()), _custom_field(3)]))

    def _date(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self.v.moment()))

    def _address(self) -> Row:
        v = self.v
        return {
            "address": v.text(),
            "street2": "",
            "city": v.one_of(("Zürich", "東京", "")),
            "state": "",
            "zipcode": "00420",
            "country": v.one_of(("Germany", "")),
            "phone": "",
            "fax": "",
            "attention": v.name(),
        }

    # What a list has of its own.

    def _contact(self, row: Row) -> Row:
        return {"customer_name": row["contact_name"], "vendor_name": row["contact_name"]}

    def _invoice(self, row: Row) -> Row:
        """Nobody in particular sold it, often; drafts and void ones have no link."""
        own: Row = {"invoice_url": f"https://books.example/pay/{self.v.token()}"}
        if row["status"] in ("draft", "void"):
            del row["invoice_url"]
            own = {}
        if self.v.chance(0.4):
            own |= {"salesperson_id": "-1", "salesperson_name": "Others"}
        return own

    def _payment(self, row: Row) -> Row:
        one = {"invoice_id": self._some_id("invoices"), "invoice_number": "INV-00001", "amount_applied": 0.1 + 0.2}
        return {"applied_invoices": self.v.one_of(([], [one], [one, one | {"invoice_number": "INV-00002"}]))}

    def _credit_note(self, row: Row) -> Row:
        return {"applied_invoices": self.v.one_of(("", "INV-00001,INV-00002"))}

    def _tax(self, row: Row) -> Row:
        inactive = self.v.in_turn("tax", (False, False, True, False))
        return {"is_inactive": inactive, "status": "Inactive" if inactive else "Active", "tax_factor": "rate"}

    def _bill(self, row: Row) -> Row:
        return {"is_opening_balance": row["bill_id"], "balance_due": row["balance"]}

    def _purchase_order(self, row: Row) -> Row:
        return {"price_precision": ""}

    def _transaction(self, row: Row) -> Row:
        """Four kinds in turn: booked, waiting in the feed without an id, matched, and the other half of a
        transfer, which has the id of the first in another account.
        """
        id_ = row["transaction_id"]
        turn = self.v.in_turn("transaction", (0, 1, 2, 3))
        if turn == 1:
            return {"transaction_id": "", "imported_transaction_id": id_, "status": "uncategorized"}
        if turn == 2:
            self._transfer = (id_, row["account_id"])
            return {"imported_transaction_id": f"{int(id_) + 1}", "status": "matched"}
        status = self.v.in_turn("transaction.status", ("manually_added", "categorized", "excluded"))
        own: Row = {"imported_transaction_id": "", "status": status}
        if turn == 3:
            first, account = self._transfer
            others = [other for other in self._ids.get("banking", ()) if other != account]
            if others:
                own |= {"transaction_id": first, "account_id": self.v.one_of(others), "transaction_type": "transfer"}
        return own

    def _surprises(self, turn: int, row: Row) -> Row:
        """Columns of custom fields, fields nobody announced, nulls, and fields that are missing."""
        if turn % 5 == 1:
            return {"x_new_field": self.v.one_of(("added without notice", None, 7, {"nested": [1, {}]}))}
        if turn % 5 == 2 and "custom_fields" in row:
            return {"cf_cost_centre": "EU-1", "cf_limit": 0.1 + 0.2, "cf_limit_unformatted": 0.3}
        if turn % 5 == 3:
            for name in ("location_id", "location_name"):
                if name != next(iter(row)):
                    row.pop(name, None)
            return {name: None for name in ("reference_number", "description", "mobile") if name in row}
        return {}


def _nothing(row: Row) -> Row:
    return {}


def _custom_field(value: Any) -> Row:
    return {
        "customfield_id": "982000000000098007",
        "field_id": "982000000000098007",
        "label": "Cost Centre",
        "api_name": "cf_cost_centre",
        "index": 1,
        "value": value,
        "value_formatted": str(value),
        "data_type": "number" if isinstance(value, int) else "string",
    }
