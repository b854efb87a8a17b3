"""Requests to an account: one at a time, none twice. Of the rows, only their shapes are kept."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import ENDS_ALL, OK, Fail, Failure, MalformedResponse, Request, Response, Retry, Verdict
from source_invoicing.streams.child import ChildStream, path_segment
from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.probing import OUTCOMES_OF_FAILURES, Answer, CannotTell, Params
from source_invoicing.streams.probing.shapes import Shapes, fields_of
from source_invoicing.streams.resource import Resource, ResourceList
from source_invoicing.streams.stream import InvoicingStream

# How many parents are tried to find a list with rows.
MAX_PARENTS = 2


class Inquiry:
    """Sends requests to one account, and remembers the answers.

    :ivar statuses: HTTP statuses of the answers since :meth:`begin`
    :ivar counts: numbers for the report, since :meth:`begin`
    :ivar fields: fields for the report, since :meth:`begin`, such as those of paths that the connector does not read
    :ivar shapes: the shapes of all rows that were returned
    """

    def __init__(self, streams: Sequence[InvoicingStream]) -> None:
        self.shapes = Shapes()
        self.statuses: list[int] = []
        self.counts: dict[str, int] = {}
        self.fields: dict[str, set[str]] = {}
        self._streams = lists_of(streams)
        self._answers: dict[Hashable, Answer] = {}
        self._of_parents: dict[str, Partition] = {}

    def begin(self) -> None:
        """Start the next probe."""
        self.statuses, self.counts, self.fields = [], {}, {}

    def note(self, name: str, count: int) -> None:
        """Put a number into the report. It must never be a value of a row."""
        self.counts[name] = count

    def note_fields(self, name: str, value: Any) -> None:
        """Put the names and types of fields into the report.

        :param name: of a stream, which knows the custom fields of users
        """
        self.fields |= fields_of(value, self.stream(name))

    def stream(self, name: str) -> Resource:
        """A stream of the account."""
        return self._streams[name]

    def page(
        self,
        name: str,
        request: PageRequest | None = None,
        params: Params | None = None,
        *,
        path: str = "",
        key: Hashable = None,
        headers: Mapping[str, str] | None = None,
        refetch: bool = False,
    ) -> Answer:
        """A page of a stream's list.

        :param params: query parameters, or members of the body, that replace the stream's own; ``None`` removes one
        :param path: replaces the path of the stream; ``{id}`` stands for a key. The response is not read as a list
        :param key: for ``{id}``
        :param refetch: send the request even if its answer is known
        :raises Failure: when every further request would fail, too
        :raises CannotTell: when the list belongs to a parent, and there is none
        """
        stream, request = self.stream(name), request or PageRequest()
        partition, label = self._partition(stream), path and f"/{path}"
        if "{id}" in path:
            path = path.replace("{id}", path_segment(key))
        listing = ResourceList(stream, replace(partition, path=path) if path else partition)
        asked = _with_params(listing.request(request, {}), params or {})
        asked = replace(asked, headers={**asked.headers, **(headers or {})}, label=label or asked.label)
        answer = self._answer(stream, asked, None if path else request, refetch=refetch)
        if path and answer.failure is None and answer.response is not None:
            self.note_fields(name, answer.response.body)
        return answer

    def rows(self, name: str, page_params: Params | None = None) -> list[Row]:
        """Rows of a list.

        :param page_params: parameters of a page that other probes request too; without them, if they are refused
        :raises CannotTell: when there are none
        """
        answer = self.page(name, params=page_params)
        return (self.page(name) if page_params and answer.page is None else answer).rows

    def record(self, name: str, key: Hashable) -> Answer:
        """A single record, requested as the connector does it. The response is not read as a list.

        :param key: what identifies it
        :raises Failure: when every further request would fail, too
        :raises CannotTell: when single records of that stream cannot be requested
        """
        stream = self.stream(name)
        request = stream.record_request(key, Partition())
        if request is None:
            raise CannotTell("a record cannot be asked for by itself")
        return self._answer(stream, replace(request, label=f"/{stream.resource}/..."), None)

    def _partition(self, stream: Resource) -> Partition:
        if not isinstance(stream, ChildStream):
            # If the partitions are windows of time, the last one is the most likely to have rows.
            return Partition() if stream.lists else [*stream.partitions()][-1]
        if stream.name not in self._of_parents:
            self._of_parents[stream.name] = self._partition_with_rows(stream)
        return self._of_parents[stream.name]

    def _partition_with_rows(self, stream: ChildStream) -> Partition:
        """The list of the first parent that has rows. Only a few are tried, as each costs a request."""
        parents = stream.parents
        ids = map(parents.parent_id, self.page(parents.name).rows[:MAX_PARENTS])
        partitions = [stream.partition_for(each) for each in ids]
        for partition in partitions:
            answer = self._answer(stream, ResourceList(stream, partition).request(PageRequest(), {}), PageRequest())
            if answer.page is not None and answer.page.rows:
                return partition
        return partitions[0]

    def _answer(
        self, stream: Resource, asked: Request, request: PageRequest | None, *, refetch: bool = False
    ) -> Answer:
        """
        :param request: the page that ``asked`` requests; ``None`` where the response is not read as a list
        """
        if isinstance(stream, ChildStream):  # its path contains an id
            asked = replace(asked, label=f"/{stream.parent_resource}/.../{stream.resource}")
        key = (_request_key(asked), request is None)
        if refetch or key not in self._answers:
            self._answers[key] = self._send(stream, asked, request)
        answer = self._answers[key]
        if answer.response is not None:
            self.statuses.append(answer.response.status)
        return answer

    def _send(self, stream: Resource, asked: Request, request: PageRequest | None) -> Answer:
        client, refused = stream.account.client, list[Failure]()
        handler = asked.error_handler or client.error_handler

        def tolerate(response: Response) -> Verdict:
            verdict = handler(response)
            refused.clear()
            if isinstance(verdict, Fail) and not isinstance(verdict.failure, ENDS_ALL):
                refused.append(verdict.failure)
                return OK
            if isinstance(verdict, Retry):  # it is logged, without the vendor's text
                sentence = f"HTTP {response.status} for {asked.shown}."
                return replace(verdict, failure=type(verdict.failure)(sentence, FailureType.transient_error))
            return verdict

        def read(response: Response) -> Answer:
            if refused:
                return Answer(response, failure=refused[0])
            try:
                return Answer(response, None if request is None else stream.read_page(response, request))
            except ENDS_ALL:
                raise
            except Failure as failure:  # the response is complete, but not the list that it should be
                if not isinstance(failure, tuple(OUTCOMES_OF_FAILURES)):
                    failure = MalformedResponse(failure.sentence)
                return Answer(response, failure=failure)

        try:
            answer = client.fetch(replace(asked, error_handler=tolerate), read)
        except ENDS_ALL:
            raise
        except Failure as failure:
            return Answer(failure=failure)
        if answer.page is not None:
            self.shapes.note(stream, answer.page.rows)
        return answer


def lists_of(streams: Sequence[InvoicingStream]) -> dict[str, Resource]:
    """The lists that streams are read from, by name; only those of the first account, where several are read."""
    lists: dict[str, Resource] = {}
    for stream in streams:
        source = stream.members[0].source_stream
        lists.setdefault(source.name, source)
    return lists


def _with_params(request: Request, params: Params) -> Request:
    if not params:
        return request
    if isinstance(request.json, dict):
        return replace(request, json=_merged(request.json, params))
    return replace(request, params=_merged(dict(request.params), params))


def _merged(values: Mapping[str, Any], others: Params) -> dict[str, Any]:
    return {name: value for name, value in {**values, **others}.items() if value is not None}


def _request_key(request: Request) -> Hashable:
    content = [dict(request.params), request.json, dict(request.headers)]
    return request.url or request.path, json.dumps(content, sort_keys=True, default=str)
