"""Invoiced: what probes see of each option."""

from __future__ import annotations

from integration_tests.probed.tables import SeenByOption, each, of

FILTERED = (
    *("customers", "invoices", "payments", "credit_notes", "subscriptions"),
    *("estimates", "items", "plans", "tax_rates", "coupons"),
)
ELSEWHERE = (
    *("notes", "tasks", "credit_balance_adjustments"),
    *("contacts", "metered_billings", "payment_sources"),
)
UNDOCUMENTED = (
    "path-contacts path-line_items path-payment_plans path-charges path-refunds path-files path-custom_fields "
    "path-gl_accounts path-payment_links path-late_fee_schedules path-tax_rules path-payment_terms "
    "path-companies-current"
)

INVOICED: SeenByOption = {
    "updated_after": {
        "exclusive": {**of(FILTERED, "filter", "honoured"), **of(FILTERED, "boundary", "left out")},
        "inclusive": {**of(FILTERED, "filter", "honoured"), **of(FILTERED, "boundary", "included")},
        "ignored": {**of(FILTERED, "filter", "ignored"), "future": "ignored", "payments-before": "honoured"},
    },
    "updated_after_elsewhere": {
        "ignored": of(ELSEWHERE, "filter", "ignored"),
        "honoured": of(ELSEWHERE, "filter", "honoured"),
        "refused": of(ELSEWHERE, "filter", "refused"),
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
    "per_page_above": {"clamped": {"page-size": "fewer rows come"}, "refused": {"page-size": "refused"}},
    "per_page_cap": {
        100: {"page-size": "fewer rows come", "page-of-100": "taken"},
        20: {"page-size": "fewer rows come", "page-of-100": "fewer rows come"},
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "notes-order": "honoured"},
        True: {
            **of(FILTERED, "order", "ignored"),
            **of(ELSEWHERE[:3], "order", "ignored"),
            "invoices-filter": "honoured",
        },
    },
    "ignore_filter": {
        False: {"filter-property": "honoured", "filter-status": "honoured"},
        True: {"filter-property": "ignored", "filter-status": "ignored"},
    },
    "empty_map": {
        "mixed": {"empty-metadata": "both"},
        "list": {"empty-metadata": "a bare array"},
        "object": {"empty-metadata": "a map"},
    },
    "events_start_date": {
        "honoured": {"events-filter": "honoured", "events-boundary": "included", "events-before": "honoured"},
        "exclusive": {"events-filter": "honoured", "events-boundary": "left out"},
        "ignored": {"events-filter": "ignored", "events-before": "ignored"},
        "refused": {"events-filter": "refused", "events-before": "refused"},
    },
    "events_sort": {
        "honoured": {"events-order": "honoured", "events-reach": "as long as records"},
        "ignored": {"events-order": "newest first, whatever is asked for", "events-reach": "as long as records"},
    },
    "subscription_flags": {
        "exclusive": {"canceled": "those alone", "finished": "those alone"},
        "additive": each("canceled finished canceled-and-finished", "those and the others"),
    },
    "cadences_path": {
        "chasing_cadences": {"cadences": "answers", "newer-cadences": "missing"},
        "customer_chasing_cadences": {"cadences": "missing", "newer-cadences": "answers"},
    },
    "further_paths": {"missing": each(UNDOCUMENTED, "missing"), "listed": each(UNDOCUMENTED, "answers")},
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
