"""What is assumed of single documents of Zoho's products, which are asked for by their ids."""

from __future__ import annotations

from collections.abc import Mapping

from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.platforms.zoho.probe_families import CHANGES, INFERRED, VERIFIED, words
from source_invoicing.platforms.zoho.questions import (
    ARRAY,
    AS_DECLARED,
    AS_LISTED,
    DEAD_ID,
    OBJECT,
    Documents,
    dead_document,
    detail_blanks,
    detail_form,
    detail_known,
    detail_lines,
    detail_time,
    details_at_once,
)
from source_invoicing.streams.probing import ANSWERS, MISSING, PRESENT, REFUSED, Params, Probe
from source_invoicing.streams.probing.lists import path

#: Lists whose first document is asked for, and how the page of it was.
DOCUMENTS: Documents = {"invoices": None, "expenses": None, "customer_payments": CHANGES.newest}
# Carries its time of change under another name.
OTHERWISE_TIMED = "customer_payments"


def of_documents(invoice: type[ZohoDetails], among: Documents) -> list[Probe]:
    """How do documents come, one by one and several at once?

    :param invoice: the stream of the details of invoices
    :param among: lists whose first documents show it
    """
    return [
        Probe("detail", "/invoices/{id} answers.", VERIFIED, path("invoices/{id}", "invoices"), ANSWERS),
        Probe(
            "detail-gone",
            "A document that does not exist is not found.",
            VERIFIED,
            path(f"invoices/{DEAD_ID}", "invoices"),
            MISSING,
            {
                MISSING: "One that vanished is left out.",
                REFUSED: "One that vanished ends the stream with an error.",
                ANSWERS: "One that vanished cannot be told from one that is there.",
            },
        ),
        Probe("detail-form", "A document stands alone in its answer.", VERIFIED, detail_form(among), OBJECT),
        Probe("detail-lines", "A single line is in an array.", INFERRED, detail_lines(among), ARRAY),
        Probe("detail-blanks", "A document shows members that hold nothing.", VERIFIED, detail_blanks(among), PRESENT),
        *details({"invoices": invoice}),
        Probe(
            "detail-time",
            "A document carries the time that it has in its list.",
            INFERRED,
            detail_time({name: params for name, params in among.items() if name != OTHERWISE_TIMED}),
            AS_LISTED,
        ),
        Probe(
            "items-at-once",
            "/itemdetails takes a hundred ids.",
            INFERRED,
            details_at_once("items", "itemdetails", "item_ids", CHANGES.newest),
            ANSWERS,
        ),
        Probe(
            "dead-item",
            "Of several items, one that is gone keeps the others from being read.",
            VERIFIED,
            dead_document("items", "itemdetails", "item_ids", CHANGES.newest),
            REFUSED,
        ),
    ]


def details(kinds: Mapping[str, type[ZohoDetails]], among: Params | None = None) -> list[Probe]:
    """Do documents hold what the schemas of their details say?

    :param kinds: the streams of them, by the lists
    :param among: of pages that were asked for already
    """
    return [
        Probe(
            f"{name}-detail",
            f"The details of {words(name)} hold what their schema declares.",
            INFERRED,
            detail_known(name, kind, among),
            AS_DECLARED,
        )
        for name, kind in kinds.items()
    ]
