"""What probes see of each option of the sandbox, in both of its positions or all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of each option, a value and what probes see then.
INVOICED: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "updated_after": {
        "exclusive": {"invoices-filter": "honoured", "invoices-boundary": "left out", "plans-boundary": "left out"},
        "inclusive": {"invoices-filter": "honoured", "invoices-boundary": "included", "plans-boundary": "included"},
        "ignored": {"invoices-filter": "ignored", "customers-filter": "ignored", "payments-before": "ignored"},
    },
    "updated_before": {
        "payments": {"payments-before": "honoured", "invoices-before": "ignored", "customers-before": "ignored"},
        "all": {"payments-before": "honoured", "invoices-before": "honoured", "customers-before": "honoured"},
        "none": {"payments-before": "ignored", "invoices-before": "ignored"},
    },
    "list_body": {"array": {"list-body": "a bare array"}, "data": {"list-body": "an object with data"}},
    "headers": {
        "both": {"links": "present", "total": "present"},
        "link": {"links": "present", "total": "absent"},
        "count": {"links": "absent", "total": "present"},
        "none": {"links": "absent", "total": "absent"},
    },
    "last_next": {"absent": {"last-link": "absent"}, "self": {"last-link": "names the page itself"}},
    "out_of_order": {
        "refuse": {"page-out-of-order": "refused", "page-again": "served"},
        "strict": {"page-out-of-order": "refused", "page-again": "refused"},
        "allow": {"page-out-of-order": "served", "page-again": "served", "page-behind-the-end": "no rows"},
    },
    "per_page_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "notes-order": "honoured"},
        True: {"invoices-order": "ignored", "notes-order": "ignored", "invoices-filter": "honoured"},
    },
    "ignore_filter": {False: {"filter-property": "honoured"}, True: {"filter-property": "ignored"}},
    "empty_map": {
        "mixed": {"empty-metadata": "both"},
        "list": {"empty-metadata": "a bare array"},
        "object": {"empty-metadata": "a map"},
    },
    "events_start_date": {
        "honoured": {"events-filter": "honoured", "events-boundary": "included", "events-before": "honoured"},
        "ignored": {"events-filter": "ignored", "events-before": "ignored"},
        "refused": {"events-filter": "refused", "events-before": "refused"},
    },
    "events_sort": {
        "honoured": {"events-order": "honoured", "events-reach": "as long as records"},
        "ignored": {"events-order": "newest first, whatever is asked for"},
    },
    "subscription_flags": {
        "exclusive": {"canceled": "those alone", "finished": "those alone"},
        "additive": {"canceled": "those and the others", "finished": "those and the others"},
    },
    "cadences_path": {
        "chasing_cadences": {"cadences": "answers", "newer-cadences": "missing"},
        "customer_chasing_cadences": {"cadences": "missing", "newer-cadences": "answers"},
    },
    "mutation_events": {
        True: {"events-of-changes": "each of them"},
        False: {"events-of-changes": "none of them", "events-late": ""},
    },
    "deleted_object": {"whole": {"events-deleted": "the whole object"}, "id": {"events-deleted": "only a part"}},
    "merged_object": {
        "absorbed": {"events-merged": "the customer that is gone", "events-merged-names": "names one"},
        "survivor": {"events-merged": "the customer that is left", "events-merged-names": "names both"},
    },
    "void_and_cancel": {
        False: {"events-payment-deleted": "it is gone", "events-subscription-deleted": "it is gone"},
        True: {
            "events-payment-deleted": "it is kept, and marked",
            "events-subscription-deleted": "it is kept, and marked",
        },
    },
    "events_delay": {0: {"events-late": "as they happen"}, 2: {"events-late": "some come later"}},
    "events_kept": {0: {"events-reach": "as long as records"}, 11: {"events-reach": "less than a year"}},
}
ZOHO: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "organizations": {2: {"organizations-named": "present"}, 1: {"organizations-named": "", "organization-header": ""}},
    "error_info": {"present": {"organizations-named": "present"}, "absent": {"organizations-named": "absent"}},
    "organization_header": {
        "documented": {"organization-header": "honoured"},
        "ignored": {"organization-header": "ignored"},
    },
    "rate_headers": {
        "present": {"rate-headers": "present"},
        "absent": {"rate-headers": "absent"},
        "negative": {"rate-headers": "below zero"},
    },
    "unavailable": {
        "": {"list-users": "answers"},
        "users:403": {"list-users": "no access"},
        "users:404": {"list-users": "missing"},
        "users": {"list-users": "no access"},
    },
    "unpaged": {"": {"taxes-paged": "present"}, "taxes": {"taxes-paged": "absent", "currencies-paged": "present"}},
    "per_page_above": {"refused": {"page-size": "refused"}, "clamped": {"page-size": "fewer rows come"}},
    "per_page_cap": {200: {"page-of-200": "taken"}, 20: {"page-of-200": "fewer rows come"}},
    "page_zero": {"first": {"page-zero": "the first rows again"}, "refused": {"page-zero": "refused"}},
    "page_context": {
        "object": {"page-context": "an object"},
        "array": {"page-context": "an array"},
        "omitted": {"page-context": "absent"},
    },
    "totals": {False: {"total": "absent"}, True: {"total": "present", "counted": "present"}},
    "list_keys": {
        "live": {"customer-payments-key": "customerpayments", "tasks-key": "task"},
        "other": {"customer-payments-key": "customer_payments", "recurring-invoices-key": "recurringinvoices"},
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "invoices-boundary": "included"},
        True: {"invoices-order": "ignored", "invoices-filter": "honoured"},
    },
    "ignore_filter": {False: {"invoices-filter": "honoured"}, True: {"invoices-filter": "ignored"}},
    "undocumented_filter": {
        "honoured": {"contacts-filter": "honoured", "expenses-filter": "honoured", "items-boundary": "included"},
        "ignored": {"contacts-filter": "ignored", "expenses-filter": "ignored", "invoices-filter": "honoured"},
        "refused": {"contacts-filter": "refused", "expenses-filter": "refused", "contacts-order": "honoured"},
        "equal": {"contacts-filter": "that second only", "expenses-filter": "that second only"},
    },
    "undocumented_sort": {
        "honoured": {"items-order": "honoured"},
        "ignored": {"items-order": "ignored", "items-filter": "honoured"},
        "refused": {"items-order": "refused", "items-filter": "honoured", "expenses-order": "refused"},
    },
    "unescaped_plus": {"refused": {"lost-plus": "refused"}, "ignored": {"lost-plus": "taken"}},
    "hide_inactive": {
        False: {"contacts-by-default": "all rows", "projects-by-default": "all rows"},
        True: {"contacts-by-default": "only some rows", "projects-by-default": "only some rows"},
    },
    "further_filters": {"documented": {"projects-all": "honoured"}, "refused": {"projects-all": "refused"}},
    "all_contact_persons": {
        "listed": {"contact-persons": "answers"},
        "missing": {"contact-persons": "missing"},
        "refused": {"contact-persons": "refused"},
    },
    "all_taxes": {
        "honoured": {"all-taxes": "honoured"},
        "ignored": {"all-taxes": "ignored"},
        "refused": {"all-taxes": "refused"},
    },
    "offset": {"+0530": {"offsets": "the same on each row"}, "new_york": {"offsets": "another on some rows"}},
    "duplicates": {0: {"invoices-listed": "once"}, 3: {"invoices-listed": "several times"}},
    "details_unavailable": {"": {"detail": "answers"}, "invoices:403": {"detail": "no access", "detail-form": ""}},
    "detail_envelope": {"object": {"detail-form": "an object"}, "array": {"detail-form": "an array"}},
    "detail_lists": {"array": {"detail-lines": "an array"}, "single": {"detail-lines": "an object"}},
    "detail_members": {"all": {"detail-blanks": "present"}, "filled": {"detail-blanks": "absent"}},
    "detail_times": {
        "live": {"detail-time": "as in the list"},
        "absent": {"detail-time": "absent"},
        "later": {"detail-time": "another than in the list"},
    },
    "bulk_ids": {200: {"items-at-once": "answers"}, 3: {"items-at-once": "fewer at once"}},
    "bulk_characters": {0: {"items-at-once": "answers"}, 20: {"items-at-once": "refused"}},
    "blank_times": {1: {"items-timed": "on some rows"}, 0: {"items-timed": "on every row"}},
}
BOOKS = {
    **ZOHO,
    "organization_header": {
        "documented": {"organization-header": "ignored"},
        "any": {"organization-header": "honoured"},
    },
    "list_keys": {
        "live": {"vendor-credits-key": "vendor_credits", "customer-debit-notes-key": "debit_notes"},
        "other": {"vendor-credits-key": "vendorcredits", "customer-debit-notes-key": "invoices", "tasks-key": "tasks"},
    },
    "purchase_orders_order": {
        "descending": {"purchase-orders-order": "newest first, whatever is asked for"},
        "default": {"purchase-orders-order": "ignored"},
        "honoured": {"purchase-orders-order": "honoured"},
    },
    "recurring_bill_path": {
        "recurringbills": {
            "path-recurringbills-of-one": "answers",
            "path-recurring_bills-of-one": "missing",
        },
        "recurring_bills": {"path-recurringbills-of-one": "missing", "path-recurring_bills-of-one": "answers"},
    },
    "dead_sales_orders": {"left_out": {"dead-sales-order": "left out"}, "refused": {"dead-sales-order": "refused"}},
    "journals_filter": {
        "since": {"journals-filter": "honoured"},
        "equal": {"journals-filter": "that second only"},
    },
    "journals_time": {"present": {"journals-timed": "on every row"}, "absent": {"journals-timed": "absent"}},
    "debit_notes": {"honoured": {"debit-notes": "honoured"}, "ignored": {"debit-notes": "ignored"}},
    "showbalance": {"taken": {"accounts-balance": "taken"}, "refused": {"accounts-balance": "refused"}},
    "transactions_account": {"optional": {"transactions": "answers"}, "required": {"transactions": "refused"}},
}
FASTBILL: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "container": {
        "array": {"container": "an array"},
        "index": {"container": "an object of indices"},
        "child": {"container": "an object"},
    },
    "nested": {
        "array": {"nested": "an array"},
        "index": {"nested": "an object of indices"},
        "child": {"nested": "an object"},
    },
    "empty_list": {
        "array": {"empty-list": "an array"},
        "object": {"empty-list": "an object"},
        "null": {"empty-list": "null"},
        "text": {"empty-list": "text"},
        "response": {"empty-list": "no list at all"},
    },
    "numbers": {
        "mixed": {"line-numbers": "both", "totals": "number"},
        "text": {"line-numbers": "text", "totals": "number"},
        "number": {"line-numbers": "number", "totals": "number"},
        "all_text": {"line-numbers": "text", "totals": "text"},
    },
    "ids": {"text": {"ids": "text"}, "number": {"ids": "number"}, "mixed": {"ids": "both"}},
    "content_type": {"text": {"label": "another type"}, "json": {"label": "JSON"}},
    "errors_form": {
        "array": {"errors-form": "an array"},
        "index": {"errors-form": "an object of indices"},
        "text": {"errors-form": "text"},
    },
    "order": {
        "key": {"invoices-sequence": "oldest row first", "customers-sequence": "oldest row first"},
        "newest": {"invoices-sequence": "newest row first"},
        "lastupdate": {"customers-sequence": "by time of change"},
        "shuffled": {"invoices-sequence": "none", "order-stable": "the same each time"},
    },
    "lastupdate_filter": {
        "honoured": {"invoices-filter": "honoured", "invoices-future": "honoured"},
        "ignored": {"invoices-filter": "ignored", "invoices-future": "ignored", "revenues-filter": "honoured"},
        "refused": {"invoices-filter": "refused", "invoices-future": "refused"},
    },
    "revenue_filter": {
        "honoured": {"revenues-filter": "honoured"},
        "ignored": {"revenues-filter": "ignored", "revenues-future": "ignored", "invoices-filter": "honoured"},
        "refused": {"revenues-filter": "refused"},
    },
    "project_filter": {
        "ignored": {"project-filter": "ignored"},
        "honoured": {"project-filter": "honoured"},
        "refused": {"project-filter": "refused"},
    },
    "unpaged": {
        False: {"times-offset": "honoured", "templates-offset": "honoured"},
        True: {"times-offset": "ignored", "templates-offset": "ignored", "invoices-offset": "honoured"},
    },
    "limit_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
}
REST_API: Mapping[str, Mapping[Any, Mapping[str, str]]] = {
    "totals": {True: {"invoices-total": "right"}, False: {"invoices-total": ""}},
    "limit_cap": {0: {"invoices-size": "taken"}, 50: {"invoices-size": "fewer rows come"}},
    "ignore_paging": {False: {"invoices-end": "ends there"}, True: {"invoices-end": "not as documented"}},
    "order": {
        "key": {"invoices-order": "oldest row first", "invoices-stable": "the same each time"},
        "newest": {"invoices-order": "newest row first"},
        "shuffled": {"invoices-order": "none", "invoices-stable": "the same each time"},
    },
    "since": {
        "honoured": {"invoices-filter": "honoured", "invoices-boundary": "included"},
        "ignored": {"invoices-filter": "ignored"},
    },
    "ids": {"number": {"keys": "numbers"}, "text": {"keys": "text"}, "mixed": {"keys": "both"}},
    "empty": {"list": {"empty": "an empty list"}, "null": {"empty": "null"}, "absent": {"empty": "nothing"}},
    "rate_headers": {False: {"limits": "absent"}, True: {"limits": "present"}},
}
SEEN = {
    "invoiced": INVOICED,
    "zoho_invoice": ZOHO,
    "zoho_books": BOOKS,
    "fastbill": FASTBILL,
    "rest_api": REST_API,
}


def _each(names: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


# Why no probe is about an option.
_COMMON = {
    "clock": "It is about the sandbox's own changes.",
    "unknown_fields": "Such fields are no fact to be asked for: the report lists them beside the probes.",
    "max_in_flight": "One request is in flight at a time.",
}
_LIMITED = "A probe provokes no refusal, and ends with what it has where there is one."
_TOKENS = _each(
    "api_domain code data_center expires_in invalid_token_code live_tokens refresh_token revoke_after_calls scheme "
    "token_error_status token_generation token_lifetime token_limit token_throttle_status token_window",
    "It is about how tokens are got, not about what they read.",
)
_LIMITS = _each(
    "calls_per_minute minute_ms block_above block_seconds daily_quota random_throttle",
    _LIMITED,
)
_ORGANIZATIONS = {
    **_each("organization_rows organization_options", "One organization is asked."),
    **_each("inactive gone_after", "One organization is asked, and it is there."),
    "base_url": "It is about what the configuration says.",
    "bulk_import": "It is about the rows, not about what the API does.",
}
_BOOKS_ALONE = _each(
    "debit_notes journals_filter journals_time purchase_orders_order showbalance transactions_account "
    "recurring_bill_path dead_sales_orders",
    "Zoho Invoice has no such lists.",
)
NO_PROBE: Mapping[str, Mapping[str, str]] = {
    "invoiced": _COMMON,
    "zoho_invoice": {**_COMMON, **_TOKENS, **_LIMITS, **_ORGANIZATIONS, **_BOOKS_ALONE},
    "zoho_books": {**_COMMON, **_TOKENS, **_LIMITS, **_ORGANIZATIONS},
    "fastbill": {**_COMMON, **_each("calls_per_hour quota_answer quota_retry_after quota_seconds", _LIMITED)},
    "rest_api": {
        **_COMMON,
        **_each("rate_calls rate_seconds vendor_limits", _LIMITED),
        **_each("access_token_calls access_token_seconds rotate_refresh_token", "It is about how tokens are got."),
        **_each(
            "auth config key max_offset method next_key pager pose since_format single_object start_page times wrapper",
            "The configuration says so: another one cannot be read, or is read otherwise.",
        ),
        **_each("refusal_status redirect", "The connection test says so, before anything is asked."),
        "next_host": "The connector goes to no other host, and reads an address without one the same.",
        "echo_url": "The words of a refusal are in no report.",
    },
}
# An option that hides what another one does, in the position it is seen in.
_HIDES_OF_ZOHO = {
    "ignore_filter": {"undocumented_filter", "journals_filter"},
    "ignore_sort": {"undocumented_sort", "purchase_orders_order"},
    "undocumented_sort": {"purchase_orders_order"},
    "organizations": {"error_info", "organization_header"},
    "journals_time": {"journals_filter"},
    # Of a longer list other documents are looked at, and it has several pages.
    "per_page_cap": {"detail_lists", "page_context"},
    "page_context": {"hide_inactive", "unpaged"},
    "details_unavailable": {"detail_lists", "detail_envelope", "detail_members", "detail_times"},
}
HIDES: Mapping[str, Mapping[str, set[str]]] = {
    "invoiced": {
        "mutation_events": {"deleted_object", "merged_object", "void_and_cancel", "events_kept", "events_delay"},
        "ignore_sort": {"events_sort", "events_kept"},
        "events_sort": {"events_kept"},
        "events_delay": {"events_kept"},
        "updated_after": {"updated_before"},
    },
    "zoho_invoice": _HIDES_OF_ZOHO,
    "zoho_books": _HIDES_OF_ZOHO,
    "fastbill": {},
    "rest_api": {
        "ignore_paging": {"limit_cap", "totals"},
        "empty": {"ignore_paging"},
    },
}
# Names whose values are words of the vendor, or say how a list goes on.
DOCUMENTED = {
    *("object", "status", "type", "applied_filter", "sort_column", "sort_order", "SERVICE", "STATE", "TYPE", "message"),
    *("access_token", "next", "cursor", "next_url", "has_more_page", "organization_id"),
}
