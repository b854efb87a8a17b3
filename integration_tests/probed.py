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
    "detail_lists": {"array": {"detail": "answers"}, "single": {"detail-lines": "an object"}},
    "detail_members": {"all": {"detail-blanks": "present"}, "filled": {"detail-blanks": "absent"}},
    "detail_times": {
        "live": {"detail-time": "as in the list"},
        "absent": {"detail-time": "absent"},
        "later": {"detail-time": "another than in the list"},
    },
    "bulk_ids": {200: {"items-at-once": "answers"}, 3: {"items-at-once": "refused"}},
    "bulk_characters": {0: {"items-at-once": "answers"}, 20: {"items-at-once": "refused"}},
    "blank_times": {1: {"items-timed": "not on every row"}, 0: {"items-timed": "on every row"}},
}
BOOKS = {
    **ZOHO,
    "list_keys": {
        "live": {"vendor-credits-key": "vendor_credits", "debit-notes-key": "debit_notes"},
        "other": {"vendor-credits-key": "vendorcredits", "debit-notes-key": "invoices", "tasks-key": "tasks"},
    },
    "purchase_orders_order": {
        "descending": {"purchase-orders-order": "newest first, whatever is asked for"},
        "default": {"purchase-orders-order": "ignored"},
        "honoured": {"purchase-orders-order": "honoured"},
    },
    # The invoices that are looked at have several lines here; those of Zoho Invoice show it.
    "detail_lists": {"array": {"detail": "answers"}, "single": {"detail": "answers"}},
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
        "key": {"invoices-sequence": "oldest row first"},
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
    "pager": {
        "offset": {"invoices-size": "taken", "invoices-rows": "once"},
        "cursor": {"invoices-end": "names no next page"},
        "none": {"invoices-listed": "answers", "invoices-rows": "once"},
    },
    "totals": {True: {"invoices-total": "right"}, False: {"invoices-total": ""}},
    "limit_cap": {0: {"invoices-size": "taken"}, 50: {"invoices-size": "fewer rows come"}},
    "ignore_paging": {False: {"invoices-end": "ends there"}, True: {"invoices-end": "not as documented"}},
    "order": {"key": {"invoices-stable": "the same each time"}, "shuffled": {"invoices-stable": "the same each time"}},
    "since": {
        "honoured": {"invoices-filter": "honoured", "invoices-boundary": "included"},
        "ignored": {"invoices-filter": "ignored"},
    },
    "since_format": {
        "iso8601": {"invoices-boundary": "included"},
        "pattern": {"invoices-filter": "honoured", "invoices-boundary": "included"},
    },
    "times": {"iso8601": {"invoices-dated": "not on every row"}, "unix_ms": {"invoices-dated": "not on every row"}},
    "method": {"GET": {"invoices-listed": "answers"}, "POST": {"invoices-listed": "answers"}},
}
SEEN = {
    "invoiced": INVOICED,
    "zoho_invoice": ZOHO,
    "zoho_books": BOOKS,
    "fastbill": FASTBILL,
    "rest_api": REST_API,
}
# Reading does not tell these: what happens to credentials and to whoever asks too much, and what a test sets up.
COMMON = {"clock", "unknown_fields", "max_in_flight"}
TOKENS = {
    *("api_domain", "code", "data_center", "expires_in", "invalid_token_code", "live_tokens", "refresh_token"),
    *("revoke_after_calls", "scheme", "token_error_status", "token_generation", "token_lifetime", "token_limit"),
    *("token_throttle_status", "token_window"),
}
LIMITS = {"calls_per_minute", "minute_ms", "block_above", "block_seconds", "daily_quota", "random_throttle"}
# Two of these are asked about where there are several organizations.
ORGANIZATIONS = {
    *("organizations", "organization_rows", "organization_options", "organization_header"),
    *("error_info", "gone_after", "inactive", "base_url", "bulk_import"),
}
BOOKS_ALONE = {
    *("debit_notes", "journals_filter", "journals_time", "purchase_orders_order", "showbalance"),
    *("transactions_account", "recurring_bill_path", "dead_sales_orders"),
}
NO_PROBE: Mapping[str, set[str]] = {
    "invoiced": COMMON,
    "zoho_invoice": COMMON | TOKENS | LIMITS | ORGANIZATIONS | BOOKS_ALONE,
    "zoho_books": COMMON | TOKENS | LIMITS | ORGANIZATIONS,
    "fastbill": {*COMMON, "calls_per_hour", "quota_answer", "quota_retry_after", "quota_seconds"},
    # Of a declared API the configuration says the rest.
    "rest_api": {
        *(*COMMON, "access_token_calls", "access_token_seconds", "auth", "config", "echo_url", "empty", "ids", "key"),
        *("max_offset", "next_host", "next_key", "pose", "rate_calls", "rate_headers", "rate_seconds", "redirect"),
        *("refusal_status", "rotate_refresh_token", "single_object", "start_page", "vendor_limits", "wrapper"),
    },
}
# Set at once, each to its last value.
FIVE: Mapping[str, tuple[str, ...]] = {
    "invoiced": ("last_next", "out_of_order", "list_body", "subscription_flags", "events_start_date"),
    "zoho_invoice": ("rate_headers", "all_taxes", "page_zero", "undocumented_sort", "all_contact_persons"),
    "zoho_books": ("list_keys", "journals_filter", "undocumented_filter", "totals", "showbalance"),
    "fastbill": ("nested", "numbers", "errors_form", "lastupdate_filter", "unpaged"),
    "rest_api": ("totals", "limit_cap", "since", "times", "method"),
}
# Names whose values are words of the vendor, or say how a list goes on.
DOCUMENTED = {
    *("object", "status", "type", "applied_filter", "sort_column", "sort_order", "SERVICE", "STATE", "TYPE", "message"),
    *("access_token", "next", "cursor", "next_url", "has_more_page", "organization_id"),
}
