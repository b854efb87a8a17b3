"""Fields of the lists that Zoho Books has and Zoho Invoice has not; the key comes first."""

from __future__ import annotations

from collections.abc import Mapping

BOOKS_ONLY_FIELDS: Mapping[str, str] = {
    "customer_debit_notes": """
        invoice_id invoice_number date status customer_id customer_name total balance created_time
        last_modified_time line_items reference_invoice""",
    "sales_receipts": """
        sales_receipt_id receipt_number date status payment_mode customer_id customer_name currency_id
        currency_code currency_symbol exchange_rate line_items sub_total tax_total total notes terms
        created_time last_modified_time""",
    "recurring_bills": """
        recurring_bill_id vendor_id vendor_name status recurrence_name currency_id currency_code
        currency_symbol start_date end_date source_of_supply place_of_supply destination_of_supply
        gst_treatment gst_no tax_treatment vat_treatment vat_reg_no is_abn_quoted abn
        is_reverse_charge_applied pricebook_id pricebook_name is_inclusive_tax location_id location_name
        line_items is_tds_applied notes terms payment_terms payment_terms_label custom_fields
        acquisition_vat_summary reverse_charge_vat_summary acquisition_vat_total reverse_charge_vat_total
        created_time created_by_id last_modified_time discount discount_account_id is_discount_before_tax""",
    "vendor_payments": """
        payment_id vendor_id currency_id status vendor_name bill_numbers payment_mode payment_number
        description date reference_number exchange_rate amount bcy_amount paid_through_account_id
        paid_through_account_name balance currency_code bcy_balance created_time last_modified_time
        is_paid_via_print_check has_attachment tags is_ach_payment ach_payment_status ach_gw_transaction_id
        gw_reference_number check_details""",
    "vendor_credits": """
        vendor_credit_id vendor_credit_number status reference_number date total balance vendor_id vendor_name
        currency_id currency_code created_time last_modified_time has_attachment exchange_rate""",
    "vendor_credit_refunds": """
        vendor_credit_refund_id vendor_credit_id date refund_mode reference_number amount vendor_credit_number
        customer_name description amount_bcy amount_fcy""",
    "chart_of_accounts": """
        account_id account_name account_code account_type description placeholder
        is_register_supported_account is_user_created is_system_account is_active can_show_in_ze
        parent_account_id parent_account_name depth has_attachment is_child_present child_count documents
        created_time is_standalone_account last_modified_time is_involved_in_transaction current_balance""",
    "base_currency_adjustments": """
        base_currency_adjustment_id adjustment_date exchange_rate currency_id currency_code notes gain_or_loss""",
    "tax_authorities": """
        tax_authority_id tax_authority_name description registration_number registration_number_label""",
    "tax_exemptions": """
        tax_exemption_id tax_exemption_code description type""",
    "fixed_assets": """
        fixed_asset_id asset_number asset_name status current_asset_value asset_cost fixed_asset_type_name""",
    "fixed_asset_types": """
        fixed_asset_type_id fixed_asset_type_name expense_account_id expense_account_name
        depreciation_account_id depreciation_account_name depreciation_method depreciation_percentage
        total_life depreciation_frequency computation_type""",
    "locations": """
        location_id type email phone address location_name tax_settings_id parent_location_id
        associated_series_ids auto_number_generation_id is_all_users_selected associated_users""",
    "employees": """
        employee_id email name""",
    "bank_rules": """
        rule_id rule_name rule_order apply_to criteria_type record_as account_id account_name criterion
        bank_account_id""",
    "exchange_rates": """
        exchange_rate_id currency_id currency_code effective_date rate""",
    "account_transactions": """
        categorized_transaction_id account_id transaction_type transaction_status transaction_source
        transaction_id transaction_date customer_id payee description entry_number currency_id currency_code
        debit_or_credit offset_account_name reference_number reconcile_status debit_amount credit_amount""",
}
