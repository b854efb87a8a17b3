"""The base of every stream: a resource that is a list."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import marshal
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import AirbyteStream, FailureType, SyncMode
from airbyte_cdk.sources.streams.http import HttpStream

from source_invoicing.http import BadRequest, Failure, Request, Response, UnexpectedResponse
from source_invoicing.streams.account import Account
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.normalise import Normaliser
from source_invoicing.streams.page import Page, PageRequest, Paging, Row, is_identity
from source_invoicing.streams.state import CheckpointState, CursorState, FullRefreshState, StreamState
from source_invoicing.streams.timestamps import TimestampFormat, UnixSeconds
from source_invoicing.streams.walks import KeyWalk, NotHonoured, PageWalk, Part, Parts, Step, Walk

logger = logging.getLogger("airbyte.source_invoicing")

Slice = Mapping[str, Any]
THE_LIST = "all"
# A walk that the API does not honour is left within its first pages; the next one does not hand out these rows again.
ROWS_REMEMBERED = 1000


class InvoicingStream(HttpStream, ABC):
    """One resource of a vendor, read as a list.

    A subclass says in a few attributes what is particular about the resource; the platform's own base class says how
    the vendor phrases a question (:meth:`list_params`) and an answer (:meth:`read_page`). How the list is walked,
    where the stream stands, and how values become typed is the same for all.
    """

    #: Path of the list below the base URL, without a leading slash.
    resource: ClassVar[str]
    primary_key: ClassVar[str | list[str]] = "id"
    #: Field that tells when a record was last changed; empty where the vendor stores no such time.
    cursor_field: ClassVar[str | list[str]] = []
    timestamp_format: ClassVar[TimestampFormat] = UnixSeconds()
    #: Ways to walk the list, best first.
    walks: ClassVar[tuple[type[Walk], ...]] = (PageWalk,)
    #: Fixed query parameters of the list.
    params: ClassVar[Mapping[str, str | int]] = {}
    #: Fixed query parameters that the API may not know: left out once they prove to be what it refuses.
    optional_params: ClassVar[Mapping[str, str | int]] = {}
    #: Lists whose union is the resource, by name, with the query parameters that select each; read in this order.
    lists: ClassVar[Mapping[str, Mapping[str, str | int]]] = {THE_LIST: {}}
    #: What to check when the API does not page as asked, where that is for the user to set.
    paging_advice: ClassVar[str] = ""
    #: Folder of the JSON schemas, beside the module of the stream.
    schemas: ClassVar[str] = "schemas"

    def __init__(self, account: Account) -> None:
        # HttpStream's own constructor makes an HTTP client per stream; the streams of an account share one.
        self.account = account
        self.progress = self.make_progress()
        self._state_given: Mapping[str, Any] = {}
        self._walks_left = list(self.walks)
        self.optional_params_left = self.optional_params
        self._was_read = False

    # -- what a platform says -----------------------------------------------------------------------------------

    @abstractmethod
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        """A question in the vendor's words, as query parameters."""

    @abstractmethod
    def read_page(self, response: Response) -> Page:
        """An answer in the words of :class:`Page`.

        :raises UnexpectedResponse: when it is no list
        """

    def read_answer(self, response: Response, request: PageRequest) -> Page:
        """The same for APIs whose answers can be understood only beside what was asked."""
        return self.read_page(response)

    def list_request(self, request: PageRequest, path: str, fixed: Mapping[str, str | int]) -> Request:
        """A question as a request: by default a GET with the question in the query.

        :param path: of the list, see :meth:`list_path`
        :param fixed: parameters that go with every question of this list
        """
        return Request(path, {**fixed, **self.list_params(request)})

    def list_path(self, stream_slice: Slice) -> str:
        """Path of the list below the base URL."""
        return self.resource

    def finish_record(self, record: Row, stream_slice: Slice) -> Row:
        """A last touch to a record, for instance the id of its parent."""
        return record

    # -- reading --------------------------------------------------------------------------------------------------

    def make_progress(self) -> StreamState:
        """The state this stream keeps."""
        if not isinstance(self.cursor_field, str):
            keeps_place = len(self.lists) == 1 and any(walk.keeps_place for walk in self.walks)
            return CheckpointState(self.name) if keeps_place else FullRefreshState(self.name)
        return CursorState(self.name, self.cursor_field, self.timestamp_format, tuple(self.lists))

    def read_pages(self, stream_slice: Slice, parts: Parts | None = None) -> Iterator[list[Row]]:
        """Read one slice, a page of finished records at a time.

        The progress moves when the caller asks for the following page: by then the records before it are out. Nothing
        holds on to them here, nor in the walks by key, while that page is fetched: the memory of records that are out
        is used again while it is still in the processor's cache, which saves a long list seven per cent of its time.

        :param parts: for a list that several readers share (:attr:`can_be_shared`): reads one part after the other,
            until there is none left for this reader
        :raises Failure: when the list cannot be read completely
        """
        if parts is not None:
            yield from self._read_parts(stream_slice, parts)
            return
        seen: dict[Hashable, int | None] | None = {} if len(self.lists) > 1 else None
        progress = self.progress if isinstance(self.progress, CursorState) else None
        for name in self._order_of_lists():
            position = progress.position(name) if progress else None
            since = self.account.window.since(position) if self.cursor_field else None
            for step in self.walk(stream_slice, since, name, place=self.progress.place):
                if rows := self._wanted(step.rows, since, seen):
                    yield [self.finish_record(self._normalise(row), stream_slice) for row in rows]
                if progress and step.reached is not None:
                    progress.reach(name, step.reached)
                elif step.place is not None:
                    self.progress.stop_at(step.place)
                del step, rows
            self.progress.stop_at(None)

    @property
    def can_be_shared(self) -> bool:
        """Whether several readers may read the list: it is walked by key, and it is the only one."""
        return len(self.lists) == 1 and issubclass(self._walks_left[0], KeyWalk)

    def _read_parts(self, stream_slice: Slice, parts: Parts) -> Iterator[list[Row]]:
        progress, window, name = self.progress, self.account.window, next(iter(self.lists))
        assert isinstance(progress, CursorState)
        since = window.since(progress.position(name))
        gaps = [
            (start, end, since if start is None else window.overlapping(start)) for start, end in progress.gaps(name)
        ]
        newcomer = parts.begin(since, gaps)
        part: Part | None = None
        try:
            while (part := parts.take(newcomer=newcomer)) is not None:
                newcomer = False
                for step in self.walk(stream_slice, part.since, name, part, progress.place):
                    if rows := self._wanted(step.rows, parts.since if part.is_all else part.since, None):
                        yield [self.finish_record(self._normalise(row), stream_slice) for row in rows]
                    if step.reached is not None:
                        progress.cover(name, part.start, step.reached)
                    if parts.closed and not part.is_all:
                        return
                    parts.call_readers()
                    del step, rows
                parts.done(part)
        except Failure:
            # The others stop at the next page; what they have read is in the progress. One of them says why; whoever
            # reads the whole list has closed the parts itself.
            if parts.close() or (part is not None and part.is_all):
                raise

    def _order_of_lists(self) -> Iterator[str]:
        """A record may change from one list to another while they are read: the first one is asked once more."""
        yield from self.lists
        if len(self.lists) > 1:
            yield next(iter(self.lists))

    def walk(
        self,
        stream_slice: Slice,
        since: int | None,
        name: str | None = None,
        part: Part | None = None,
        place: Checkpoint | None = None,
    ) -> Iterator[Step]:
        """Walk over one of the slice's lists (the first one unless named) in the best way the API honours.

        :param since: seconds since 1970 (UTC), or ``None`` for every row
        :param part: what to read of a list that several readers share. When it cannot be read by key, one of them
            reads the whole list in another way
        :param place: how far an earlier walk came; only walks that know such places go on from there
        """
        listing = _List(self, stream_slice, self.lists[name or next(iter(self.lists))])
        first_rows: set[int] = set()
        left_a_walk = False
        while True:
            kind = self._walks_left[0]
            remembers = len(self._walks_left) > 1
            walk = kind(listing)
            walk.stopped_at = place
            try:
                for step in self._steps(walk, since, part):
                    if left_a_walk:
                        yield replace(step, rows=[row for row in step.rows if _mark(row) not in first_rows])
                    else:
                        if remembers and len(first_rows) < ROWS_REMEMBERED:
                            first_rows.update(map(_mark, step.rows))
                        yield step
                    del step
                return
            except (NotHonoured, BadRequest) as surprise:
                if not self._give_up(kind, listing, surprise):
                    raise
                left_a_walk = True
                if part is not None and not part.is_all:
                    if not part.parts.close():
                        return
                    since = self._take_over(part)

    @staticmethod
    def _steps(walk: Walk, since: int | None, part: Part | None) -> Iterator[Step]:
        if part is None or not isinstance(walk, KeyWalk):
            return walk.steps(since)
        # A walk that goes on in a further part remembers what it has handed out.
        part.walk = part.walk or walk
        return part.walk.steps(since, part)

    def _take_over(self, part: Part) -> int | None:
        """Make a part the whole list, and return where that begins."""
        assert isinstance(self.progress, CursorState)
        self.progress.keep_no_parts()
        part.is_all, part.start, part.end = True, None, None
        return part.parts.since

    def _give_up(self, walk: type[Walk], listing: _List, surprise: Exception) -> bool:
        """Leave a walk that the API does not allow, for all slices: others may be under way with it.

        :return: whether there is another one to go on with
        """
        with self.progress.lock:
            if self._walks_left[0] is not walk:
                return True
            if len(self._walks_left) == 1:
                return False
            del self._walks_left[0]
            first = len(self._walks_left) == len(self.walks) - 1
        logger.log(
            logging.WARNING if first else logging.INFO,
            "Stream %s: the list %s %s. It is read in another way, which is complete but takes more requests.",
            self.name,
            listing.label,
            surprise if isinstance(surprise, NotHonoured) else f"was refused ({str(surprise).removesuffix('.')})",
        )
        return True

    def drop_optional_params(self, refusal: BadRequest) -> None:
        """Ask without the optional parameters from now on."""
        with self.progress.lock:
            dropped, self.optional_params_left = self.optional_params_left, {}
        if dropped:
            logger.warning(
                "Stream %s: the API does not take %s (%s). It is left out, and what it asks for stays empty.",
                self.name,
                ", ".join(f"{name}={value}" for name, value in dropped.items()),
                refusal,
            )

    def _wanted(self, rows: list[Row], since: int | None, seen: dict[Hashable, int | None] | None) -> list[Row]:
        """Rows inside the window, or without a modification time; of several lists, each version of a row once."""
        if since is not None:
            rows = [row for row in rows if (timestamp := self.timestamp(row)) is None or timestamp >= since]
        if seen is None:
            return rows
        unseen = object()
        fresh = [row for row in rows if seen.get(self.key(row), unseen) != self.timestamp(row)]
        seen.update((self.key(row), self.timestamp(row)) for row in fresh)
        return fresh

    @cached_property
    def _normalise(self) -> Normaliser:
        return Normaliser(self.name, self.schema_of_records())

    def schema_of_records(self) -> Mapping[str, Any]:
        """The schema that records are made to fit."""
        return self.get_json_schema()

    def use_schema(self, schema: Mapping[str, Any]) -> None:
        """Take note of the schema that the connection has stored for this stream. Most streams know theirs."""

    def key(self, row: Row) -> Hashable:
        """What identifies a row: the values of its primary key."""
        if isinstance(self.primary_key, str):
            return row.get(self.primary_key)
        return tuple(row.get(field) for field in self.primary_key)

    def creation_rank(self, row: Row) -> int | None:
        """A number that grows with each row created: the last part of its primary key, where that is a number."""
        identity = row.get(self.primary_key if isinstance(self.primary_key, str) else self.primary_key[-1])
        return identity if isinstance(identity, int) else None

    def timestamp(self, row: Row) -> int | None:
        """When a row was last changed (seconds since 1970, UTC); ``None`` where it does not say."""
        field = self.cursor_field
        return self.timestamp_format.seconds(row.get(field)) if field.__class__ is str else None

    def close(self) -> None:
        """The reading is over, complete or not: nothing more is asked for, and nobody waits for it."""
        self.account.client.close()

    # -- what the CDK asks ----------------------------------------------------------------------------------------

    def stream_slices(
        self,
        *,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Slice | None]:
        """One slice: the whole resource."""
        yield {}

    def read_records(
        self,
        sync_mode: SyncMode,
        cursor_field: list[str] | None = None,
        stream_slice: Slice | None = None,
        stream_state: Mapping[str, Any] | None = None,
    ) -> Iterable[Row]:
        """The records of a slice; without one, of all slices. See :meth:`begin` for where they begin."""
        if stream_slice:
            for page in self.read_pages(stream_slice):
                yield from page
            return
        self.begin(sync_mode, stream_state)
        for each in self.stream_slices(sync_mode=sync_mode, stream_state=stream_state):
            for page in self.read_pages(each or {}):
                yield from page

    def begin(self, sync_mode: SyncMode, stream_state: Mapping[str, Any] | None) -> None:
        """Go to where a reading begins: a full refresh where the state that was set says, however far an earlier
        reading came; an incremental one at ``stream_state``, or else where the stream stands."""
        state = self._state_given if sync_mode is SyncMode.full_refresh else stream_state
        if state is not None:
            self.progress.restore(state)

    def read_only_records(self, state: Mapping[str, Any] | None = None) -> Iterable[Row]:
        """All records from ``state`` on, or else from the state that was set. The stream itself stays where it is."""
        reader = copy.copy(self)
        reader.progress = self.make_progress()
        reader.state = dict(self._state_given if state is None else state)
        yield from reader.read_records(SyncMode.full_refresh)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Where the stream stands."""
        return self.progress.value()

    @state.setter
    def state(self, value: MutableMapping[str, Any]) -> None:
        self._state_given = value
        self.progress.restore(value)
        self._was_read = bool(value)

    @property
    def is_unfinished(self) -> bool:
        """Whether no sync has read the stream yet, or the last one left it in the middle, by its state."""
        return not self._was_read or self.progress.place is not None

    @property
    def is_resumable(self) -> bool:
        """Kept in step with :attr:`supports_incremental`: the CDK's sequential engine would otherwise read a stream
        without a cursor for ever, waiting for a completion marker of its own."""
        return self.supports_incremental

    @property
    def resumes(self) -> bool:
        """Whether a sync that was cut off continues from the state."""
        return self.supports_incremental or isinstance(self.progress, CheckpointState)

    def as_airbyte_stream(self) -> AirbyteStream:
        """The stream as ``discover`` shows it."""
        stream = super().as_airbyte_stream()
        stream.is_resumable = self.resumes
        return stream

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the base caches per instance
        """The stream's schema: ``<schemas>/<name>.json`` beside the module that defines it."""
        return _load_schema(Path(inspect.getfile(type(self))).parent / self.schemas / f"{self.name}.json")

    @property
    def url_base(self) -> str:
        """Where the API lives, with a slash at its end: without one, ``urljoin`` drops what stands behind the last."""
        return f"{self.account.client.base_url.rstrip('/')}/"

    @property
    def http_method(self) -> str:
        """How the API is asked."""
        return self._first_request({}).method

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        """What the first question of a slice has in its query; a name that repeats has a list of values."""
        params = self._first_request(stream_slice).params
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        found: dict[str, Any] = {}
        for name, _ in pairs:
            values = [value for other, value in pairs if other == name]
            found[name] = values if len(values) > 1 else values[0]
        return found

    def request_headers(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """What the first question of a slice has in its header, beside what the client adds to each."""
        return self._first_request(stream_slice).headers

    def request_body_json(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any] | None:
        """What the first question of a slice has in its body."""
        body: Mapping[str, Any] | None = self._first_request(stream_slice).json
        return body

    def _first_request(self, stream_slice: Slice | None) -> Request:
        return _List(self, stream_slice or {}, next(iter(self.lists.values()))).request(PageRequest())

    def path(
        self,
        *,
        stream_state: Mapping[str, Any] | None = None,
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> str:
        """Path of the list."""
        return self.list_path(stream_slice or {})

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        """Always ``None``: a walk, not a token, decides what is asked for next."""
        return None

    def parse_response(
        self,
        response: requests.Response,
        *,
        stream_state: Mapping[str, Any],
        stream_slice: Slice | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> Iterable[Row]:
        """The finished records of one raw answer."""
        page = Response.of(response, response.content, f"/{self.path(stream_slice=stream_slice)}")
        for row in self.read_page(page).rows:
            yield self.finish_record(self._normalise(row), stream_slice or {})


class _List:
    """One list of a stream, as a walk sees it."""

    def __init__(self, stream: InvoicingStream, stream_slice: Slice, selection: Mapping[str, str | int]) -> None:
        self._stream = stream
        self._path = stream.list_path(stream_slice)
        self._fixed = {**stream.params, **selection}
        self.label = self.request(PageRequest()).shown
        self.paging_advice = stream.paging_advice
        self.paging: Paging = Pages()
        self.key = stream.key
        self.timestamp = stream.timestamp
        self.creation_rank = stream.creation_rank

    def request(self, request: PageRequest, optional: Mapping[str, str | int] | None = None) -> Request:
        optional = self._stream.optional_params_left if optional is None else optional
        return self._stream.list_request(request, self._path, {**self._fixed, **optional})

    def fetch(self, request: PageRequest) -> Page:
        page = self._stream.read_answer(self._answer(request), request)
        if not page.rows and page.has_more:
            raise self._unexpected("answers with a page without rows and says that more follow")
        if not all(map(_is_known, map(self.key, page.rows))):
            raise self._unexpected(f"has a row without a usable value in {self._stream.primary_key!r}, its key")
        return page

    def _answer(self, request: PageRequest) -> Response:
        send, optional = self._stream.account.client.send, self._stream.optional_params_left
        try:
            return send(self.request(request, optional))
        except BadRequest as refused:
            if not optional:
                raise
            refusal = refused
        # Whether the optional parameters were to blame shows when the same question is answered without them.
        response = send(self.request(request, {}))
        self._stream.drop_optional_params(refusal)
        return response

    def _unexpected(self, what: str) -> UnexpectedResponse:
        return UnexpectedResponse(
            f"The list {self.label} {what}, so it cannot be read completely. Run the sync again; if this stays, the "
            "API does not answer as documented.",
            FailureType.transient_error,
        )


def _is_known(key: Hashable) -> bool:
    """Whether a key tells a record from others. In one of several parts, some may be blank."""
    if isinstance(key, tuple):
        return any(map(is_identity, key)) and all(part == "" or is_identity(part) for part in key)
    return is_identity(key) or isinstance(key, bytes)


def _mark(row: Row) -> int:
    # It takes what is nested as deep as an answer may be. Version 2: the same octets for the same values.
    return hash(marshal.dumps(row, 2))


@cache
def _load_schema(path: Path) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
