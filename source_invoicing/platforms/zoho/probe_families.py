"""Probes that are alike for many lists of Zoho's products."""

from __future__ import annotations

from collections.abc import Sequence

from source_invoicing.streams import compact_offset
from source_invoicing.streams.probing import ANSWERS, HONOURED, REFUSED, Mark, Params, Probe
from source_invoicing.streams.probing.changes import INCLUDED, Changes, boundary, change_filter, change_order
from source_invoicing.streams.probing.lists import list_key, listed, path

VERIFIED, INFERRED = Mark.VERIFIED, Mark.INFERRED


def _order(column: str, direction: str) -> Params:
    return {"sort_column": column, "sort_order": direction}


CHANGES = Changes(
    since=lambda seconds: {"last_modified_time": compact_offset(seconds)},
    oldest=_order("last_modified_time", "A"),
    newest=_order("last_modified_time", "D"),
    field="last_modified_time",
)
UNSORTED = Changes(since=CHANGES.since, field=CHANGES.field)
CREATED = Changes(oldest=_order("created_time", "A"), field="created_time")


def words(name: str) -> str:
    """The name of a stream inside a sentence."""
    return name.replace("_", " ")


def changes(names: Sequence[str], selects: Mark, sorts: Mark, border: Mark = INFERRED) -> list[Probe]:
    """Do lists filter and sort by the time of the last change?

    :param selects: how much is known of the filter, ``sorts`` of the order, and ``border`` of the second that a filter
        names
    """
    probes = []
    for name in names:
        these = words(name)
        probes += [
            Probe(
                f"{name}-filter",
                f"last_modified_time selects {these}.",
                selects,
                change_filter(name, CHANGES),
                HONOURED,
            ),
            Probe(
                f"{name}-order",
                f"sort_column=last_modified_time orders {these}.",
                sorts,
                change_order(name, CHANGES),
                HONOURED,
            ),
            Probe(
                f"{name}-boundary",
                f"last_modified_time lists {these} of the very second that it names.",
                border,
                boundary(name, CHANGES),
                INCLUDED,
            ),
        ]
    return probes


def keyed(name: str, keys: tuple[str, ...], mark: Mark, among: Params | None = None) -> Probe:
    """Under which key do the rows of a list stand?

    :param keys: those that are known, the likeliest one first
    :param among: of a page that was asked for already
    """
    return Probe(
        f"{name.replace('_', '-')}-key",
        f"{words(name).capitalize()} come under {keys[0]}.",
        mark,
        list_key(name, keys, among),
        keys[0],
        dict.fromkeys(keys, "The connector finds the rows under it."),
    )


def lists(names: Sequence[str]) -> list[Probe]:
    """Can lists be read?"""
    return [
        Probe(f"list-{name}", f"{words(name).capitalize()} are listed.", VERIFIED, listed(name), ANSWERS)
        for name in names
    ]


def paths(
    facts: Sequence[tuple[str, str | tuple[str, ...]]], beside: str = "invoices", among: Params | None = None
) -> list[Probe]:
    """Do paths answer that the connector does not ask, or not yet?

    :param facts: each path, and what it is assumed to do
    :param among: of a page of the list beside them that was asked for already
    """
    return [
        Probe(
            f"path-{name.replace('/{id}', '-of-one').replace('/', '-')}",
            f"/{name} {'answers' if ANSWERS in assumed else 'is missing'}.",
            INFERRED,
            path(name, beside, among=among),
            assumed,
        )
        for name, assumed in facts
    ]


def created(names: Sequence[str]) -> list[Probe]:
    """Do lists sort by creation?"""
    return [
        Probe(
            f"{name}-created",
            f"sort_column=created_time orders {words(name)}.",
            INFERRED,
            change_order(name, CREATED),
            HONOURED,
            {
                HONOURED: "The list is read once, oldest row first.",
                REFUSED: "The list is read until two readings agree.",
            },
        )
        for name in names
    ]
