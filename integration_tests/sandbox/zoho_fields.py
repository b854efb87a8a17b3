"""The fields of Zoho's lists: all that were documented or seen."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.zoho_books_fields import BOOKS_ONLY_FIELDS

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
        location_name branch_id branch_name tax_source type is_pre_gst no_of_copies show_no_of_copies is_viewed_in_mail
        mail_first_viewed_time mail_last_viewed_time""",
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
    "retainer_invoices": """
        retainerinvoice_id retainerinvoice_number customer_id customer_name status reference_number
        project_or_estimate_name date currency_id currency_code is_viewed_by_client client_viewed_time total balance
        created_time last_modified_time is_emailed last_payment_date has_attachment""",
    "recurring_expenses": """
        recurring_expense_id recurrence_name recurrence_frequency repeat_every last_created_date next_expense_date
        account_name description currency_id currency_code total customer_name custom_fields status created_time
        last_modified_time""",
    "credit_note_refunds": """
        creditnote_refund_id creditnote_id date refund_mode payment_form reference_number creditnote_number
        customer_name description amount_bcy amount_fcy""",
    "contact_persons": """
        contact_person_id contact_id contact_name salutation first_name last_name email phone mobile department
        designation skype fax currency_code created_time is_primary_contact is_added_in_portal communication_preference
        contactperson_custom_fields""",
    "projects": """
        project_id project_name customer_id customer_name description status billing_type rate created_time
        has_attachment total_hours billable_hours""",
    "tasks": """
        task_id project_id currency_id customer_id task_name project_name customer_name billed_hours log_time
        un_billed_hours""",
    "time_entries": """
        time_entry_id project_id project_name customer_id customer_name task_id task_name user_id is_current_user
        user_name log_date begin_time end_time log_time billed_status invoice_id notes timer_started_at
        timer_duration_in_minutes created_time cost_rate cost_amount""",
    "currencies": """
        currency_id currency_code currency_name currency_name_formatted currency_symbol price_precision currency_format
        is_base_currency exchange_rate effective_date auto_exchange_rate_enabled""",
    **BOOKS_ONLY_FIELDS,
}
"""Fields of each list, as far as both products have them; the key comes first."""

INVOICE_FIELDS: Mapping[str, str] = {
    "customer_payments": "is_paid_via_check check_details",
    "credit_notes": "sales_channel",
}
"""What Invoice adds to them."""

BOOKS_FIELDS: Mapping[str, str] = {
    "items": """
        purchase_tax_rule_id purchase_account_id purchase_account_name account_id account_name purchase_description
        purchase_rate can_be_sold can_be_purchased track_inventory item_type product_subtype purpose_of_use vendor_name
        tags actual_available_stock available_stock reorder_level stock_on_hand is_combo_product""",
    "contacts": """
        outstanding_payable_amount outstanding_payable_amount_bcy unused_credits_payable_amount
        unused_credits_payable_amount_bcy track_1099 tags registration_details branch_id branch_name""",
    "invoices": "tags registration_details",
    "bills": "registration_details branch_id branch_name",
    "sales_orders": "shipped_status branch_id branch_name",
    "estimates": "branch_id branch_name",
    "banking": "current_balance feeds_last_refresh_time",
    "organizations": """
        org_alias_name is_multientity_org is_multientity_enabled is_last_active_service is_user_last_admin
        is_user_super_admin is_subscription_paused support_email other_active_services""",
    "recurring_expenses": "is_billable",
    "time_entries": "is_billable",
    "customer_payments": """
        account_id account_name tags tax_account_id tax_account_name is_paid_via_check check_details
        registration_details""",
    "credit_notes": """
        tags item_price item_quantity item_total item_total_price item_total_without_tax branch_id branch_name""",
    "expenses": "paid_through_account_name vendor_id vendor_name tags",
    "taxes": "output_tax_account_name purchase_tax_account_name tax_account_id purchase_tax_account_id",
}
"""What Books adds to them."""
MADE_AS: Mapping[str, str] = {"creditnotes": "credit_notes"}
"""Streams of Books that Invoice calls otherwise."""
