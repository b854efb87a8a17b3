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
from integration_tests.sandbox.zoho_lists import CREATED, MODIFIED, TIMES

FIELDS: Mapping[str, str] = {
    "items": """
        item_id name item_name status description rate unit tax_id sales_tax_rule_id tax_name tax_percentage tax_type
        sku product_type sat_item_key_code unitkey_code custom_fields created_time has_attachment image_document_id
        image_name image_type is_linked_with_zohocrm last_modified_time source zcrm_product_id""",
    "users": """
        user_id role_id name email user_role status is_current_user photo_url is_customer_segmented user_type
        invitation_type is_employee is_super_admin is_vendor_segmented mobile""",
    "contacts": """
        contact_id contact_name customer_name vendor_name company_name website language_code language_code_formatted
        contact_type contact_type_formatted status customer_sub_type source is_linked_with_zohocrm payment_terms
        payment_terms_id payment_terms_label currency_id currency_code twitter facebook outstanding_receivable_amount
        outstanding_receivable_amount_bcy unused_credits_receivable_amount unused_credits_receivable_amount_bcy
        first_name last_name email phone mobile portal_status portal_status_formatted created_time
        created_time_formatted last_modified_time last_modified_time_formatted custom_fields custom_field_hash
        contactperson_custom_fields ach_supported has_attachment pan_no""",
    "invoices": """
        invoice_id invoice_number status current_sub_status current_sub_status_id customer_id customer_name company_name
        email phone country reference_number date due_date issued_date due_days payment_expected_date last_payment_date
        currency_id currency_code currency_symbol exchange_rate total balance write_off_amount
        unprocessed_payment_amount shipping_charge adjustment billing_address shipping_address is_viewed_by_client
        client_viewed_time is_emailed has_attachment reminders_sent last_reminder_sent_date created_by created_time
        last_modified_time updated_time invoice_source sales_channel transaction_type template_id template_type
        salesperson_id salesperson_name project_name color_code schedule_time documents invoice_url
        ach_payment_initiated zcrm_potential_id zcrm_potential_name custom_fields custom_field_hash location_id
        location_name type is_pre_gst no_of_copies show_no_of_copies is_viewed_in_mail mail_first_viewed_time
        mail_last_viewed_time""",
    "recurring_invoices": """
        recurring_invoice_id recurrence_name customer_name customer_id currency_id currency_code start_date end_date
        last_sent_date next_invoice_date custom_fields billing_address shipping_address child_entity_type created_time
        last_four_digits last_modified_time recurrence_frequency reference_number repeat_every salesperson_id
        salesperson_name status total""",
    "customer_payments": """
        payment_id payment_number invoice_numbers date payment_mode payment_mode_formatted amount bcy_amount
        unused_amount bcy_unused_amount bcy_refunded_amount tax_amount_withheld description reference_number
        customer_id customer_name created_time last_modified_time last_four_digits
        gateway_transaction_id payment_gateway applied_invoices has_attachment documents custom_fields_list payment_type
        payment_status settlement_status sales_channel invoice_number location_id location_name product_description""",
    "credit_notes": """
        creditnote_id creditnote_number status current_sub_status current_sub_status_id date issued_date customer_id
        customer_name reference_number total balance applied_invoices currency_id currency_code exchange_rate
        price_precision rounding_mode salesperson_id salesperson_name is_emailed is_viewed_by_client
        client_viewed_time has_attachment color_code template_id template_type created_time last_modified_time
        location_id location_name""",
    "expenses": """
        expense_id date status account_name description user_name customer_id customer_name currency_id currency_code
        exchange_rate total total_without_tax bcy_total bcy_total_without_tax is_billable is_personal reference_number
        expense_type mileage_type mileage_unit mileage_rate distance start_reading end_reading report_id report_name
        report_number expense_receipt_name has_attachment custom_fields_list created_time last_modified_time
        location_id location_name""",
    "taxes": """
        tax_id tax_name tax_percentage tax_type tax_factor tax_specific_type tax_authority_id tax_authority_name
        is_value_added is_default_tax is_editable diff_rate_reason end_date is_inactive last_modified_time start_date
        status tax_specification""",
    "banking": """
        account_id account_name account_code currency_id currency_code account_type account_sub_type
        uncategorized_transactions total_unprinted_checks is_active balance bank_balance bcy_balance bank_name
        feeds_last_refresh_date is_direct_paypal mfa_required account_number routing_number is_primary_account
        is_paypal_account partner_bank_source_formatted partner_bank_source payout_bank_name is_beta_feed consent_info
        feed_status statement_suggestion_count""",
    "organizations": """
        organization_id name contact_name email is_default_org language_code fiscal_year_start_month
        account_created_date time_zone is_dst_active date_format field_separator industry_type industry_size
        company_id_label company_id_value tax_id_label tax_id_value currency_id currency_code currency_symbol
        currency_format price_precision plan_type plan_name plan_period country_code country_name portal_name
        org_settings tax_group_enabled zi_migration_status account_created_date_formatted is_org_active version AppList
        can_change_timezone country custom_field_type custom_fields digital_signature_mode isOrgActive isOrgNotSupported
        is_dsign_required is_gst_india_version is_registered_for_gst is_search360_enabled is_sku_enabled mode org_action
        org_created_app_source org_joined_app_list org_type phone sales_tax_type source state state_code user_status
        user_status_formatted zi_zb_client zi_zb_edition zoho_one_org can_show_document_tab can_sign_invoice
        is_designated_zone is_export_with_payment_enabled is_free_zone is_hsn_or_sac_enabled
        is_international_trade_enabled is_invoice_pmt_tds_allowed is_quick_setup_completed
        is_registered_for_composite_scheme is_registered_for_tax is_sales_inclusive_tax_enabled
        is_sales_reverse_charge_enabled is_scan_preference_enabled is_solo_org is_tax_registered is_trial_expired
        is_trial_period_extended is_user_accountant is_user_dsign_mandatory is_ziedition is_zpayroll_grid
        partners_domain time_zone_formatted version_formatted""",
    "bills": """
        bill_id vendor_id vendor_name status color_code current_sub_status_id current_sub_status bill_number
        reference_number date due_date due_days currency_id currency_code price_precision exchange_rate total tds_total
        balance unprocessed_payment_amount created_time last_modified_time created_time_formatted
        last_modified_time_formatted created_by last_modified_by is_opening_balance attachment_name has_attachment tags
        is_uber_bill is_tally_bill entity_type client_viewed_time is_viewed_by_client is_bill_reconciliation_violated
        balance_due location_id location_name is_tds_applied is_abn_quoted""",
    "estimates": """
        estimate_id zcrm_potential_id zcrm_potential_name customer_name customer_id company_name status color_code
        current_sub_status_id current_sub_status estimate_number reference_number date currency_id currency_code total
        created_time last_modified_time accepted_date declined_date expiry_date has_attachment tags is_viewed_by_client
        client_viewed_time is_emailed template_type template_id salesperson_id salesperson_name location_id
        location_name""",
    "purchase_orders": """
        purchaseorder_id vendor_id vendor_name company_name order_status billed_status received_status status color_code
        current_sub_status_id current_sub_status purchaseorder_number reference_number date delivery_date
        expected_delivery_date delivery_days due_by_days due_in_days currency_id currency_code price_precision total
        has_attachment tags created_time last_modified_time quantity_yet_to_receive quantity_marked_as_received
        is_po_marked_as_received receives client_viewed_time is_viewed_by_client custom_fields""",
    "sales_orders": """
        salesorder_id zcrm_potential_id zcrm_potential_name customer_name customer_id status salesorder_number
        reference_number date shipment_date shipment_days currency_id currency_code total sub_total bcy_total
        created_time last_modified_time is_emailed has_attachment custom_fields color_code company_name
        current_sub_status current_sub_status_id custom_fields_list delivery_date delivery_method delivery_method_id
        due_by_days due_in_days email invoiced_status is_backorder order_fulfillment_type order_status paid_status
        pickup_location_id quantity_invoiced salesperson_name source total_invoiced_amount""",
    "journals": """
        journal_id journal_date entry_number reference_number currency_id status notes journal_type entity_type total
        bcy_total tags last_modified_time created_by_id created_by_name custom_field""",
    "transactions": """
        transaction_id date amount transaction_type status source account_id account_name account_type price_precision
        customer_id payee is_paid_via_print_check description currency_id currency_code currency_symbol debit_or_credit
        offset_account_name is_offsetaccount_matched reference_number imported_transaction_id is_rule_exist rule_details
        exclude_description is_auto_categorized is_excluded_by_system offset_account_code payroll_tax_group_formatted
        reconcile_status rule_id rule_name running_balance running_balance_formatted""",
}
"""Fields of each list, as far as both products have them."""

INVOICE_FIELDS: Mapping[str, str] = {
    "customer_payments": "is_paid_via_check check_details",
    "credit_notes": "sales_channel",
}
"""What Invoice adds to them."""

BOOKS_FIELDS: Mapping[str, str] = {
    "items": """
        purchase_tax_rule_id purchase_account_id purchase_account_name account_id account_name purchase_description
        purchase_rate can_be_sold can_be_purchased track_inventory item_type product_subtype purpose_of_use vendor_name
        tags actual_available_stock available_stock reorder_level stock_on_hand""",
    "contacts": """
        outstanding_payable_amount outstanding_payable_amount_bcy unused_credits_payable_amount
        unused_credits_payable_amount_bcy track_1099 tags""",
    "invoices": "tags",
    "customer_payments": "account_id account_name tags tax_account_id tax_account_name",
    "credit_notes": "tags item_price item_quantity item_total item_total_price item_total_without_tax",
    "expenses": "paid_through_account_name vendor_id vendor_name tags",
    "taxes": "output_tax_account_name purchase_tax_account_name tax_account_id purchase_tax_account_id",
}
"""What Books adds to them."""
MADE_AS: Mapping[str, str] = {"creditnotes": "credit_notes"}
"""Streams of Books that Invoice calls otherwise."""

STATUSES: Mapping[str, tuple[str, ...]] = {
    "items": ("active", "inactive"),
    "users": ("active", "inactive", "invited"),
    "contacts": ("active", "inactive"),
    "invoices": ("sent", "draft", "overdue", "paid", "void", "unpaid", "partially_paid", "viewed"),
    "recurring_invoices": ("active", "stopped", "expired"),
    "credit_notes": ("open", "draft", "closed", "void"),
    "expenses": ("unbilled", "invoiced", "reimbursed", "nonbillable", "billable"),
    "bills": ("open", "overdue", "paid", "partially_paid", "void"),
    "estimates": ("draft", "sent", "invoiced", "accepted", "declined", "expired"),
    "purchase_orders": ("draft", "open", "billed", "cancelled"),
    "sales_orders": ("draft", "open", "invoiced", "partially_invoiced", "void", "overdue", "closed"),
    "journals": ("published", "draft"),
}
CUSTOM_FIELD_HASH = {"cf_cost_centre": "EU-1", "cf_cost_centre_unformatted": "EU-1"}
BLANK_TIMES = ("items", "contacts", "recurring_invoices", "expenses", "bills", "taxes")
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
    item_total_price item_total_without_tax available_stock actual_available_stock tax_amount_withheld"""
_AMOUNTS_OR_BLANK = """
    purchase_rate stock_on_hand reorder_level exchange_rate mileage_rate due_by_days due_in_days running_balance"""
_AMOUNTS_OR_TEXT = "total balance shipping_charge bcy_amount"
"""Documented as text, seen as numbers; some rows have them as text."""
_COUNTS = """
    payment_terms reminders_sent no_of_copies repeat_every uncategorized_transactions total_unprinted_checks
    statement_suggestion_count plan_type user_status zi_zb_client zi_zb_edition org_created_app_source custom_field_type
    zi_migration_status"""
_FLAGS = """
    ach_supported ach_payment_initiated show_no_of_copies track_inventory track_1099 mfa_required isOrgActive
    isOrgNotSupported tax_group_enabled"""
_DATES = "date due_date journal_date start_date"
_POINTERS: Mapping[str, str] = {
    "customer_id": "contacts",
    "vendor_id": "contacts",
    "tax_id": "taxes",
    "created_by_id": "users",
    "account_id": "banking",
}
_NUMBERS: Mapping[str, str] = {
    "invoice_number": "INV",
    "creditnote_number": "CN",
    "estimate_number": "QT",
    "bill_number": "R",
    "purchaseorder_number": "PO",
    "salesorder_number": "SO",
    "entry_number": "0",
    "payment_number": "00",
}
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "tax_percentage": (19, 7, "70%", "", 8.875, "12.5", 0),
    "tax_type": ("tax", "compound_tax", "tax_group"),
    "currency_code": ("EUR", "USD", "JPY", "INR"),
    "currency_symbol": ("€", "$", "¥", "₹"),
    "contact_type": ("customer", "vendor"),
    "customer_sub_type": ("business", "individual"),
    "payment_mode": ("cash", "check", "banktransfer"),
    "source": ("api", "user", "csv"),
    "documents": ("",),
    "price_precision": (2, 0, 3),
    "expense_type": ("non_mileage", "mileage"),
    "mileage_type": ("non_mileage", "odometer", "manual"),
    "mileage_unit": ("km", "mile"),
    "start_reading": ("", "1042.5"),
    "end_reading": ("", "1100"),
    "recurrence_frequency": ("months", "years", "weeks", "days"),
    "debit_or_credit": ("debit", "credit"),
    "journal_type": ("both", "cash"),
    "is_search360_enabled": ("true", "false"),
    "is_abn_quoted": ("", "true"),
    "is_backorder": ("", True),
    "fiscal_year_start_month": ("april", 0, "1"),
    "org_settings": (True, {"show_org_address_as_one_field": False}),
    "time_zone": ("Asia/Kolkata",),
    "shipment_days": ("", 3, "Overdue by 2 days"),
    "due_days": ("", "Due in 3 days", "Overdue by 1 days"),
    "rule_details": ({}, [], {"rule_id": "982000000000000077"}),
    "receives": ([], [{"receive_id": "982000000000000078"}]),
    "consent_info": ({"consent_remaining_days": "", "is_consent_expired": ""}, {}),
    "check_details": (
        {"check_id": "", "check_status": "", "check_number": "", "memo": "", "expiry_date": ""},
        {"check_id": "982000000000000079", "check_number": "0042", "memo": "für Miete"},
    ),
    "AppList": ([], ["books", "invoice"]),
    "org_joined_app_list": (["books"], []),
    "contactperson_custom_fields": ([],),
    "tags": ([], [{"tag_id": "982000000000000080", "tag_name": "Region", "tag_option_name": "Süd"}]),
    "custom_field": ("", "Cost Centre: EU-1"),
    "custom_fields_list": ("", "Cost Centre: EU-1"),
}
"""Fields that have few values, taken in turn."""


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
        for name, prefix in _NUMBERS.items():
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
        if "created_time" in row:
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
        choices = STATUSES.get(kind) if name == "status" else _CHOICES.get(name)
        if choices:
            return partial(self.v.in_turn, f"{kind}.{name}", choices)
        if name in _POINTERS:
            return partial(self._some_id, _POINTERS[name])
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
            (("_viewed_time",), self._moment),
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
            row.pop("location_id", None)
            row.pop("location_name", None)
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
