"""Sending an answer over the socket, rightly or wrongly."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from integration_tests.sandbox.faults import Fault
from integration_tests.sandbox.platform import Reply

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def sever(request: web.Request) -> None:
    """Break the connection so that the client sees a reset and not an orderly end."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


async def deliver(request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    """Send the reply, or as much of it and as slowly as the fault says."""
    headers = {"Content-Type": reply.content_type, **reply.headers}
    if fault is None or fault.kind not in ("reset_body", "truncate", "stall_body"):
        return web.Response(status=reply.status, body=reply.body, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body)
    half = len(reply.body) // 2
    sent = max(len(reply.body) - fault.settings["bytes"], 0) if fault.kind == "truncate" else half
    await response.prepare(request)
    await response.write(reply.body[:sent])
    if fault.kind == "stall_body":
        await asyncio.sleep(fault.settings["seconds"])
        await response.write(reply.body[half:])
    elif fault.kind == "reset_body":
        sever(request)
    else:
        response.force_close()
    return response
