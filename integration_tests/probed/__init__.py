"""What probes see: of each option of the sandbox in all of its positions, and of answers that no option brings."""

from integration_tests.probed.fastbill import FASTBILL
from integration_tests.probed.hidden import HIDES, Hidden, Position
from integration_tests.probed.invoiced import INVOICED
from integration_tests.probed.reasons import NO_PROBE
from integration_tests.probed.rest_api import REST_API
from integration_tests.probed.tables import Further, Seen, SeenByOption
from integration_tests.probed.wire import DOCUMENTED, ON_THE_WIRE, OnTheWire
from integration_tests.probed.zoho import BOOKS, BOOKS_FURTHER, INVOICE, INVOICE_FURTHER

__all__ = [
    "DOCUMENTED",
    "FURTHER",
    "HIDES",
    "NO_PROBE",
    "ON_THE_WIRE",
    "SEEN",
    "Hidden",
    "OnTheWire",
    "Position",
    "Seen",
    "SeenByOption",
]

SEEN: dict[str, SeenByOption] = {
    "invoiced": INVOICED,
    "zoho_invoice": INVOICE,
    "zoho_books": BOOKS,
    "fastbill": FASTBILL,
    "rest_api": REST_API,
}
FURTHER: dict[str, Further] = {"zoho_invoice": INVOICE_FURTHER, "zoho_books": BOOKS_FURTHER}
