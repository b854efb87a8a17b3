"""The readings that a sync consists of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from source_invoicing.http import ApiClient
from source_invoicing.streams.detail import DetailStream
from source_invoicing.streams.detail_reading import DETAILS_PER_STATE, DetailReading
from source_invoicing.streams.documents import Documents
from source_invoicing.streams.reading import ListReading, Reading
from source_invoicing.streams.state import InOrder
from source_invoicing.streams.stream import InvoicingStream


def readings_of(streams: Sequence[InvoicingStream]) -> list[Reading]:
    """One reading for each list of each account, shared by all streams that need its rows, and one more for the details
    of its documents.

    :param streams: in the order in which they are to be read
    """
    by_list: dict[tuple[ApiClient, str], list[InvoicingStream]] = {}
    for stream in streams:
        for member in stream.members:
            by_list.setdefault((member.account.client, member.source_stream.name), []).append(member)
    lists: list[Reading] = []
    all_documents: list[Documents] = []
    for outlets in by_list.values():
        source = next((each for each in outlets if each.source_stream is each), outlets[0].source_stream)
        by_detail: dict[str, list[DetailStream]] = {}
        for outlet in outlets:
            if isinstance(outlet, DetailStream):
                by_detail.setdefault(outlet.detail_path, []).append(outlet)
        documents = [Documents(source, each) for each in by_detail.values()]
        lists.append(ListReading(source, [each for each in outlets if not isinstance(each, DetailStream)], documents))
        all_documents += documents
    details_per_state = max(DETAILS_PER_STATE // max(len(all_documents), 1), 1)
    # Counted per account, so that a slow one does not hold up the others.
    under_way: defaultdict[ApiClient, list[InOrder]] = defaultdict(list)
    return [
        *lists,
        *(DetailReading(each, details_per_state, under_way[each.source.account.client]) for each in all_documents),
    ]
