"""Where the records are in an answer."""

from __future__ import annotations

from typing import Any

from source_invoicing.platforms.rest_api.options import Resource
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, whole_number
from source_invoicing.streams import Row


def rows_in(body: Any, resource: Resource) -> list[Row] | str:
    """The records of a page.

    An explicit null or an empty list is no record. A path that leads nowhere is not, unless the answer counts none.

    :return: or what stands where they should be
    """
    found = dig(body, resource.record_path)
    if found is None and resource.record_path:
        return []
    if found is MISSING and resource.single_object_as_list and _counts_none(body, resource):
        return []
    if resource.single_object_as_list and isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        return describe(found)
    strangers = [row for row in found if not isinstance(row, dict)]
    return f"a list with {describe(strangers[0])} in it" if strangers else found


def _counts_none(body: Any, resource: Resource) -> bool:
    total_path = resource.pager.total_path
    return bool(total_path) and whole_number(dig(body, total_path)) == 0
