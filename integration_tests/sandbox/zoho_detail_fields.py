"""Fields of single documents of Zoho Books and Zoho Invoice: what a detail has that its list does not.

What hangs together, such as lines, totals and applications, is made in :mod:`integration_tests.sandbox.zoho_details`.
"""

from __future__ import annotations

from collections.abc import Mapping

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
        recurring_invoice_id adjustment_description payment_reminder_enabled tax_amount_withheld allow_partial_payments
        price_precision notes terms attachment_name can_send_in_mail channel_invoice_id account_identifier
        offline_created_date_with_time customer_custom_fields customer_custom_field_hash currency_name_formatted
        is_last_child_invoice payment_terms_id invoice_installments early_payment_discount_percentage
        early_payment_discount_due_days early_payment_discount_amount is_early_payment_discount_applicable
        locked_actions is_progress_invoice can_show_kit_return is_kit_partial_return total_retention_amount
        retention_items retention_override_preference is_autobill_enabled inprocess_transaction_present
        total_taxable_amount discount_percent discount_applied_on_amount discount_account_id discount_account_name
        account_id account_name adjustment_account_id adjustment_account_name tax_override_preference bcy_sub_total
        bcy_discount_total bcy_tax_total sub_total_inclusive_of_tax contact_category tax_rounding exceptions
        tds_calculation_type can_send_invoice_sms payment_discount stop_reminder_until_payment_expected_date
        ach_supported reader_offline_payment_initiated computation_type in_process_payments deliverychallans merchant_id
        merchant_name ecomm_operator_id ecomm_operator_name salesorder_id salesorder_number salesorders shipping_bills
        next_reminder_date_formatted subject_content created_date created_by_id created_by_name last_modified_by_id
        is_backorder estimate_id is_client_review_settings_enabled unused_retainer_payments
        includes_package_tracking_info exchange_invoices pricebook_id pricebook_name is_inventory_valuation_pending
        tds_override_preference reverse_charge_tax_total signed_document_id is_digitally_signed is_edited_after_sign
        is_signature_enabled_in_template reason_for_debit_note discount_code show_convert_to_package
        show_convert_to_shipment credits_associated packages destination_of_supply is_eway_bill_required ewaybills
        dispatch_from_address gst_return_details tds_summary tds_percent tds_amount is_tds_amount_in_percent
        einvoice_details tax_specification tax_reg_no branch_name reference_invoice_type invoice_conversion_type
        merchant_gst_no ecomm_operator_gst_no supply_date""",
    "recurring_invoice": REGION
    + """
        company_name is_pre_gst is_reverse_charge_applied cfdi_usage vat_treatment customer_email customer_mobile_phone
        customer_phone photo_url location_id location_name paid_invoices_total unpaid_invoices_balance""",
    "retainer_invoice": TEMPLATE
    + """
        is_pre_gst place_of_supply project_id project_name currency_symbol exchange_rate location_id location_name
        allow_partial_payments price_precision notes terms template_id template_type created_by_id attachment_name
        can_send_in_mail invoice_url""",
    "estimate": APPROVAL
    + TEMPLATE
    + REGION
    + ROUNDING
    + """
        is_pre_gst is_reverse_charge_applied exchange_rate adjustment_description price_precision project created_date
        is_transaction_created is_converted_to_open is_progressive_quote uninvoiced_amount invoiced_amount
        contact_category exceptions currency_symbol discount_applied_on_amount tax_rounding tds_calculation_type
        estimate_url locked_actions cart_id beat_id beat_number journey_plan_id shipping_charge_tax_id
        shipping_charge_tax_name shipping_charge_tax_type shipping_charge_tax_percentage
        shipping_charge_tax_exemption_id shipping_charge_tax_exemption_code shipping_charge_tax bcy_shipping_charge_tax
        shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax shipping_charge_tax_formatted
        shipping_charge_exclusive_of_tax_formatted shipping_charge_inclusive_of_tax_formatted shipping_charge_account_id
        shipping_charge_account_name bcy_shipping_charge shipping_charge_taxes bcy_sub_total sub_total_inclusive_of_tax
        sub_total_exclusive_of_discount bcy_discount_total discount_percent bcy_tax_total tax_override_preference
        invoice_ids subscription_ids notes terms created_by_id last_modified_by_id attachment_name can_send_in_mail
        can_send_estimate_sms allow_partial_payments retainerinvoices estimate_type salesorders subject_content
        is_signed_and_accepted is_digitally_signed is_edited_after_sign reverse_charge_tax_total tds_override_preference
        is_signature_enabled_in_template accept_retainer retainer_percentage tax_specification branch_name""",
    "creditnote": APPROVAL
    + TEMPLATE
    + REGION
    + """
        is_pre_gst vat_treatment vat_reg_no cfdi_usage cfdi_reference_type is_reverse_charge_applied email
        currency_symbol notes terms created_by_id last_modified_by_id subject_content created_by_name
        offline_created_date_with_time invoice_id sales_channel tds_calculation_type contact_category tax_rounding
        tax_override_preference exceptions currency_name_formatted discount_applied_on_amount discount_account_id
        discount_account_name account_id account_name adjustment_account_id adjustment_account_name
        shipping_charge_tax_id shipping_charge_tax_name shipping_charge_tax_type shipping_charge_tax_percentage
        shipping_charge_tax_exemption_id shipping_charge_tax_exemption_code shipping_charge_tax bcy_shipping_charge_tax
        shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax shipping_charge_tax_formatted
        shipping_charge_exclusive_of_tax_formatted shipping_charge_inclusive_of_tax_formatted shipping_charge_account_id
        shipping_charge_account_name shipping_charge_taxes adjustment_description roundoff_value
        transaction_rounding_type bcy_rounding_mode sub_total_inclusive_of_tax computation_type locked_actions module_id
        sub_module_details is_eway_bill_required ewaybills dispatch_from_address gst_return_details einvoice_details
        tax_specification tax_reg_no branch_name""",
    "sales_order": TEMPLATE
    + REGION
    + """
        billing_address_id shipping_address_id is_pre_gst crm_owner_id crm_custom_reference_id vat_treatment
        is_reverse_charge_applied is_update_customer template_id exchange_rate salesperson_id merchant_id merchant_name
        estimate_id tax_id tax_authority_id tax_authority_name tax_exemption_id tax_exemption_code avatax_exempt_no
        avatax_use_code location_id location_name pricebook_id adjustment_description notes notes_default terms
        terms_default currency_symbol discount_amount discount_applied_on_amount price_precision template_type
        created_by_id attachment_name can_send_in_mail packages purchaseorders is_dropshipped is_backordered
        is_backorder_allowed has_unconfirmed_line_item sales_channel""",
    "purchase_order": APPROVAL
    + TEMPLATE
    + REGION
    + """
        vat_treatment is_pre_gst source_of_supply destination_of_supply pricebook_id pricebook_name
        is_reverse_charge_applied discount_account_id crm_owner_id currency_symbol exchange_rate is_emailed location_id
        location_name acquisition_vat_summary acquisition_vat_total reverse_charge_vat_summary reverse_charge_vat_total
        notes terms ship_via ship_via_id attention delivery_org_address_id delivery_customer_id attachment_name
        can_send_in_mail template_id template_type created_by_id can_mark_as_bill can_mark_as_unbill
        non_catalog_items_count contact_category tax_rounding is_adv_tracking_in_receive total_quantity
        tds_calculation_type has_qty_cancelled adjustment_description discount_amount discount_applied_on_amount
        discount_account_name sub_total_inclusive_of_tax discount_percent computation_type tax_override_preference
        billing_address_id payment_terms payment_terms_label delivery_customer_address_id salesorders advances
        pickup_location_id source total_invoiced_amount purchasereceives""",
    "bill": APPROVAL
    + TEMPLATE
    + REGION
    + """
        purchaseorder_ids vat_treatment vat_reg_no source_of_supply destination_of_supply permit_number is_pre_gst
        pricebook_id pricebook_name is_reverse_charge_applied unused_credits_payable_amount payment_terms
        payment_terms_label payment_expected_date recurring_bill_id due_by_days due_in_days currency_symbol
        adjustment_description is_item_level_tax_calc filed_in_vat_return_id filed_in_vat_return_name
        filed_in_vat_return_type is_line_item_invoiced purchaseorders acquisition_vat_summary acquisition_vat_total
        reverse_charge_vat_summary reverse_charge_vat_total created_by_id reference_id notes terms
        open_purchaseorders_count non_catalog_items_count source contact_category discount_setting tds_calculation_type
        scanned_po_number scanned_po_id currency_name_formatted subject_content tax_rounding track_discount_in_account
        bill_order_type discount_amount discount_applied_on_amount discount_account_id discount_account_name
        sub_total_inclusive_of_tax discount_percent computation_type tax_override_preference billing_address_id
        last_modified_id template_id template_type is_approval_required allocated_landed_costs unallocated_landed_costs
        total_retention_amount retention_items can_send_in_mail account_id account_name adjustment_account_id
        adjustment_account_name tds_override_preference can_amend_transaction invoice_conversion_type tds_percent
        tds_amount is_tds_amount_in_percent tds_summary locked_actions""",
    "vendor_credit": REGION
    + """
        source_of_supply destination_of_supply pricebook_id is_reverse_charge_applied price_precision vat_treatment
        filed_in_vat_return_id filed_in_vat_return_name filed_in_vat_return_type location_id location_name
        acquisition_vat_summary acquisition_vat_total reverse_charge_vat_summary reverse_charge_vat_total notes
        is_update_customer""",
    "recurring_bill": "",
    "expense": TEMPLATE
    + REGION
    + """
        transaction_id transaction_type destination_of_supply destination_of_supply_state hsn_or_sac source_of_supply
        vat_reg_no reverse_charge_tax_id reverse_charge_tax_name reverse_charge_tax_percentage reverse_charge_tax_amount
        tax_amount is_itemized_expense is_pre_gst trip_id trip_number reverse_charge_vat_total acquisition_vat_total
        acquisition_vat_summary reverse_charge_vat_summary expense_item_id account_id tax_id tax_name tax_percentage
        expense_receipt_type invoice_id invoice_number project_id project_name transaction_type_formatted
        paid_through_account_id markup_percent tax_override_preference created_by_id last_modified_by_id employee_id
        employee_name employee_email vehicle_id vehicle_name user_id user_email approver_id approver_name approver_email
        report_status is_reimbursable location merchant_id merchant_name payment_mode template_id template_type
        is_recurring_applicable is_surcharge_applicable fcy_surcharge_amount bcy_surcharge_amount zcrm_potential_id
        zcrm_potential_name imported_transactions is_reverse_charge_applied""",
    "journal": APPROVAL
    + """
        currency_code currency_symbol exchange_rate vat_treatment product_type include_in_vat_return is_bas_adjustment
        location_id location_name price_precision reversal_date is_period_end_journal fiscal_year journal_template_name
        journal_number_prefix journal_number_suffix is_scheduled_reversal branch_difference
        available_receivables_credits available_payables_credits project_id project_name imported_transactions
        is_accrual_journal line_id account_id customer_id customer_name account_name description debit_or_credit
        tax_exemption_id tax_exemption_type tax_exemption_code tax_authority_id tax_authority_name tax_id tax_name
        tax_type tax_percentage bcy_amount acquisition_vat_id acquisition_vat_name acquisition_vat_percentage
        acquisition_vat_amount reverse_charge_vat_id reverse_charge_vat_name reverse_charge_vat_percentage
        reverse_charge_vat_amount""",
    "customer_payment": TEMPLATE
    + """
        amount_refunded bank_charges status email currency_code currency_symbol account_identifier payment_link_id
        created_by locked_actions payment_number_prefix payment_number_suffix beat_id beat_number journey_plan_id
        sales_person_id sales_person_name card_type offline_created_date_with_time account_type
        customer_advance_account_id customer_advance_account_name currency_id exchange_rate bank_charges_account_id
        bank_charges_account_name is_client_review_settings_enabled discount_amount is_early_payment_discount_applicable
        online_transaction_id is_ondc_channel tender_id deposit_details template_id template_type attachment_name
        can_send_in_mail can_send_payment_sms is_payment_details_required imported_transactions price_precision
        rounding_mode bcy_amount settlement_status is_paid_via_check payment_status last_four_digits is_pre_gst
        product_description tds_type tds_tax_id registration_details""",
    "vendor_payment": APPROVAL
    + """
        tax_account_name tax_amount_withheld currency_symbol paid_through_account_type location_id location_name
        is_online_payment transfer_type payment_number_prefix payment_number_suffix purpose_code tds_tax_id
        tds_calculation_type is_tds_amount_in_percent tax_account_id bank_charges bank_charges_account_id
        bank_charges_account_name created_by_id created_by_name credit_account_id offset_account_id offset_account_name
        imported_transactions indirect_tds_amount indirect_tcs_amount total_payment_amount is_advance_payment
        is_flagged_for_risk""",
    "contact": APPROVAL
    + """
        has_transaction credit_limit pricebook_id contact_number ignore_auto_number_generation is_taxable tax_id
        tax_name tax_percentage tax_authority_id tax_exemption_id tax_authority_name tax_exemption_code place_of_contact
        gst_no tax_treatment tax_regime legal_name is_tds_registered vat_treatment gst_treatment owner_id
        primary_contact_id currency_symbol payment_reminder_enabled notes contact_tax_information designation department
        is_bcy_only_contact is_credit_limit_migration_completed contact_salutation photo_url invited_by
        is_client_review_asked contact_relation_type owner_name is_crm_customer zcrm_account_id zcrm_contact_id
        crm_owner_id credit_limit_exceeded_amount locked_actions price_precision exchange_rate can_show_customer_ob
        can_show_vendor_ob opening_balance_amount opening_balance_amount_bcy outstanding_ob_receivable_amount
        outstanding_ob_payable_amount unused_retainer_payments is_sms_enabled is_consent_agreed consent_date
        is_client_review_settings_enabled tax_id_type tax_id_value tax_reg_label account_id account_name
        contact_category sales_channel portal_receipt_count entity_address_id pricebook_name associated_with_square
        created_date created_by_name created_by_id last_modified_by_id zohopeople_client_id integration_references
        can_show_integration_outlet_info contact_blocks additional_information is_multi_match_approval approval_name
        approval_path approvers note_to_approver""",
    "item": """
        hsn_or_sac item_tax_preferences group_id brand manufacturer item_code crm_owner_id unit_id tax_status
        tax_start_date tax_end_date tax_groups_details tax_country_code tax_information is_tax_expired
        purchase_tax_information is_default_tax_applied associated_template_id pricebook_rate pricing_scheme
        price_brackets sales_rate sales_margin created_at offline_created_date_with_time minimum_order_quantity
        maximum_order_quantity locked_actions locked_fields is_fulfillable attribute_name1 attribute_name2
        attribute_name3 attribute_option_name1 attribute_option_name2 attribute_option_name3 sales_channels
        is_modifier_item integration_references has_variant default_hosted_page_url vendor_id is_taxable
        tax_exemption_id avatax_tax_code avatax_use_code inventory_account_id committed_stock actual_committed_stock
        available_for_sale_stock actual_available_for_sale_stock initial_stock initial_stock_rate show_in_storefront
        inventory_account_name package_details preferred_vendors warehouses""",
}
"""Header fields by document, in the words of Zoho Books."""

LINES: Mapping[str, str] = {
    "invoice": """
        line_item_id item_id item_order name internal_name description sku header_id header_name item_type product_type
        line_item_category unit quantity rate bcy_rate pricing_scheme pricebook_id discount discount_amount discounts
        discount_account_id discount_account_name item_total account_id account_name tax_id tax_name tax_type
        tax_percentage line_item_taxes tax_treatment_code tags item_custom_fields location_id location_name project_id
        project_name time_entry_ids expense_id expense_receipt_name bill_id bill_item_id salesorder_item_id cost_amount
        markup_percent sales_rate purchase_rate stock_on_hand available_stock committed_stock available_for_sale_stock
        mapped_items is_modifier_item item_code documents image_document_id""",
    "estimate": """
        line_item_id item_id item_order name internal_name description sku header_id header_name product_type
        line_item_category unit quantity rate bcy_rate pricing_scheme pricebook_id discount discount_amount discounts
        item_total tax_id tax_name tax_type tax_percentage line_item_taxes tax_treatment_code tds_tax_id
        sat_item_key_code unitkey_code tags item_custom_fields location_id location_name combo_type mapped_items
        is_modifier_item item_code documents image_document_id""",
    "sales_order": """
        line_item_id item_id item_order name description sku product_type unit quantity rate bcy_rate item_total
        item_total_inclusive_of_tax tax_id tax_name tax_type tax_percentage tax_treatment_code hsn_or_sac tds_tax_id
        is_taxable product_exemption_id product_exemption_code avatax_use_code_id avatax_use_code_desc
        avatax_tax_code_id avatax_tax_code_desc sat_item_key_code unitkey_code item_custom_fields location_id
        location_name project_id project_name is_invoiced stock_on_hand combo_type mapped_items image_id image_name
        image_type""",
    "purchase_order": """
        line_item_id item_id item_order name description sku header_id header_name item_type product_type
        line_item_category unit quantity rate bcy_rate pricebook_id discount discounts item_total
        item_total_inclusive_of_tax account_id account_name tax_id tax_name tax_type tax_percentage line_item_taxes
        tax_exemption_id tax_exemption_code tax_treatment_code hsn_or_sac reverse_charge_tax_id reverse_charge_tax_name
        reverse_charge_tax_percentage reverse_charge_tax_amount acquisition_vat_id acquisition_vat_name
        acquisition_vat_percentage acquisition_vat_amount reverse_charge_vat_id reverse_charge_vat_name
        reverse_charge_vat_percentage reverse_charge_vat_amount tags item_custom_fields location_id location_name
        project_id project_name salesorder_item_id purchase_request_items is_receivable quantity_marked_as_received
        quantity_billed quantity_cancelled item_code image_document_id image_name image_type""",
    "bill": """
        line_item_id item_id item_order name description sku header_id header_name item_type product_type
        line_item_category unit quantity rate bcy_rate pricebook_id discount discounts discount_account_id
        discount_account_name item_total item_total_inclusive_of_tax account_id account_name account_code customer_id
        customer_name tax_id tax_name tax_type tax_percentage line_item_taxes tax_exemption_id tax_exemption_code
        tax_treatment_code hsn_or_sac tds_tax_id reverse_charge_tax_id reverse_charge_tax_name
        reverse_charge_tax_percentage reverse_charge_tax_amount acquisition_vat_id acquisition_vat_name
        acquisition_vat_percentage acquisition_vat_amount reverse_charge_vat_id reverse_charge_vat_name
        reverse_charge_vat_percentage reverse_charge_vat_amount tags item_custom_fields location_id location_name
        project_id project_name invoice_id invoice_number purchaseorder_id purchaseorder_item_id receipt_line_item_id
        receive_line_items purchase_request_items item_matching_type is_billable quantity_received markup_percent
        sales_rate item_code image_document_id image_name image_type""",
    "creditnote": """
        line_item_id item_id item_order name internal_name description sku item_type product_type line_item_category
        unit quantity rate bcy_rate pricing_scheme pricebook_id discount discount_amount discounts discount_account_id
        discount_account_name item_total account_id account_name tax_id tax_name tax_type tax_percentage line_item_taxes
        tax_treatment_code tags item_custom_fields location_id location_name project_id project_name invoice_id
        invoice_item_id sales_margin serial_numbers can_skip_stock_tracking is_credit_only_item mapped_items
        is_modifier_item item_code code type image_document_id""",
    "vendor_credit": """
        line_item_id item_id item_order name description sku product_type unit quantity rate bcy_rate item_total
        item_total_inclusive_of_tax account_id account_name tax_id tax_name tax_type tax_percentage tax_exemption_id
        tax_exemption_code tax_treatment_code hsn_or_sac reverse_charge_tax_id reverse_charge_tax_name
        reverse_charge_tax_percentage reverse_charge_tax_amount acquisition_vat_id acquisition_vat_name
        acquisition_vat_percentage acquisition_vat_amount reverse_charge_vat_id reverse_charge_vat_name
        reverse_charge_vat_percentage reverse_charge_vat_amount tags item_custom_fields location_id location_name
        project_id project_name stock_on_hand""",
    "retainer_invoice": """
        line_item_id item_order description rate bcy_rate item_total tax_id tax_name tax_type tax_percentage location_id
        location_name""",
    "recurring_invoice": """
        line_item_id name sku header_id header_name product_type quantity item_total tax_id tax_treatment_code tags
        location_id location_name project_id project_name""",
    "recurring_bill": """
        line_item_id item_id item_order name description sku product_type unit quantity rate bcy_rate item_total
        item_total_inclusive_of_tax account_id account_name customer_id customer_name tax_id tax_name tax_type
        tax_percentage tax_exemption_id tax_exemption_code tax_treatment_code hsn_or_sac tds_tax_id
        reverse_charge_tax_id reverse_charge_tax_name reverse_charge_tax_percentage reverse_charge_tax_amount
        acquisition_vat_id acquisition_vat_name acquisition_vat_percentage acquisition_vat_amount reverse_charge_vat_id
        reverse_charge_vat_name reverse_charge_vat_percentage reverse_charge_vat_amount tags item_custom_fields
        location_id location_name project_id project_name is_billable image_document_id""",
    "expense": """
        line_item_id item_order description item_total amount account_id account_name tax_id tax_name tax_type
        tax_percentage tax_amount line_item_taxes hsn_or_sac reverse_charge_tax_id reverse_charge_tax_name
        reverse_charge_tax_percentage reverse_charge_tax_amount tags location_id""",
    "journal": """
        line_id item_order description amount bcy_amount debit_or_credit account_id account_name customer_id
        customer_name tax_id tax_name tax_type tax_percentage line_item_taxes tax_exemption_id tax_exemption_code
        tax_exemption_type acquisition_vat_id acquisition_vat_name acquisition_vat_percentage acquisition_vat_amount
        reverse_charge_vat_id reverse_charge_vat_name reverse_charge_vat_percentage reverse_charge_vat_amount
        tax_authority_id tax_authority_name tags location_id location_name project_id project_name""",
}
"""Fields of lines by document, in the words of Zoho Books."""

FLAGS = frozenset(
    """
    payment_reminder_enabled allow_partial_payments inprocess_transaction_present
    stop_reminder_until_payment_expected_date ach_supported reader_offline_payment_initiated
    includes_package_tracking_info accept_retainer track_discount_in_account include_in_vat_return
    ignore_auto_number_generation associated_with_square""".split()
)
"""Besides those that begin with is, has, can or show."""
NUMBERS = frozenset(
    """
    payment_terms tax_amount_withheld price_precision early_payment_discount_percentage early_payment_discount_amount
    total_retention_amount total_taxable_amount discount_percent discount_applied_on_amount
    shipping_charge_exclusive_of_tax shipping_charge_inclusive_of_tax bcy_shipping_charge bcy_adjustment bcy_sub_total
    bcy_discount_total bcy_tax_total roundoff_value sub_total_inclusive_of_tax payment_discount unused_retainer_payments
    reverse_charge_tax_total tds_percent tds_amount paid_invoices_total unpaid_invoices_balance exchange_rate
    uninvoiced_amount invoiced_amount sub_total_exclusive_of_discount discount_amount acquisition_vat_total
    reverse_charge_vat_total non_catalog_items_count total_quantity total_invoiced_amount unused_credits_payable_amount
    open_purchaseorders_count reverse_charge_tax_percentage reverse_charge_tax_amount tax_amount tax_percentage
    markup_percent fcy_surcharge_amount bcy_surcharge_amount fiscal_year available_receivables_credits
    available_payables_credits bcy_amount amount_refunded bank_charges indirect_tds_amount indirect_tcs_amount
    total_payment_amount credit_limit credit_limit_exceeded_amount opening_balance_amount
    outstanding_ob_receivable_amount outstanding_ob_payable_amount portal_receipt_count pricebook_rate sales_rate
    committed_stock actual_committed_stock available_for_sale_stock actual_available_for_sale_stock cost_amount
    quantity_marked_as_received quantity_billed quantity_cancelled quantity_received""".split()
)
NUMBERS_OR_BLANK = frozenset(
    """
    purchase_rate stock_on_hand available_stock""".split()
)
LISTS = frozenset(
    """
    customer_custom_fields invoice_installments locked_actions retention_items shipping_charge_taxes exceptions
    in_process_payments deliverychallans salesorders shipping_bills approvers_list exchange_invoices credits_associated
    packages ewaybills tds_summary invoice_ids subscription_ids retainerinvoices purchaseorders acquisition_vat_summary
    reverse_charge_vat_summary advances purchasereceives purchaseorder_ids allocated_landed_costs
    unallocated_landed_costs imported_transactions branch_difference deposit_details integration_references
    contact_blocks approval_path approvers item_tax_preferences price_brackets sales_channels preferred_vendors
    warehouses discounts time_entry_ids documents purchase_request_items receive_line_items""".split()
)
OBJECTS = frozenset(
    """
    customer_custom_field_hash dispatch_from_address gst_return_details einvoice_details project sub_module_details
    registration_details additional_information item_code locked_fields package_details""".split()
)
NOT_IN_INVOICE = frozenset(
    """
    account_id account_name discount_account_id discount_account_name adjustment_account_id adjustment_account_name
    is_progress_invoice tags bill_id bill_item_id paid_through_account_id paid_through_account_name
    paid_through_account_type vendor_id vendor_name imported_transactions customer_advance_account_id
    customer_advance_account_name bank_charges_account_id bank_charges_account_name tax_account_id tax_account_name""".split()
)
"""What Zoho Invoice leaves out wherever Zoho Books has it."""
LEFT_OUT = ("bank_accounts", "cards", "checks", "vpa_list", "upi_mandates")
"""Means of payment of a contact, which no reader has any business with."""
