"""Fields that no schema declares reach the destination, in a column of their own."""

from __future__ import annotations

from collections import Counter

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.expected import violations
from integration_tests.platforms import PlatformFacts, on_each_platform

pytestmark = pytest.mark.in_process

UNKNOWN = {f"x_unknown_{number}": {"value": [number]} for number in (1, 2)}
# What comes in an answer for one record.
NO_LIST = ("payment_plans",)
SENTENCE = "Stream {}: the schema does not declare the field {}. Its values are in _additional_properties."


@on_each_platform()
def test_two_unknown_fields_arrive_on_each_row_of_each_stream_and_each_is_named_once(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, {})
    connector = connect(sandbox)
    streams = {stream["name"]: stream for stream in connector.catalog if stream["name"] not in platform.parts}
    sandbox.set_options(unknown_fields=len(UNKNOWN))

    for output in (connector.read(list(streams)), connector.read(list(streams))):
        assert output.exit_code == 0, output.text[-3000:]
        said = Counter(output.logs)
        for name, stream in streams.items():
            if name in NO_LIST:
                continue
            records = output.records[name]
            assert records, name
            assert all(record["_additional_properties"].items() >= UNKNOWN.items() for record in records), name
            assert violations(records, stream) == []
            assert [said[SENTENCE.format(name, field)] for field in UNKNOWN] == [1, 1], name
