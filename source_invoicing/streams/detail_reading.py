"""The reading of details: one request for each document of a list."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice, zip_longest
from typing import Any, TypeVar

from typing_extensions import override

from source_invoicing.http import (
    AccessRefused,
    Failure,
    MalformedResponse,
    RecordMissing,
    Request,
    ResourceMissing,
    Response,
    UnexpectedResponse,
    logger,
)
from source_invoicing.streams.detail_calls import OutOfCallsError
from source_invoicing.streams.detail_resource import DetailResource, Document
from source_invoicing.streams.documents import Documents
from source_invoicing.streams.listing import KeyRanges
from source_invoicing.streams.page import Row
from source_invoicing.streams.reading import Emitted, Reading
from source_invoicing.streams.resource import Resource
from source_invoicing.streams.state import FINISHED, InOrder

T = TypeVar("T")

# A state is written after this many details, of all streams together. A sync that is interrupted requests at most these
# again, and those under way.
DETAILS_PER_STATE = 10
# Per account, at most max(MAX_AHEAD, min(workers, MAX_WORKERS_AHEAD)) requests run ahead of the oldest unanswered one.
# With those since the last state, at most forty are sent again.
MAX_AHEAD = 20
MAX_WORKERS_AHEAD = 30
# The number of documents per request is divided by this when the API refuses so many.
REDUCTION = 10
# If more details than this are missing, and none was found, the path is taken to be wrong.
MAX_MISSING = 5

Details = Mapping[Document, Row]


class DetailReading(Reading[Document]):
    """Reads the details of the documents of a list for one or several streams, in the order of the cursors that they
    bring the states to.

    Each response feeds all streams that lack this version of the document. States move in the order of the documents,
    regardless of the order of the responses. If the sync may send no further request, the reading ends early, without
    gaps up to there. A stream that cannot use a document is dropped, if others can.

    :param documents: of a list that has been read before :meth:`chains` is called
    :param details_per_state: how many details are read before a state is written
    :param under_way: the documents under way in the readings of the account; this reading adds its own
    """

    waits_for_lists = True
    refusals_count = True
    _consumers: Sequence[DetailResource]

    def __init__(
        self,
        documents: Documents,
        details_per_state: int = DETAILS_PER_STATE,
        under_way: list[InOrder] | None = None,
    ) -> None:
        super().__init__(documents.source, documents.outlets)
        # A detail becomes a record in place, so streams of its parts come first.
        self._consumers = sorted(documents.outlets, key=lambda stream: not stream.expand)
        # A worker holds it while it writes states. Never taken by the consumer.
        self._lock = threading.Lock()
        self._listed = documents
        self._calls = documents.source.account.detail_calls
        self._details_per_state = details_per_state
        self._documents_per_request = documents.outlets[0].details_per_call
        self._under_way = InOrder()
        self._all_under_way = [] if under_way is None else under_way
        self._all_under_way.append(self._under_way)
        self._order: dict[Any, InOrder] = defaultdict(InOrder)
        self._total = 0
        self._done = 0
        self._done_since_state = 0
        self._address_index = 0
        self._path_works = False
        self._missing: list[tuple[Document, ResourceMissing]] = []

    @override
    def has_room(self, under_way: int, workers: int) -> bool:
        limit = min(max(MAX_AHEAD, workers), MAX_WORKERS_AHEAD)
        # Each reading may have one under way, regardless of the others.
        return under_way < workers and (not len(self._under_way) or sum(map(len, self._all_under_way)) < limit)

    @override
    def chains(self) -> Iterator[Sequence[Document]]:
        """The documents, in groups for one request each.

        :raises Failure: at the end, if the list could not be read completely
        """
        self._total = len(self._listed)
        self._calls.expect(self._total)
        partitions = [_batched(documents, self._documents_per_request) for documents in self._listed.oldest_first()]
        for documents in (each for turn in zip_longest(*partitions) for each in turn if each):
            if self.failures and not any(map(self._is_wanted, documents)):
                self._count(len(documents))
                continue
            try:
                self._calls.take()
            except OutOfCallsError:
                break
            with self._lock:
                self._under_way.start(documents[0])
                for document in documents:
                    self._order[document.partition.key].start(document)
            yield documents
        if self._listed.failure is not None:
            self._write_each_state()
            raise self._listed.failure

    @override
    def read(self, chain: Sequence[Document], ranges: KeyRanges | None = None) -> Iterator[Emitted]:
        """Read the details of some documents.

        :raises Failure: when one of them cannot be read. No state moves past it
        """
        try:
            for found, done in self._fetch(chain):
                for stream in self._consumers:
                    if records := self._records(stream, found):
                        yield stream, records
                self._mark_done(done)
        except OutOfCallsError:
            return
        except Failure as failure:
            self._write_each_state()
            raise self._consumers[0].explain(failure) from None

    @override
    def chain_ended(self, chain: Sequence[Document]) -> None:
        with self._lock:
            self._under_way.done(chain[0])

    @override
    def tombstones(self) -> Iterator[Emitted]:
        """The deletions that the reading of the list has found."""
        if self._listed.deletions is not None:
            yield from self._listed.deletions.emit(self.outlets)

    @override
    def conclude(self) -> None:
        """Mark the reading complete: all documents that the sync may request have been emitted.

        :raises Failure: if none of them exists
        """
        if not self._path_works and self._missing and not self._may_all_have_vanished():
            raise self._consumers[0].explain(self._missing[0][1])
        self._path_works = True
        self._mark_done([])
        self._write_states()
        remaining = self._total - self._done
        if not remaining:
            self._listed.finish_states(self._consumers)
        for stream in self._consumers if remaining else ():
            logger.info(
                "Stream %s: the %s requests for details that a sync may send (detail_calls_per_sync) are used up. The "
                "next sync goes on from here; %s documents of %s are left.",
                stream.name,
                f"{self._calls.limit:,}",
                f"{remaining:,}",
                self.source.name,
            )

    def _records(self, stream: DetailResource, found: Details) -> list[Row]:
        try:
            return [
                record
                for document, detail in found.items()
                if self._listed.wants(stream, document.partition, document.key, document.changed)
                for record in stream.records_of(detail, document)
            ]
        except Failure as failure:
            self._drop_outlet(stream, failure)
            return []

    def _is_wanted(self, document: Document) -> bool:
        """Whether a stream that was not dropped needs a document."""
        return any(
            self._listed.wants(stream, document.partition, document.key, document.changed) for stream in self._consumers
        )

    @override
    def _drop_outlet(self, outlet: Resource, failure: Failure) -> None:
        with self._lock:
            self._write_states()
        super()._drop_outlet(outlet, failure)

    # -- requests -----------------------------------------------------------------------------------------------------

    def _fetch(self, documents: Sequence[Document]) -> Iterator[tuple[Details, Sequence[Document]]]:
        """Documents that were found, and those that are thereby done. The first request has been counted already."""
        start = 0
        while several := documents[start : start + self._documents_per_request]:
            if start:
                self._calls.take()
            start += len(several)
            if len(several) > 1:
                yield from self._fetch_several(several)
            else:
                yield self._fetch_one(several[0])

    def _fetch_one(self, document: Document) -> tuple[Details, Sequence[Document]]:
        stream = self._consumers[0]
        requests = stream.detail_requests(document)
        # The address at which the last document was found comes first.
        for number, request in enumerate([*requests[self._address_index :], *requests[: self._address_index]]):
            if number:
                self._calls.take()
            try:
                detail = self._fetch_detail(request, document)
            except RecordMissing:
                return {}, [document]
            except ResourceMissing as failure:
                missing = failure
            else:
                self._address_index = requests.index(request)
                return {document: detail}, [document]
        with self._lock:
            # Either it was deleted, or the path is wrong for all documents: the others show which.
            self._missing.append((document, missing))
            if len(self._missing) > MAX_MISSING and not self._path_works:
                raise missing
        return {}, []

    def _fetch_several(self, documents: Sequence[Document]) -> Iterator[tuple[Details, Sequence[Document]]]:
        stream = self._consumers[0]
        try:
            details = self._ask(
                stream.bulk_request(documents),
                lambda response: self._usable(stream.read_bulk(response, documents), response.path),
            )
        except RecordMissing:
            # A single deleted document makes the whole request fail, and the response does not say which one it is.
            half = len(documents) // 2
            for each in (documents[:half], documents[half:]):
                self._calls.take()
                yield from self._fetch(each)
            return
        except (AccessRefused, ResourceMissing, UnexpectedResponse) as refusal:
            self._reduce_batch(len(documents), refusal)
            self._calls.take()
            yield from self._fetch(documents)
            return
        found = {document: details[document.key] for document in documents if document.key in details}
        yield found, list(found)
        rest = [document for document in documents if document not in found]
        # Some may have been deleted, or the response does not hold that many.
        for each in [rest] if found and rest else [[document] for document in rest]:
            self._calls.take()
            yield from self._fetch(each)

    def _fetch_detail(self, request: Request, document: Document) -> Row:
        read: list[tuple[Row, str]] = []

        def read_and_check(response: Response) -> Row:
            read[:] = [(self._consumers[0].read_detail(response, document), response.path)]
            for complaint in self._complaints(*read[0]).values():
                raise complaint
            return read[0][0]

        try:
            return self._ask(request, read_and_check)
        except MalformedResponse:
            if not read:
                raise
        self._path_works = True
        for stream, complaint in self._complaints(*read[0]).items():
            self._drop_outlet(stream, complaint)
        return read[0][0]

    def _ask(self, request: Request, read: Callable[[Response], T]) -> T:
        tries = count()

        def on_try() -> None:
            if next(tries):
                self._calls.note_retry()

        answer = self.source.account.client.fetch(replace(request, on_try=on_try), read)
        self._path_works = True
        return answer

    def _complaints(self, detail: Row, path: str) -> dict[DetailResource, MalformedResponse]:
        """The streams that cannot use a detail, and why.

        :param path: the address of the response
        """
        complaints: dict[DetailResource, MalformedResponse] = {}
        for stream in self._consumers:
            try:
                stream.check_detail(detail, path)
            except MalformedResponse as malformed:  # noqa: PERF203  # one for each stream
                complaints[stream] = malformed
        return complaints

    def _usable(self, details: Mapping[Any, Row], path: str) -> Mapping[Any, Row]:
        """The documents of a response that all streams can use. The others are requested once more.

        :raises MalformedResponse: if there are none
        """
        complaints = {key: self._complaints(detail, path) for key, detail in details.items()}
        if all(complaints.values()):
            for complaint in (each for several in complaints.values() for each in several.values()):
                raise complaint
        return {key: detail for key, detail in details.items() if not complaints[key]}

    def _reduce_batch(self, number: int, refusal: Failure) -> None:
        """From now on, ask for a tenth as many documents per request, and at last for one.

        :param number: how many documents were asked for in the request that was refused
        """
        with self._lock:
            first = self._documents_per_request >= number
            if first:
                self._documents_per_request = max(number // REDUCTION, 1)
        if first:
            self._calls.give_back()
            logger.info(
                "Stream %s: %d documents cannot be asked for at once. From now on it is %d. %s",
                self._consumers[0].name,
                number,
                self._documents_per_request,
                refusal.sentence,
            )

    # -- state --------------------------------------------------------------------------------------------------------

    def _mark_done(self, documents: Sequence[Document]) -> None:
        """Record that all records of some documents have been emitted."""
        with self._lock:
            vanished = [document for document, _ in self._missing] if self._path_works else []
            if vanished:
                self._missing.clear()
            for document in [*documents, *vanished]:
                self._order[document.partition.key].done(document)
            number = len(documents) + len(vanished)
            self._done_since_state += number
            if self._done_since_state >= self._details_per_state:
                self._write_states()
        self._count(number)

    def _count(self, documents: int) -> None:
        with self._lock:
            self._done += documents
        self._calls.done(documents)

    def _write_states(self) -> None:
        self._done_since_state = 0
        reached = (order.done_up_to for order in self._order.values() if order.done_up_to is not None)
        self._listed.advance_states(reached, self._consumers)

    def _write_each_state(self) -> None:
        """Write a state after each further detail, since the reading has failed and may end at any time."""
        with self._lock:
            self._details_per_state = 1
            self._write_states()

    def _may_all_have_vanished(self) -> bool:
        """Whether documents that are all missing can have been deleted since they were listed: they are few, and the
        stream's details could be read before."""
        have_been_read = any(stream.progress.value() not in ({}, FINISHED) for stream in self._consumers)
        return len(self._missing) < MAX_MISSING and have_been_read


def _batched(documents: Iterator[Document], size: int) -> Iterator[list[Document]]:
    while batch := list(islice(documents, size)):
        yield batch
