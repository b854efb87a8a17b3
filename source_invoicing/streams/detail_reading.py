"""The reading of details: one request for each document that a list has named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count, islice, zip_longest
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

# A state is written behind so many details, of all streams together: what a sync that is cut off asks for again, beside
# those that are on their way.
DETAILS_PER_STATE = 10
# So many requests of an account may be ahead of the oldest ones that have no response yet, or as many as
# there are workers, up to a bound: with what is behind the last state, no more than forty are asked for again.
MAX_AHEAD = 20
MAX_WORKERS_AHEAD = 30
# By so much the number of documents that are asked for at once goes down when they are refused.
FEWER = 10
# So many details in a row may be missing before it is taken for the path of all of them that is wrong.
MAX_MISSING = 5

Found = Mapping[Document, Row]


class DetailReading(Reading):
    """Reads the details of the documents that a list has named, oldest change first, for one or several streams.

    Each response feeds all streams that lack this version of the document. States move in the order of the documents,
    whatever the order in which responses come. Where the sync may send no further request, the reading ends, complete
    as far as it goes. A stream that cannot use a document leaves the reading, if others can.

    :param documents: of a list that has been read by the time of :meth:`chains`
    :param details_per_state: behind how many further details a state is written
    :param under_way: what is under way in the readings of the account, to which this one adds its own
    """

    def __init__(
        self,
        documents: Documents,
        details_per_state: int = DETAILS_PER_STATE,
        under_way: list[InOrder] | None = None,
    ) -> None:
        super().__init__(documents.source, documents.outlets)
        self._listed = documents
        # A detail becomes a record in place, so streams of its parts come first.
        self._streams: Sequence[DetailResource] = sorted(documents.outlets, key=lambda stream: not stream.expand)
        self._calls = documents.source.account.detail_calls
        self._details_per_state = details_per_state
        self._at_once = documents.outlets[0].details_per_call
        self._under_way = InOrder()
        self._all_under_way = [] if under_way is None else under_way
        self._all_under_way.append(self._under_way)
        self._order: dict[Any, InOrder] = defaultdict(InOrder)
        self._total = 0
        self._done = 0
        self._done_since_state = 0
        self._address = 0
        self._has_answered = False
        self._missing: list[tuple[Document, ResourceMissing]] = []

    @property
    @override
    def shareable(self) -> bool:
        return False

    @override
    def has_room(self, under_way: int, workers: int) -> bool:
        most = min(max(MAX_AHEAD, workers), MAX_WORKERS_AHEAD)
        # Each reading may have one, however far ahead the others are.
        return under_way < workers and (not len(self._under_way) or sum(map(len, self._all_under_way)) < most)

    @override
    def chains(self) -> Iterator[Sequence[Document]]:  # type: ignore[override]  # a chain of documents
        """The documents, as many at a time as one request may ask for.

        :raises Failure: at the end, if the list could not be read completely
        """
        self._total = len(self._listed)
        self._calls.expect(self._total)
        partitions = [_together(documents, self._at_once) for documents in self._listed.oldest_first()]
        for documents in filter(None, chain.from_iterable(zip_longest(*partitions))):
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
    def read(  # type: ignore[override]  # a chain of documents
        self, documents: Sequence[Document], ranges: KeyRanges | None = None
    ) -> Iterator[Emitted]:
        """Read the details of some documents.

        :raises Failure: when one of them cannot be had. No state passes it
        """
        try:
            for found, done in self._fetch(documents):
                for stream in self._streams:
                    if records := self._records(stream, found):
                        yield stream, records
                self._note_done(done)
        except OutOfCallsError:
            return
        except Failure as failure:
            self._write_each_state()
            raise self._streams[0].explain(failure) from None
        finally:
            with self._lock:
                self._under_way.done(documents[0])

    @override
    def tombstones(self) -> Iterator[Emitted]:
        """The reading of the list has found out."""
        if self._listed.deletions is not None:
            yield from self._listed.deletions.tell(self.outlets)

    @override
    def conclude(self) -> None:
        """All documents that could be asked for are out.

        :raises Failure: if not one of them was there
        """
        if not self._has_answered and self._missing and not self._may_all_have_vanished():
            raise self._streams[0].explain(self._missing[0][1])
        self._has_answered = True
        self._note_done([])
        self._write_states()
        left = self._total - self._done
        if not left:
            self._listed.note_all_done(self._streams)
        for stream in self._streams if left else ():
            logger.info(
                "Stream %s: the %s requests for details that a sync may send (detail_calls_per_sync) are used up. The "
                "next sync goes on from here; %s documents of %s are left.",
                stream.name,
                f"{self._calls.most:,}",
                f"{left:,}",
                self.source.name,
            )

    def _records(self, stream: DetailResource, found: Found) -> list[Row]:
        try:
            return [
                record
                for document, detail in found.items()
                if self._listed.wants(stream, document.partition, document.key, document.changed)
                for record in stream.records_of(detail, document)
            ]
        except Failure as failure:
            self._leave(stream, failure)
            return []

    def _is_wanted(self, document: Document) -> bool:
        """Whether a stream that has not left needs a document."""
        return any(
            self._listed.wants(stream, document.partition, document.key, document.changed) for stream in self._streams
        )

    @override
    def _leave(self, outlet: Resource, failure: Failure) -> None:
        with self._lock:
            self._write_states()
        super()._leave(outlet, failure)
        with self._lock:
            self._streams = [stream for stream in self._streams if stream is not outlet]

    # -- requests -----------------------------------------------------------------------------------------------------

    def _fetch(self, documents: Sequence[Document]) -> Iterator[tuple[Found, Sequence[Document]]]:
        """Documents that were found, and those that are done by that. Their first request is paid for."""
        start = 0
        while several := documents[start : start + self._at_once]:
            if start:
                self._calls.take()
            start += len(several)
            if len(several) > 1:
                yield from self._fetch_several(several)
            else:
                yield self._fetch_one(several[0])

    def _fetch_one(self, document: Document) -> tuple[Found, Sequence[Document]]:
        stream = self._streams[0]
        requests = stream.detail_requests(document)
        # Where the first one of several was not there for others, it comes last.
        for number, request in enumerate([*requests[self._address :], *requests[: self._address]]):
            if number:
                self._calls.take()
            try:
                detail = self._ask_for_one(request, document)
            except RecordMissing:
                return {}, [document]
            except ResourceMissing as failure:
                missing = failure
            else:
                self._address = requests.index(request)
                return {document: detail}, [document]
        with self._lock:
            # It may have vanished, or nothing is there at all: the other documents tell.
            self._missing.append((document, missing))
            if len(self._missing) > MAX_MISSING and not self._has_answered:
                raise missing
        return {}, []

    def _fetch_several(self, documents: Sequence[Document]) -> Iterator[tuple[Found, Sequence[Document]]]:
        stream = self._streams[0]
        try:
            details = self._ask(
                stream.bulk_request(documents),
                lambda response: self._usable(stream.read_bulk(response, documents), response.path),
            )
        except RecordMissing:
            # One that vanished takes the others along, and the response does not say which one it is.
            half = len(documents) // 2
            for each in (documents[:half], documents[half:]):
                self._calls.take()
                yield from self._fetch(each)
            return
        except (AccessRefused, ResourceMissing, UnexpectedResponse) as refusal:
            self._ask_for_fewer(len(documents), refusal)
            self._calls.take()
            yield from self._fetch(documents)
            return
        found = {document: details[document.key] for document in documents if document.key in details}
        yield found, list(found)
        rest = [document for document in documents if document not in found]
        # Some may have vanished, or a response does not hold as many.
        for each in [rest] if found and rest else [[document] for document in rest]:
            self._calls.take()
            yield from self._fetch(each)

    def _ask_for_one(self, request: Request, document: Document) -> Row:
        read: list[tuple[Row, str]] = []

        def read_and_check(response: Response) -> Row:
            read[:] = [(self._streams[0].read_detail(response, document), response.path)]
            for complaint in self._complaints(*read[0]).values():
                raise complaint
            return read[0][0]

        try:
            return self._ask(request, read_and_check)
        except MalformedResponse:
            if not read:
                raise
        self._has_answered = True
        for stream, complaint in self._complaints(*read[0]).items():
            self._leave(stream, complaint)
        return read[0][0]

    def _ask(self, request: Request, read: Callable[[Response], T]) -> T:
        tries = count()

        def on_try() -> None:
            if next(tries):
                self._calls.note_retry()

        answer = self.source.account.client.fetch(replace(request, on_try=on_try), read)
        self._has_answered = True
        return answer

    def _complaints(self, detail: Row, path: str) -> dict[DetailResource, MalformedResponse]:
        """The streams that cannot use a detail, and why.

        :param path: where it came from
        """
        complaints: dict[DetailResource, MalformedResponse] = {}
        for stream in self._streams:
            try:
                stream.check_detail(detail, path)
            except MalformedResponse as malformed:  # noqa: PERF203  # each has one of its own
                complaints[stream] = malformed
        return complaints

    def _usable(self, details: Mapping[Any, Row], path: str) -> Mapping[Any, Row]:
        """Of the documents in a response, those that all streams can use. The others are asked for once more.

        :raises MalformedResponse: if there are none
        """
        complaints = {key: self._complaints(detail, path) for key, detail in details.items()}
        if all(complaints.values()):
            for complaint in (each for several in complaints.values() for each in several.values()):
                raise complaint
        return {key: detail for key, detail in details.items() if not complaints[key]}

    def _ask_for_fewer(self, number: int, refusal: Failure) -> None:
        """Ask for a tenth of the documents at once that were refused, then for one.

        :param number: of the documents that were asked for
        """
        with self._lock:
            first = self._at_once >= number
            if first:
                self._at_once = max(number // FEWER, 1)
        if first:
            self._calls.give_back()
            logger.info(
                "Stream %s: %d documents cannot be asked for at once. From now on it is %d. %s",
                self._streams[0].name,
                number,
                self._at_once,
                refusal.sentence,
            )

    # -- state --------------------------------------------------------------------------------------------------------

    def _note_done(self, documents: Sequence[Document]) -> None:
        """The records of some documents are out, or they have none."""
        with self._lock:
            vanished = [document for document, _ in self._missing] if self._has_answered else []
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
        self._listed.note_done_up_to(reached, self._streams)

    def _write_each_state(self) -> None:
        """The reading has failed: what comes from now on may be the last that counts."""
        with self._lock:
            self._details_per_state = 1
            self._write_states()

    def _may_all_have_vanished(self) -> bool:
        """Whether documents that are all missing can have been deleted since they were listed: a few of them, of a
        stream whose documents have been there before."""
        have_been_read = any(stream.progress.value() not in ({}, FINISHED) for stream in self._streams)
        return len(self._missing) < MAX_MISSING and have_been_read


def _together(documents: Iterator[Document], size: int) -> Iterator[list[Document]]:
    while several := list(islice(documents, size)):
        yield several
