"""What the records of a page say about the options of their stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from airbyte_cdk.models import FailureType

from source_invoicing.http import Response, UnexpectedResponse, logger
from source_invoicing.platforms.rest_api.page_info import sign_of_more
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig
from source_invoicing.streams import Row
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# Larger numbers are rounded when they are read, so two of them may look alike.
EXACT = 2**53


def demand_keys(stream: str, rows: list[Row], key: Sequence[str], response: Response) -> None:
    """Rows that cannot be distinguished cannot be read completely.

    :param key: dotted paths of the fields that distinguish the rows of one list
    :raises UnexpectedResponse: when a row lacks a part of its key
    """
    for row in rows:
        for path in key:
            value = dig(row, path)
            if isinstance(value, float) and abs(value) >= EXACT:
                raise UnexpectedResponse(
                    f"Stream {stream}: a record of {response.path} has a number of more than 64 bits at {path!r}, "
                    "which primary_key names. It is rounded when it is read, so it tells no records apart. Name "
                    "another field, such as one that holds the same as text.",
                    FailureType.config_error,
                )
            if value is None or value is MISSING or isinstance(value, (dict, list)):
                raise UnexpectedResponse(
                    f"Stream {stream}: a record of {response.path} has {describe(value)} at {path!r}, which "
                    f"primary_key names. The record is {describe(row)}. Name the fields that identify a record; or "
                    "correct record_path, if that is no record.",
                    FailureType.config_error,
                )


def warn_of_shared_keys(stream: str, primary_key: Sequence[str]) -> None:
    """Some rows of a first page have the same key: of those, overlapping pages and destinations keep one."""
    logger.warning(
        "Stream %s: records of the first page have the same %s, which primary_key names. If they are not the same "
        "record, name further fields in primary_key: of records with the same key some may be left out.",
        stream,
        " and ".join(primary_key),
    )


def doubt_about_cursor(stream: str, rows: list[Row], cursor_field: str, since_format: str) -> str:
    """What to say of the rows of a first page none of which has a time of change that can be read.

    :return: empty where a row has none at all, which says nothing about the others
    """
    values = [dig(row, cursor_field) for row in rows]
    if not values or any(value is None for value in values):
        return ""
    advice = "a date in a form of its own needs its pattern in since_format."
    if "%" in since_format:
        advice = f"a date in a form of its own needs its pattern in since_format, which is {since_format!r} now."
    return (
        f"Stream {stream}: the records of the first page have {describe(values[0])} at {cursor_field!r}, "
        f"which cursor_field names, and no date. Leave it empty where the API tells no time of change; {advice}"
    )


def check_window(stream: str, times: Iterable[int | None], window: Mapping[str, int], began: int) -> None:
    """Windows that select by another date than that of the last change would miss later changes for ever.

    :param times: when the rows of a window were last changed
    :param window: ``from`` and ``to``, in seconds since 1970 (UTC), as the times
    :param began: when the sync began: later changes may move a row while it is read
    :raises UnexpectedResponse: when one was changed outside of the window
    """
    margin = 2 * SECONDS_PER_DAY  # time zones, and borders that are whole days
    for at in times:
        if at is not None and (at < window["from"] - margin or window["to"] + margin < at < began - margin):
            raise UnexpectedResponse(
                f"Stream {stream}: a window holds a record that was last changed outside of it, by cursor_field. The "
                "window selects by another date, so changes of old records would be missed. Leave cursor_field empty: "
                "then all windows are read each time.",
                FailureType.config_error,
            )


def warn_of_more(stream: str, rows: list[Row], response: Response) -> None:
    """Say so if a list that ends with its first page seems to be longer."""
    if sign := sign_of_more(response, len(rows)):
        logger.warning(
            "Stream %s: the list ends after one page of %d rows, and %s in the answer. If that is about its rows, "
            "the pagination is not the one configured; total_path or has_more_path make sure.",
            stream,
            len(rows),
            sign,
        )
