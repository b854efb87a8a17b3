"""The records of a response, and checks of the stream's options against them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import MalformedResponse, Response, UnexpectedResponse, without_full_stop
from source_invoicing.platforms.rest_api.error_handler import error_text, usual_words, words_in
from source_invoicing.platforms.rest_api.paths import EACH, MISSING, Missing, branches, describe, dig, dig_any, lists_in
from source_invoicing.platforms.rest_api.resource import ResourceDeclaration
from source_invoicing.streams import Row
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# Lists that a message names if there is none at record_path.
MAX_LISTS = 3
# Larger floating-point numbers are rounded, so two of them may look alike.
MAX_EXACT = 2**53


def read_records(response: Response, resource: ResourceDeclaration, *, is_first_page: bool) -> list[Row]:
    """The records of a page, as the API sent them.

    A null or an empty list at ``record_path`` means zero records. A path that leads nowhere is an error, unless a total
    counts the records or ``absent_when_empty`` is set: then the API omits the list from pages without records.

    :raises MalformedResponse: when there is an error under ``error_path``, or no list at ``record_path``
    """
    require_no_error(response, resource)
    found = _records_at(response, resource, is_first_page)
    if not isinstance(found, list):
        raise _malformed(response, _not_a_list(response.body, describe(found), resource), FailureType.config_error)
    non_objects = [row for row in found if not isinstance(row, dict)]
    if non_objects:
        what = _not_a_list(response.body, f"a list with {describe(non_objects[0])} in it", resource)
        raise _malformed(response, what, FailureType.config_error)
    return found


def require_no_error(response: Response, resource: ResourceDeclaration) -> None:
    """
    :raises MalformedResponse: when there is an error under ``error_path``
    """
    # False, 0 and empty containers are not errors.
    if resource.error_path and (error := dig_any(response.body, resource.error_path)):
        words = words_in(error) or error_text(response.body) or "something is wrong"
        raise _malformed(response, f"says under {resource.error_path!r}: {words}", FailureType.transient_error)


def _records_at(response: Response, resource: ResourceDeclaration, is_first_page: bool) -> Any:
    """The value at ``record_path``, which should be a list."""
    path, body = resource.record_path, response.body
    found = _each_record(body, resource) if EACH in path.split(".") else dig(body, path)
    if found is None and (body is not None or not path):
        return []
    if found is MISSING and _is_left_out(response, resource, is_first_page):
        return []
    return [found] if resource.single_object_as_list and isinstance(found, dict) else found


def _each_record(body: Any, resource: ResourceDeclaration) -> Any:
    """The records of all elements that ``record_path`` steps into, as one list."""
    found = MISSING if body is None else branches(body, resource.record_path)
    if isinstance(found, Missing):
        return found
    records = []
    for key, each in found:
        rows = each if isinstance(each, list) else [each]
        if resource.key_field and key is not None:
            rows = [{**row, resource.key_field: key} if isinstance(row, dict) else row for row in rows]
        records += rows
    return records


def _is_left_out(response: Response, resource: ResourceDeclaration, is_first_page: bool) -> bool:
    """Whether the API omits the list because the page has no records, and not because ``record_path`` is wrong.

    - With ``absent_when_empty``: the object that should hold the list has to be there.
    - Otherwise the total decides. A first page without records needs a total of 0; a later page any total.
    """
    if resource.absent_when_empty:
        return isinstance(dig(response.body, resource.record_path.rpartition(".")[0]), dict)
    total = resource.pager.info.counted(response)
    return total == 0 if is_first_page else total is not None


def _not_a_list(body: Any, found: str, resource: ResourceDeclaration) -> str:
    path = resource.record_path
    words = usual_words(body) or ""
    # A code without words may be that of a success.
    says = f", and says: {without_full_stop(words)}" if any(map(str.isalpha, words)) else ""
    lists = ", ".join(map(repr, lists_in(body)[:MAX_LISTS]))
    has = f", with a list at {lists}" if lists else ""
    if not path:
        return f"is {found} where record_path is empty and a list of records is expected{has}{says}"
    return f"has {found} at {path!r}, where record_path expects a list of records; it is {describe(body)}{has}{says}"


def _malformed(response: Response, what: str, failure_type: FailureType) -> MalformedResponse:
    return MalformedResponse(
        f"The answer to {response.path} (HTTP {response.status}) {what}. Run the sync again; if it persists, check "
        "the stream in the configuration.",
        failure_type,
    )


def require_keys(stream: str, rows: list[Row], key: Sequence[str], response: Response) -> None:
    """Check that each row has its key: a list of rows that cannot be distinguished cannot be read completely.

    :param key: dotted paths of the fields that distinguish the rows of one list
    :raises UnexpectedResponse: when a row lacks a part of its key
    """
    for row in rows:
        for path in key:
            value = dig(row, path)
            if isinstance(value, float) and abs(value) >= MAX_EXACT:
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


def doubt_about_cursor(stream: str, rows: list[Row], cursor_field: str, since_format: str) -> str:
    """The warning about a first page on which no row has a readable cursor.

    :return: empty if a row has no value at all, which says nothing about the others
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
    """Check that windows select by modification time. Otherwise later changes of their rows would never be read.

    :param times: modification times of the rows of a window
    :param window: ``from`` and ``to``; like the times in seconds since 1970 (UTC)
    :param began: when the sync began: later changes may move a row while it is read
    :raises UnexpectedResponse: when a row was changed outside of the window
    """
    margin = 2 * SECONDS_PER_DAY  # for time zones, and for borders that are whole days
    for at in times:
        if at is not None and (at < window["from"] - margin or window["to"] + margin < at < began - margin):
            raise UnexpectedResponse(
                f"Stream {stream}: a window holds a record that was last changed outside of it, by cursor_field. The "
                "window selects by another date, so changes of old records would be missed. Leave cursor_field empty: "
                "then all windows are read each time.",
                FailureType.config_error,
            )
