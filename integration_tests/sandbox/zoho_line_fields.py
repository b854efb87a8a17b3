"""Fields of the lines of Zoho's documents."""

from __future__ import annotations

from collections.abc import Mapping

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

NOT_IN_INVOICE = frozenset(("account_id", "account_name", "tags", "bill_id", "bill_item_id"))
"""Fields of lines that Zoho Invoice leaves out."""
