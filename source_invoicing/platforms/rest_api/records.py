"""The records of a response."""

from __future__ import annotations

from typing import Any

from airbyte_cdk.models import FailureType

from source_invoicing.http import MalformedResponse, Response, inside_a_sentence
from source_invoicing.platforms.rest_api.paths import EACH, MISSING, Missing, branches, describe, dig, dig_any, lists_in
from source_invoicing.platforms.rest_api.resource import Resource
from source_invoicing.platforms.rest_api.words import error_text, usual_words, words_in
from source_invoicing.streams import Row

# Places that a message names, in the place of one where no list is.
MOST_LISTS = 3


def read_records(response: Response, resource: Resource, *, is_first_page: bool) -> list[Row]:
    """The records of a page, as the API sent them.

    An explicit null or an empty list at ``record_path`` means zero records. A path that leads nowhere is a fault,
    unless a total says how many records there are, or ``absent_when_empty`` is set: then the API leaves the list out of
    pages without records.

    :raises MalformedResponse: when there is an error under ``error_path``, or no list at ``record_path``
    """
    if said := _error(response.body, resource.error_path):
        raise _malformed(response, f"says under {resource.error_path!r}: {said}", FailureType.transient_error)
    found = _records_at(response, resource, is_first_page)
    if not isinstance(found, list):
        raise _malformed(response, _not_a_list(response.body, describe(found), resource), FailureType.config_error)
    strangers = [row for row in found if not isinstance(row, dict)]
    if strangers:
        what = _not_a_list(response.body, f"a list with {describe(strangers[0])} in it", resource)
        raise _malformed(response, what, FailureType.config_error)
    return found


def _error(body: Any, error_path: str) -> str | None:
    """What the body says under ``error_path``: false, 0 and empty containers say that nothing is wrong."""
    found = dig_any(body, error_path) if error_path else None
    return (words_in(found) or error_text(body) or "something is wrong") if found else None


def _records_at(response: Response, resource: Resource, is_first_page: bool) -> Any:
    """What stands at ``record_path``, which should be a list."""
    path, body = resource.record_path, response.body
    found = _each_record(body, resource) if EACH in path.split(".") else dig(body, path)
    if found is None and (body is not None or not path):
        return []
    if found is MISSING and _is_left_out(response, resource, is_first_page):
        return []
    return [found] if resource.single_object_as_list and isinstance(found, dict) else found


def _each_record(body: Any, resource: Resource) -> Any:
    """The records of all elements, as one list."""
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


def _is_left_out(response: Response, resource: Resource, is_first_page: bool) -> bool:
    """Whether a page without a list has no records, by the total. The total then proves whether rows are missing.

    A first page that counts records and holds none says that ``record_path`` is wrong. Where the API is known to leave
    the list out, what should hold it has to be there all the same.
    """
    if resource.absent_when_empty:
        return isinstance(dig(response.body, resource.record_path.rpartition(".")[0]), dict)
    total = resource.pager.info.counted(response)
    return total == 0 if is_first_page else total is not None


def _not_a_list(body: Any, found: str, resource: Resource) -> str:
    path = resource.record_path
    words = usual_words(body) or ""
    # A code alone may be that of a success.
    says = f", and says: {inside_a_sentence(words)}" if any(map(str.isalpha, words)) else ""
    lists = ", ".join(map(repr, lists_in(body)[:MOST_LISTS]))
    has = f", with a list at {lists}" if lists else ""
    if not path:
        return f"is {found} where record_path is empty and a list of records is expected{has}{says}"
    return f"has {found} at {path!r}, where record_path expects a list of records; it is {describe(body)}{has}{says}"


def _malformed(response: Response, what: str, failure_type: FailureType) -> MalformedResponse:
    return MalformedResponse(
        f"The answer to {response.path} (HTTP {response.status}) {what}. Run the sync again; if this stays, check "
        "the stream in the configuration.",
        failure_type,
    )
