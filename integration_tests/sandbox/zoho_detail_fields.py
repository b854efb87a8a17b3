"""Fields of single documents of Zoho Books and Zoho Invoice: what a detail has that its list does not.

What hangs together, such as lines, totals and applications, is made in :mod:`integration_tests.sandbox.zoho_details`.
"""

from __future__ import annotations

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


APPROVAL = """
    submitter_id approver_id submitted_date submitted_by submitted_by_name submitted_by_email submitted_by_photo_url
    approvers_list """
TEMPLATE = """
    template_name page_width page_height orientation """
REGION = """
    place_of_supply gst_no gst_treatment tax_treatment """
SHIPPING = """
    shipping_charge_tax_id shipping_charge_tax_name shipping_charge_tax_type shipping_charge_tax_percentage
    shipping_charge_tax_exemption_id shipping_charge_tax_exemption_code shipping_charge_tax bcy_shipping_charge_tax
    shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax shipping_charge_tax_formatted
    shipping_charge_exclusive_of_tax_formatted shipping_charge_inclusive_of_tax_formatted shipping_charge_account_id
    shipping_charge_account_name bcy_shipping_charge shipping_charge_taxes shipping_charge_sac_code """
ROUNDING = """
    bcy_adjustment roundoff_value transaction_rounding_type rounding_mode bcy_rounding_mode """

HEADERS: Mapping[str, str] = {
    "invoice": APPROVAL
    + TEMPLATE
    + REGION
    + SHIPPING
    + ROUNDING
    + """
        cfdi_usage vat_treatment is_reverse_charge_applied vat_reg_no payment_terms payment_terms_label
        contact_persons_associated discount is_discount_before_tax discount_type is_inclusive_tax recurring_invoice_id
        line_items adjustment_description sub_total tax_total taxes payment_reminder_enabled payment_made
        credits_applied tax_amount_withheld allow_partial_payments price_precision payment_options notes terms
        attachment_name can_send_in_mail channel_invoice_id account_identifier offline_created_date_with_time
        customer_custom_fields customer_custom_field_hash currency_name_formatted is_last_child_invoice payment_terms_id
        invoice_installments early_payment_discount_percentage early_payment_discount_due_days
        early_payment_discount_amount is_early_payment_discount_applicable lock_details locked_actions lock_detail
        is_progress_invoice can_show_kit_return is_kit_partial_return total_retention_amount retention_items
        retention_override_preference is_autobill_enabled inprocess_transaction_present total_taxable_amount
        discount_total discount_percent discount_applied_on_amount discount_account_id discount_account_name account_id
        account_name adjustment_account_id adjustment_account_name tax_override_preference bcy_sub_total
        bcy_discount_total bcy_tax_total bcy_total sub_total_inclusive_of_tax contact_category tax_rounding exceptions
        tds_calculation_type can_send_invoice_sms payment_discount stop_reminder_until_payment_expected_date
        ach_supported reader_offline_payment_initiated contact_persons computation_type in_process_payments
        deliverychallans merchant_id merchant_name ecomm_operator_id ecomm_operator_name salesorder_id salesorder_number
        salesorders shipping_bills contact_persons_details contact next_reminder_date_formatted subject_content
        created_date created_by_id created_by_name last_modified_by_id is_backorder sub_statuses estimate_id
        is_client_review_settings_enabled unused_retainer_payments customer_default_billing_address
        includes_package_tracking_info qr_code exchange_invoices pricebook_id pricebook_name
        is_inventory_valuation_pending tds_override_preference reverse_charge_tax_total signed_document_id
        is_digitally_signed is_edited_after_sign is_signature_enabled_in_template reason_for_debit_note
        reference_invoice currency_formatter discount_code show_convert_to_package show_convert_to_shipment
        credits_associated packages late_fee destination_of_supply is_eway_bill_required ewaybills dispatch_from_address
        gst_return_details tds_summary tds_percent tds_amount is_tds_amount_in_percent einvoice_details
        tax_specification tax_reg_no branch_name reference_invoice_type debit_notes invoice_conversion_type
        merchant_gst_no ecomm_operator_gst_no supply_date""",
    "recurring_invoice": REGION
    + """
        company_name contact_persons_associated is_pre_gst is_reverse_charge_applied cfdi_usage vat_treatment
        customer_email customer_mobile_phone customer_phone photo_url location_id location_name line_items
        paid_invoices_total unpaid_invoices_balance payment_options""",
    "retainer_invoice": TEMPLATE
    + """
        is_pre_gst place_of_supply project_id project_name contact_persons_associated currency_symbol exchange_rate
        is_inclusive_tax location_id location_name line_items sub_total taxes payment_made payment_drawn
        allow_partial_payments price_precision payment_options billing_address shipping_address notes terms
        custom_fields template_id template_type created_by_id attachment_name can_send_in_mail invoice_url payments""",
    "estimate": APPROVAL
    + TEMPLATE
    + REGION
    + ROUNDING
    + """
        is_pre_gst is_reverse_charge_applied contact_persons_associated exchange_rate discount is_discount_before_tax
        discount_type is_inclusive_tax line_items shipping_charge adjustment adjustment_description sub_total tax_total
        price_precision taxes billing_address shipping_address custom_fields project created_date sub_statuses
        is_transaction_created is_converted_to_open is_progressive_quote uninvoiced_amount invoiced_amount
        contact_category exceptions contact_persons currency_symbol discount_applied_on_amount tax_rounding
        tds_calculation_type estimate_url lock_details locked_actions lock_detail cart_id beat_id beat_number
        journey_plan_id shipping_charge_tax_id shipping_charge_tax_name shipping_charge_tax_type
        shipping_charge_tax_percentage shipping_charge_tax_exemption_id shipping_charge_tax_exemption_code
        shipping_charge_tax bcy_shipping_charge_tax shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax
        shipping_charge_tax_formatted shipping_charge_exclusive_of_tax_formatted
        shipping_charge_inclusive_of_tax_formatted shipping_charge_account_id shipping_charge_account_name
        bcy_shipping_charge shipping_charge_taxes bcy_sub_total sub_total_inclusive_of_tax
        sub_total_exclusive_of_discount discount_total bcy_discount_total discount_percent bcy_total bcy_tax_total
        tax_override_preference invoice_ids subscription_ids customer_default_billing_address notes terms
        custom_field_hash created_by_id last_modified_by_id contact_persons_details attachment_name can_send_in_mail
        can_send_estimate_sms allow_partial_payments payment_options retainerinvoices estimate_type salesorders
        subject_content is_signed_and_accepted is_digitally_signed is_edited_after_sign reverse_charge_tax_total
        tds_override_preference is_signature_enabled_in_template accept_retainer retainer_percentage tax_specification
        branch_name""",
    "creditnote": APPROVAL
    + TEMPLATE
    + REGION
    + """
        is_pre_gst vat_treatment vat_reg_no cfdi_usage cfdi_reference_type is_reverse_charge_applied
        contact_persons_associated custom_fields email line_items invoices taxes currency_symbol updated_time
        billing_address shipping_address notes terms created_by_id last_modified_by_id subject_content created_by_name
        offline_created_date_with_time invoice_id sales_channel invoices_credited contact_persons tds_calculation_type
        contact_category tax_rounding tax_override_preference exceptions sub_statuses currency_name_formatted
        is_inclusive_tax discount discount_applied_on_amount is_discount_before_tax discount_type discount_account_id
        discount_account_name account_id account_name adjustment_account_id adjustment_account_name custom_field_hash
        shipping_charge_tax_id shipping_charge_tax_name shipping_charge_tax_type shipping_charge_tax_percentage
        shipping_charge_tax_exemption_id shipping_charge_tax_exemption_code shipping_charge_tax bcy_shipping_charge_tax
        shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax shipping_charge_tax_formatted
        shipping_charge_exclusive_of_tax_formatted shipping_charge_inclusive_of_tax_formatted shipping_charge_account_id
        shipping_charge_account_name shipping_charge shipping_charge_taxes adjustment adjustment_description
        roundoff_value transaction_rounding_type bcy_rounding_mode sub_total sub_total_inclusive_of_tax tax_total
        total_credits_used total_refunded_amount computation_type creditnote_refunds lock_details locked_actions
        lock_detail module_id sub_module_details is_eway_bill_required ewaybills dispatch_from_address
        gst_return_details einvoice_details tax_specification tax_reg_no branch_name""",
    "sales_order": TEMPLATE
    + REGION
    + """
        billing_address_id shipping_address_id is_pre_gst crm_owner_id crm_custom_reference_id vat_treatment
        is_reverse_charge_applied is_update_customer contact_persons_associated template_id exchange_rate discount
        is_discount_before_tax discount_type salesperson_id merchant_id merchant_name estimate_id tax_id
        tax_authority_id tax_authority_name tax_exemption_id tax_exemption_code avatax_exempt_no avatax_use_code
        is_inclusive_tax sub_statuses location_id location_name line_items pricebook_id shipping_charge adjustment
        adjustment_description notes notes_default terms terms_default contact_persons currency_symbol discount_amount
        discount_applied_on_amount tax_total taxes price_precision billing_address shipping_address template_type
        created_by_id attachment_name can_send_in_mail invoices packages purchaseorders is_dropshipped is_backordered
        is_backorder_allowed has_unconfirmed_line_item sales_channel""",
    "purchase_order": APPROVAL
    + TEMPLATE
    + REGION
    + """
        vat_treatment is_pre_gst source_of_supply destination_of_supply pricebook_id pricebook_name
        is_reverse_charge_applied discount discount_account_id is_discount_before_tax crm_owner_id
        contact_persons_associated currency_symbol exchange_rate is_emailed is_inclusive_tax location_id location_name
        line_items sub_total tax_total taxes acquisition_vat_summary acquisition_vat_total reverse_charge_vat_summary
        reverse_charge_vat_total billing_address notes terms ship_via ship_via_id attention delivery_org_address_id
        delivery_customer_id delivery_address attachment_name can_send_in_mail template_id template_type created_by_id
        can_mark_as_bill can_mark_as_unbill non_catalog_items_count contact_category sub_statuses contact_persons
        tax_rounding is_adv_tracking_in_receive total_quantity tds_calculation_type has_qty_cancelled adjustment
        adjustment_description discount_amount discount_applied_on_amount discount_account_name discount_type
        sub_total_inclusive_of_tax discount_total discount_percent computation_type tax_override_preference
        billing_address_id payment_terms payment_terms_label delivery_customer_address_id custom_field_hash salesorders
        bills advances pickup_location_id source total_invoiced_amount purchasereceives""",
    "bill": APPROVAL
    + TEMPLATE
    + REGION
    + """
        purchaseorder_ids vat_treatment vat_reg_no source_of_supply destination_of_supply permit_number is_pre_gst
        pricebook_id pricebook_name is_reverse_charge_applied unused_credits_payable_amount payment_terms
        payment_terms_label payment_expected_date recurring_bill_id due_by_days due_in_days currency_symbol adjustment
        adjustment_description custom_fields is_item_level_tax_calc is_inclusive_tax filed_in_vat_return_id
        filed_in_vat_return_name filed_in_vat_return_type line_items sub_total tax_total payment_made
        vendor_credits_applied is_line_item_invoiced purchaseorders taxes acquisition_vat_summary acquisition_vat_total
        reverse_charge_vat_summary reverse_charge_vat_total billing_address payments vendor_credits created_by_id
        reference_id notes terms open_purchaseorders_count non_catalog_items_count source contact_category sub_statuses
        discount_setting tds_calculation_type scanned_po_number scanned_po_id currency_name_formatted subject_content
        custom_field_hash tax_rounding track_discount_in_account bill_order_type discount_amount discount
        discount_applied_on_amount is_discount_before_tax discount_account_id discount_account_name discount_type
        sub_total_inclusive_of_tax discount_total discount_percent computation_type tax_override_preference
        billing_address_id last_modified_id template_id template_type is_approval_required allocated_landed_costs
        unallocated_landed_costs total_retention_amount retention_items can_send_in_mail account_id account_name
        adjustment_account_id adjustment_account_name tds_override_preference can_amend_transaction
        invoice_conversion_type tds_percent tds_amount is_tds_amount_in_percent tds_summary lock_details locked_actions
        lock_detail""",
    "vendor_credit": REGION
    + """
        source_of_supply destination_of_supply pricebook_id is_reverse_charge_applied price_precision vat_treatment
        filed_in_vat_return_id filed_in_vat_return_name filed_in_vat_return_type is_inclusive_tax location_id
        location_name line_items acquisition_vat_summary acquisition_vat_total reverse_charge_vat_summary
        reverse_charge_vat_total custom_fields sub_total total_credits_used total_refunded_amount notes comments
        vendor_credit_refunds bills_credited is_update_customer""",
    "recurring_bill": "",
    "expense": TEMPLATE
    + REGION
    + """
        transaction_id transaction_type destination_of_supply destination_of_supply_state hsn_or_sac source_of_supply
        vat_reg_no reverse_charge_tax_id reverse_charge_tax_name reverse_charge_tax_percentage reverse_charge_tax_amount
        tax_amount is_itemized_expense is_pre_gst trip_id trip_number reverse_charge_vat_total acquisition_vat_total
        acquisition_vat_summary reverse_charge_vat_summary expense_item_id account_id tax_id tax_name tax_percentage
        sub_total amount is_inclusive_tax expense_receipt_type invoice_id invoice_number project_id project_name
        line_item transaction_type_formatted paid_through_account_id markup_percent taxes tax_override_preference
        created_by_id last_modified_by_id employee_id employee_name employee_email vehicle_id vehicle_name user_id
        user_email approver_id approver_name approver_email report_status is_reimbursable location merchant_id
        merchant_name payment_mode template_id template_type custom_fields custom_field_hash is_recurring_applicable
        line_items is_surcharge_applicable fcy_surcharge_amount bcy_surcharge_amount zcrm_potential_id
        zcrm_potential_name imported_transactions is_reverse_charge_applied""",
    "journal": APPROVAL
    + """
        currency_code currency_symbol exchange_rate vat_treatment product_type include_in_vat_return is_bas_adjustment
        line_items location_id location_name line_item_total price_precision taxes created_time custom_fields
        reversal_date is_period_end_journal fiscal_year journal_template_name journal_number_prefix
        journal_number_suffix is_scheduled_reversal branch_difference available_receivables_credits
        available_payables_credits comments project_id project_name imported_transactions invoices_credited
        bills_credited is_accrual_journal line_id account_id customer_id customer_name account_name description
        debit_or_credit tax_exemption_id tax_exemption_type tax_exemption_code tax_authority_id tax_authority_name
        tax_id tax_name tax_type tax_percentage amount bcy_amount acquisition_vat_id acquisition_vat_name
        acquisition_vat_percentage acquisition_vat_amount reverse_charge_vat_id reverse_charge_vat_name
        reverse_charge_vat_percentage reverse_charge_vat_amount""",
    "customer_payment": TEMPLATE
    + """
        amount_refunded bank_charges status email invoices currency_code currency_symbol custom_fields
        account_identifier payment_link_id created_by updated_time lock_details locked_actions payment_number_prefix
        payment_number_suffix beat_id beat_number journey_plan_id sales_person_id sales_person_name card_type
        offline_created_date_with_time account_type customer_advance_account_id customer_advance_account_name
        currency_id exchange_rate bank_charges_account_id bank_charges_account_name is_client_review_settings_enabled
        discount_amount is_early_payment_discount_applicable online_transaction_id is_ondc_channel tender_id
        payment_refunds deposit_details template_id template_type attachment_name can_send_in_mail can_send_payment_sms
        is_payment_details_required custom_field_hash imported_transactions price_precision rounding_mode bcy_amount
        settlement_status is_paid_via_check check_details payment_status last_four_digits is_pre_gst product_description
        tds_type tds_tax_id registration_details retainerinvoice""",
    "vendor_payment": APPROVAL
    + """
        tax_account_name tax_amount_withheld currency_symbol paid_through_account_type billing_address comments
        vendorpayment_refunds bills location_id location_name custom_fields is_online_payment transfer_type
        payment_number_prefix payment_number_suffix purpose_code custom_field_hash tds_tax_id tds_calculation_type
        is_tds_amount_in_percent tax_account_id bank_charges bank_charges_account_id bank_charges_account_name
        created_by_id created_by_name credit_account_id offset_account_id offset_account_name imported_transactions
        indirect_tds_amount indirect_tcs_amount total_payment_amount is_advance_payment is_flagged_for_risk""",
    "contact": APPROVAL
    + """
        has_transaction credit_limit pricebook_id contact_number ignore_auto_number_generation is_taxable tax_id
        tax_name tax_percentage tax_authority_id tax_exemption_id tax_authority_name tax_exemption_code place_of_contact
        gst_no tax_treatment tax_regime legal_name is_tds_registered vat_treatment gst_treatment owner_id
        primary_contact_id currency_symbol opening_balances payment_reminder_enabled billing_address shipping_address
        contact_persons default_templates notes contact_tax_information designation department is_bcy_only_contact
        is_credit_limit_migration_completed contact_salutation photo_url invited_by is_client_review_asked
        contact_relation_type owner_name is_crm_customer zcrm_account_id zcrm_contact_id crm_owner_id
        credit_limit_exceeded_amount lock_details locked_actions lock_detail price_precision exchange_rate
        can_show_customer_ob can_show_vendor_ob opening_balance_amount opening_balance_amount_bcy
        outstanding_ob_receivable_amount outstanding_ob_payable_amount unused_retainer_payments is_sms_enabled
        is_consent_agreed consent_date is_client_review_settings_enabled tax_id_type tax_id_value tax_reg_label
        account_id account_name contact_category sales_channel portal_receipt_count entity_address_id addresses
        pricebook_name associated_with_square cards checks upi_mandates bank_accounts vpa_list created_date
        created_by_name created_by_id last_modified_by_id zohopeople_client_id customer_currency_summaries
        integration_references can_show_integration_outlet_info contact_blocks additional_information
        is_multi_match_approval approval_name approval_path approvers note_to_approver""",
    "item": """
        hsn_or_sac item_tax_preferences locations group_id brand manufacturer item_code crm_owner_id unit_id tax_status
        tax_start_date tax_end_date tax_groups_details tax_country_code tax_information is_tax_expired
        purchase_tax_information is_default_tax_applied associated_template_id pricebook_rate pricing_scheme
        price_brackets default_price_brackets sales_rate sales_margin created_at offline_created_date_with_time
        minimum_order_quantity maximum_order_quantity lock_details locked_actions lock_detail locked_fields
        custom_field_hash is_fulfillable attribute_name1 attribute_name2 attribute_name3 attribute_option_name1
        attribute_option_name2 attribute_option_name3 sales_channels is_modifier_item integration_references has_variant
        default_hosted_page_url vendor_id is_taxable tax_exemption_id avatax_tax_code avatax_use_code
        inventory_account_id committed_stock actual_committed_stock available_for_sale_stock
        actual_available_for_sale_stock initial_stock initial_stock_rate show_in_storefront inventory_account_name
        package_details preferred_vendors warehouses""",
}
"""Header fields by document, in the words of Zoho Books."""

FLAGS = _names(
    """
    payment_reminder_enabled allow_partial_payments inprocess_transaction_present
    stop_reminder_until_payment_expected_date ach_supported reader_offline_payment_initiated
    includes_package_tracking_info accept_retainer track_discount_in_account include_in_vat_return
    ignore_auto_number_generation associated_with_square"""
)
"""Besides those that begin with is, has, can or show."""
NUMBERS = _names(
    """
    payment_terms discount sub_total tax_total payment_made credits_applied tax_amount_withheld price_precision
    early_payment_discount_percentage early_payment_discount_amount total_retention_amount total_taxable_amount
    discount_total discount_percent discount_applied_on_amount shipping_charge_exclusive_of_tax
    shipping_charge_inclusive_of_tax bcy_shipping_charge bcy_adjustment bcy_sub_total bcy_discount_total bcy_tax_total
    bcy_total roundoff_value sub_total_inclusive_of_tax payment_discount unused_retainer_payments
    reverse_charge_tax_total tds_percent tds_amount paid_invoices_total unpaid_invoices_balance exchange_rate
    payment_drawn shipping_charge adjustment uninvoiced_amount invoiced_amount sub_total_exclusive_of_discount
    total_credits_used total_refunded_amount discount_amount acquisition_vat_total reverse_charge_vat_total
    non_catalog_items_count total_quantity total_invoiced_amount unused_credits_payable_amount vendor_credits_applied
    open_purchaseorders_count reverse_charge_tax_percentage reverse_charge_tax_amount tax_amount tax_percentage amount
    markup_percent fcy_surcharge_amount bcy_surcharge_amount line_item_total fiscal_year available_receivables_credits
    available_payables_credits bcy_amount amount_refunded bank_charges indirect_tds_amount indirect_tcs_amount
    total_payment_amount credit_limit credit_limit_exceeded_amount opening_balance_amount
    outstanding_ob_receivable_amount outstanding_ob_payable_amount portal_receipt_count pricebook_rate sales_rate
    committed_stock actual_committed_stock available_for_sale_stock actual_available_for_sale_stock cost_amount
    quantity_marked_as_received quantity_billed quantity_cancelled quantity_received"""
)
NUMBERS_OR_BLANK = _names(
    """
    initial_stock initial_stock_rate minimum_order_quantity maximum_order_quantity fiscal_year purchase_rate
    stock_on_hand available_stock"""
)
LISTS = _names(
    """
    contact_persons_associated line_items taxes customer_custom_fields invoice_installments locked_actions
    retention_items shipping_charge_taxes exceptions contact_persons in_process_payments deliverychallans salesorders
    shipping_bills contact_persons_details sub_statuses approvers_list exchange_invoices credits_associated packages
    ewaybills tds_summary debit_notes custom_fields payments invoice_ids subscription_ids retainerinvoices invoices
    invoices_credited creditnote_refunds purchaseorders acquisition_vat_summary reverse_charge_vat_summary bills
    advances purchasereceives purchaseorder_ids vendor_credits allocated_landed_costs unallocated_landed_costs comments
    vendor_credit_refunds bills_credited imported_transactions branch_difference payment_refunds deposit_details
    vendorpayment_refunds opening_balances addresses cards checks upi_mandates bank_accounts vpa_list
    customer_currency_summaries integration_references contact_blocks approval_path approvers item_tax_preferences
    locations price_brackets default_price_brackets sales_channels preferred_vendors warehouses discounts time_entry_ids
    documents purchase_request_items receive_line_items"""
)
OBJECTS = _names(
    """
    payment_options customer_custom_field_hash lock_details lock_detail contact customer_default_billing_address qr_code
    reference_invoice currency_formatter late_fee dispatch_from_address gst_return_details einvoice_details
    billing_address shipping_address project custom_field_hash sub_module_details delivery_address line_item
    check_details registration_details retainerinvoice default_templates additional_information item_code locked_fields
    package_details"""
)
NOT_IN_INVOICE: Mapping[str, frozenset[str]] = {
    "invoice": _names(
        """
        deliverychallans salesorder_id salesorder_number salesorders shipping_bills pricebook_id pricebook_name
        tds_override_preference reverse_charge_tax_total signed_document_id is_digitally_signed is_edited_after_sign
        is_signature_enabled_in_template reason_for_debit_note reference_invoice"""
    ),
    "estimate": _names(
        """
        is_signed_and_accepted is_digitally_signed is_edited_after_sign reverse_charge_tax_total tds_override_preference
        is_signature_enabled_in_template accept_retainer retainer_percentage"""
    ),
    "expense": _names(
        """
        destination_of_supply destination_of_supply_state source_of_supply reverse_charge_vat_total
        acquisition_vat_total acquisition_vat_summary reverse_charge_vat_summary paid_through_account_id
        is_reverse_charge_applied"""
    ),
    "contact": _names(
        """
        can_show_vendor_ob outstanding_ob_payable_amount"""
    ),
    "item": _names(
        """
        purchase_tax_information vendor_id is_taxable tax_exemption_id avatax_tax_code avatax_use_code
        inventory_account_id committed_stock actual_committed_stock available_for_sale_stock
        actual_available_for_sale_stock initial_stock initial_stock_rate show_in_storefront inventory_account_name
        preferred_vendors warehouses"""
    ),
}
"""Header fields that Zoho Invoice leaves out."""
LEFT_OUT = ("bank_accounts", "cards", "checks", "vpa_list", "upi_mandates")
"""Means of payment of a contact, which no reader has any business with."""
