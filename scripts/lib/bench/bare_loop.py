"""The least a program can do: ask for a list page by page in one thread, decode, write each row as a message.

It retries nothing, checks nothing and keeps no state. ``python bare_loop.py CONFIG LIST`` writes to standard output;
without arguments it ends at once, which is its start-up.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import orjson
import requests

PER_PAGE = 100


def main(config_path: str, path: str) -> None:
    """Read one list.

    :param config_path: configuration of the connector
    :param path: of the list, below the base URL
    """
    platform = orjson.loads(Path(config_path).read_bytes())["platform"]
    out = sys.stdout.buffer
    session = requests.Session()
    session.auth = (platform["api_key"], "")
    number = 0
    while True:
        number += 1
        response = session.get(f"{platform['base_url']}/{path}", params={"per_page": PER_PAGE, "page": number})
        response.raise_for_status()
        rows = orjson.loads(response.content)
        now = int(time.time() * 1000)
        for row in rows:
            record = {"stream": path, "data": row, "emitted_at": now}
            out.write(orjson.dumps({"type": "RECORD", "record": record}) + b"\n")
        if len(rows) < PER_PAGE:
            return


if __name__ == "__main__" and sys.argv[1:]:
    main(*sys.argv[1:])
