"""Why no probe is about an option of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.probed.tables import each

_COMMON = {
    "clock": "It is about the sandbox's own changes.",
    "unknown_fields": "Such fields are no fact to be asked for: the report lists them beside the probes.",
    "max_in_flight": "One request is in flight at a time.",
}
_LIMITED = "A probe provokes no refusal, and ends with what it has where there is one."
_TOKENS = each(
    "api_domain code data_center expires_in invalid_token_code live_tokens refresh_token revoke_after_calls scheme "
    "token_error_status token_generation token_lifetime token_limit token_throttle_status token_window",
    "It is about how tokens are got, not about what they read.",
)
_LIMITS = each(
    "calls_per_minute minute_ms block_above block_seconds daily_quota random_throttle",
    _LIMITED,
)
_ORGANIZATIONS = {
    **each("organization_rows organization_options", "One organization is asked."),
    **each("inactive gone_after", "One organization is asked, and it is there."),
    "base_url": "It is about what the configuration says.",
    "bulk_import": "It is about the rows, not about what the API does.",
}
_BOOKS_ALONE = each(
    "debit_notes journals_filter journals_time purchase_orders_order showbalance transactions_account "
    "recurring_bill_path dead_sales_orders",
    "Zoho Invoice has no such lists.",
)
NO_PROBE: Mapping[str, Mapping[str, str]] = {
    "invoiced": _COMMON,
    "zoho_invoice": {**_COMMON, **_TOKENS, **_LIMITS, **_ORGANIZATIONS, **_BOOKS_ALONE},
    "zoho_books": {**_COMMON, **_TOKENS, **_LIMITS, **_ORGANIZATIONS},
    "fastbill": {
        **_COMMON,
        **each("calls_per_hour quota_answer quota_retry_after quota_seconds", _LIMITED),
        "deleted_customers": "It is about the sandbox's own changes.",
    },
    "rest_api": {
        **_COMMON,
        **each("rate_calls rate_seconds vendor_limits", _LIMITED),
        **each("access_token_calls access_token_seconds rotate_refresh_token", "It is about how tokens are got."),
        **each(
            "auth config key max_offset method next_key pager pose since_format single_object start_page times wrapper",
            "The configuration says so: another one cannot be read, or is read otherwise.",
        ),
        **each("refusal_status redirect", "The connection test says so, before anything is asked."),
        "next_host": "The connector goes to no other host, and reads an address without one the same.",
        "echo_url": "The words of a refusal are in no report.",
    },
}
