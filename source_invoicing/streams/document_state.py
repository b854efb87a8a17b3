"""The state of a stream that is read from the details of documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from source_invoicing.streams.cursor_state import Coverage, CursorState
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.timestamps import EARLIEST

# A stored name; never change it.
DOCUMENT = "document"


class DocumentState(CursorState):
    """``{cursor_field: value}``: the details of all documents last changed before that time are out. In the middle of
    many documents of one second, ``"document"`` is the key up to which those of that very second are out as well.

    Details are read in the order of their documents' times and keys, whatever the order of the list. The cursor already
    leaves room for what may come late (:meth:`.Documents.bounds`), so nothing before it is asked for again.

    Documents without a time come first. As long as they are not all out, there is no cursor and ``"document"`` alone.
    """

    def document(self, key: Any) -> Any:
        """Of the documents of a partition that were changed in the very second of its cursor, those up to this key are
        out; ``None``: none of them. Without a cursor, of those without a time."""
        with self.lock:
            return self._coverage[key].document if key in self._coverage else None

    def reach(self, key: Any, cursor: int | None, document: Any = None) -> None:
        """All documents of a partition last changed before ``cursor`` are out, and those of that second up to
        ``document``.

        :param cursor: ``None``: documents without a time
        """
        with self.lock:
            if _place(cursor, document) <= _place(self.cursor(key), self.document(key)):
                return
            self._coverage[key] = Coverage(cursor, document=document)
            self.changed()

    def all_are_out(self) -> None:
        """Documents without a time are asked for again by the next sync, where none has one."""
        with self.lock:
            dated = {key: coverage for key, coverage in self._coverage.items() if coverage.cursor is not None}
            if dated != self._coverage:
                self._coverage = dated
                self.changed()

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            state = super().value()
            document = self.document(self._keys[0])
            if document is not None and len(self._keys) == 1:
                state[DOCUMENT] = list(document) if isinstance(document, tuple) else document
            return state

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        document = state.get(DOCUMENT)
        super().restore({name: value for name, value in state.items() if name != DOCUMENT})
        if DOCUMENT in state:
            parts = document if isinstance(document, list) else [document]
            if not parts or not all(part == "" or is_identity(part) for part in parts):
                raise self.invalid(f"{DOCUMENT!r} should be the key of a document, found {document!r}")
            coverage = self._coverage.setdefault(self._keys[0], Coverage())
            coverage.document = tuple(parts) if isinstance(document, list) else document


def rank_of(key: Any) -> str:
    """Sorting key for keys of documents: text, numbers and tuples of them."""
    return key if isinstance(key, str) else f"\0{key!r}"


def _place(cursor: int | None, document: Any) -> tuple[int | str, ...]:
    seconds = EARLIEST - 1 if cursor is None else cursor
    return (seconds,) if document is None else (seconds, rank_of(document))
