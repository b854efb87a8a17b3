"""Values of Zoho's single documents: addresses, persons, files, and whatever else a name stands for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from integration_tests.sandbox.table import Row
from integration_tests.sandbox.values import Values
from integration_tests.sandbox.zoho_detail_fields import FLAGS, LISTS, NUMBERS, NUMBERS_OR_BLANK, OBJECTS

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "price_precision": (2, 0, ""),
    "exchange_rate": (1, 1.0825),
    "payment_terms": (14, 30, 0),
    "payment_terms_label": ("Net 14", "Due on Receipt"),
    "is_backorder": ("", True),
    "early_payment_discount_due_days": ("", 10),
    "opening_balance_amount_bcy": ("", 12.5),
    "acquisition_vat_percentage": ("", "20"),
    "acquisition_vat_amount": ("", "12.40"),
    "reverse_charge_vat_percentage": ("", "20"),
    "reverse_charge_vat_amount": ("", "12.40"),
    "sales_rate": ("", 19.9),
    "sales_margin": ("", 4.5),
    "markup_percent": (0, 12.5),
    "serial_numbers": ("", "SN-1,SN-2"),
    "contact_tax_information": ("", []),
    "invoice_ids": ([], ["982000000000071001"]),
    "time_entry_ids": ([], ["982000000000071003", "982000000000071005"]),
    "sat_item_key_code": ("", "71121206"),
    "is_flagged_for_risk": ("", "false"),
    "created_at": ("", "2025-06-09T09:46:21-0400"),
    "offline_created_date_with_time": ("",),
    "location": ("", {"location_id": "982000000000070001", "location_name": "Wien"}),
}
AMOUNT_ENDINGS = ("_amount", "_total", "_balance", "_rate", "_percentage", "_percent")
CUSTOM_ID = "982000000000098007"


def value(v: Values, name: str) -> Any:
    """A value of the kind that a name stands for."""
    if name in CHOICES:
        return v.one_of(CHOICES[name])
    if name in LISTS:
        return []
    if name in OBJECTS:
        return {}
    if name.startswith(("is_", "has_", "can_", "show_")) or name in FLAGS:
        return v.chance(0.5)
    if name in NUMBERS_OR_BLANK:
        return v.one_of(("", v.whole(0, 40)))
    if name.endswith("_id"):
        return v.one_of(("", f"9820000000000{v.whole(10_000, 99_999)}"))
    if name.endswith("_count"):
        return v.whole(0, 9)
    if name in NUMBERS:
        return v.whole(0, 5_000) / 4
    if name.endswith(("_date", "_birth")):
        return v.one_of(("", day(v)))
    if name.endswith(("tax", "_taxes", *AMOUNT_ENDINGS)):
        return v.one_of(("", v.whole(0, 900) / 4))
    return v.one_of(("", v.text()))


def day(v: Values) -> str:
    """A date."""
    return time.strftime("%Y-%m-%d", time.gmtime(v.moment()))


def address(v: Values, *, contact: bool = False) -> Row:
    """An address as a single document has it: with ``zip``, where lists have ``zipcode``."""
    own = {
        "attention": v.name(),
        "address": v.text(),
        "street2": "",
        "city": v.one_of(("Zürich", "東京", "")),
        "state": "",
        "zip": "00420",
        "country": v.one_of(("Germany", "")),
        "phone": "",
        "fax": "",
    }
    if not contact:
        return own
    return {
        "address_id": f"9820000000000{v.whole(10_000, 99_999)}",
        **own,
        **dict.fromkeys(("state_code", "county", "country_code", "latitude", "longitude"), ""),
    }


def custom_field(given: Any) -> Row:
    """One that has a value: those without are not listed."""
    return {
        "customfield_id": CUSTOM_ID,
        "field_id": CUSTOM_ID,
        "label": "Cost Centre",
        "api_name": "cf_cost_centre",
        "index": 1,
        "value": given,
        "value_formatted": str(given),
        "data_type": "number" if isinstance(given, int) else "string",
        "placeholder": "cf_cost_centre",
        "show_on_pdf": True,
        "is_active": True,
    }


def tag(v: Values) -> Row:
    """A reporting tag."""
    return {
        "tag_id": "982000000000000080",
        "tag_name": "Region",
        "tag_option_id": f"98200000000000{v.whole(1_000, 9_999)}",
        "tag_option_name": v.one_of(("Süd", "North")),
        "is_tag_mandatory": False,
    }


def file(v: Values) -> Row:
    """An attached file."""
    return {
        "document_id": f"9820000000000{v.whole(10_000, 99_999)}",
        "file_name": v.one_of(("Rechnung für März.pdf", "scan.png")),
        "file_type": "pdf",
        "file_size": v.whole(1, 90_000),
        "file_size_formatted": "12 KB",
        "attachment_order": 1,
    }


def person(v: Values, n: int) -> Row:
    """A person at a contact; the first is the main one."""
    return {
        "contact_person_id": f"9820000000{v.whole(10_000_000, 99_999_999)}",
        "salutation": "",
        "first_name": v.name(),
        "last_name": "",
        "email": v.one_of(("", f"ap+{n}@northwind.example")),
        "phone": "",
        "mobile": "",
        "designation": "",
        "department": "",
        "skype": "",
        "fax": "",
        "date_of_birth": "",
        "is_primary_contact": n == 0,
        "is_added_in_portal": False,
        "communication_preference": {"is_email_enabled": True},
        "contactperson_custom_fields": [],
    }


def delivery_address(v: Values) -> Row:
    """Where a purchase order is to be delivered."""
    return {"organization_address_id": "", "address1": v.text(), "address2": "", "city": "Graz", "zip": "8010"}


def comment(v: Values) -> Row:
    """An entry of a document's history."""
    return {
        "comment_id": f"9820000000000{v.whole(10_000, 99_999)}",
        "comment_type": "system",
        "description": v.text(),
        "commented_by_id": f"9820000000000{v.whole(10_000, 99_999)}",
        "commented_by": v.name(),
        "date": day(v),
        "operation_type": "Added",
    }
