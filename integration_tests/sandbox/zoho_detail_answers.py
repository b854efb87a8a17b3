"""Answers to calls for single rows of Zoho's lists, and for several documents in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.platform import ApiRequest
from integration_tests.sandbox.table import Row
from integration_tests.sandbox.zoho_details import DETAILS, Documents
from integration_tests.sandbox.zoho_options import streams_in
from integration_tests.sandbox.zoho_paths import OTHER_PATH_OF_RECURRING_BILLS, Target
from integration_tests.sandbox.zoho_refusal import Refused, invalid, refused_stream

GONE = "Resource does not exist."


class DetailDesk:
    """Answers what is asked for by id."""

    def __init__(self, documents: Documents, options: Options) -> None:
        self._documents = documents
        self._options = options

    def admit(self, target: Target, request: ApiRequest) -> None:
        """What can be wrong with a call before the row is looked for."""
        missing = streams_in(self._options.text("details_unavailable"))
        if target.stream in missing:
            raise refused_stream(missing[target.stream])
        if target.stream == "recurring_bills":
            other = f"/{OTHER_PATH_OF_RECURRING_BILLS}/" in request.path
            if other != (self._options.text("recurring_bill_path") == OTHER_PATH_OF_RECURRING_BILLS):
                raise refused_stream("404")
        if target.keys is not None:
            longest = self._options.number("bulk_characters")
            if len(target.keys) > self._options.number("bulk_ids") or 0 < longest < len(",".join(target.keys)):
                raise invalid(DETAILS[target.stream].several[1])

    def contents(self, target: Target, rows: Mapping[str, Row]) -> Row:
        """The answer without its code.

        :param rows: those of the list that there are, as they are sent
        """
        if target.keys is None:
            return self._one(target, rows)
        leaves_out = target.stream == "sales_orders" and self._options.text("dead_sales_orders") == "left_out"
        if any(key not in rows for key in target.keys) and not leaves_out:
            raise Refused(404, 1002, GONE)
        documents = [self._documents.make(target.stream, rows[key]) for key in target.keys if key in rows]
        if target.stream == "items":
            return {"items": documents}
        return {"salesorders": documents, "page_context": {"page": 1, "per_page": 200, "has_more_page": False}}

    def _one(self, target: Target, rows: Mapping[str, Row]) -> Row:
        row = rows.get(target.key or "")
        if row is None:
            raise Refused(404, 1002, GONE)
        spec = DETAILS.get(target.stream)
        if spec is None:
            return {next(iter(row)).removesuffix("_id"): row}
        document: Any = self._documents.make(target.stream, row)
        return {spec.envelope: [document] if self._options.text("detail_envelope") == "array" else document}
