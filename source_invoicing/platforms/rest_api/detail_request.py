"""How a single record is asked for, where a list does not hold all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import Request
from source_invoicing.platforms.rest_api.headers import Pairs
from source_invoicing.platforms.rest_api.paths import WHOLE_BODY, check_path, parse_path
from source_invoicing.platforms.rest_api.template import RequestTemplate, parse_params, parse_resource_path


@dataclass(frozen=True)
class DetailRequest:
    """One request for each record that is new or changed. Names are those of the configuration, paths are dotted.

    :param template: its path and query
    :param record_path: where the record is in the answer
    :param total_path: where the answer counts the parts in it; empty where it does not
    """

    template: RequestTemplate
    record_path: str
    total_path: str

    @classmethod
    def parse(
        cls, fields: Fields | None, allowed: Collection[str], key_param: str, *, has_parts: bool = False
    ) -> Self | None:
        """The request, if there is one: Airbyte's form sends an object without a path where there is none.

        :param fields: the object ``detail`` of a stream
        :param allowed: placeholders that have a value beside ``{id}``
        :param key_param: the query parameter that holds the key; empty where none does
        :param has_parts: whether the stream is one of parts, which an answer may count
        :raises Failure: for the first option that is wrong
        """
        if fields is None:
            return None
        record_path = fields.optional_text("record_path").removeprefix(WHOLE_BODY)
        check_path(fields, "record_path", record_path)
        params = parse_params(fields, key_param)
        total_path = parse_path(fields, "total_path")
        if not fields.optional_text("path"):
            if record_path or params or total_path:
                raise fields.complaint("path", "is missing. It is where a single record is, such as /v1/invoices/{id}")
            return None
        if total_path and not has_parts:
            raise fields.complaint("total_path", "goes with a stream that has from and expand: it counts the parts")
        template = RequestTemplate(parse_resource_path(fields), params)
        if "id" not in template.placeholders or not template.placeholders <= {"id", *allowed}:
            known = " and ".join(f"{{{name}}}" for name in sorted({"id", *allowed}))
            raise fields.complaint(
                "path", f"should hold {{id}}, the key of a record, unless params do; and nothing else but {known}"
            )
        return cls(template, record_path, total_path)

    def request(self, values: Mapping[str, Any], headers: Pairs) -> Request:
        """The request for one record.

        :param values: of the placeholders
        :param headers: those of the stream
        """
        template = replace(self.template, headers=headers)
        return template.request(template.with_values(values), values, {})
