"""The gate's own responses, and the headers it adds to others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse

from dashboard.access.headers import Header

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

_STARTS: Final = ("http.response.start", "websocket.http.response.start")
_SOCKETS_ANSWER: Final = "websocket.http.response"


def headed(fields: Sequence[Header], send: Send, *, secure: bool = False) -> Send:
    """Adds headers to a response, where it has none of the same name.

    Args:
        fields: those that are added where the answer has none of the same name.
        send: gives the answer to the server.
        secure: whether browsers are to send its cookies over HTTPS alone.
    """

    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            own = [_secure(*one) for one in message["headers"]] if secure else [*message["headers"]]
            there = {name.lower() for name, _ in own}
            message = {**message, "headers": [*own, *(one for one in fields if one[0] not in there)]}
        await send(message)

    return sending


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    line: str,
    fields: Sequence[Header],
    *,
    allow: Sequence[str] = (),
) -> None:
    """Responds with one line; a WebSocket is not opened.

    Args:
        scope, receive, send: of the request.
        status: of the answer.
        line: for whoever asks.
        fields: headers.
        allow: the methods there are, where the one that was asked by is none of them.
    """
    answer = PlainTextResponse(f"{line}\n", status_code=status, headers={"Cache-Control": "no-store"})
    if status in (429, 503):
        answer.headers["Retry-After"] = "5"
    if status == 405:
        answer.headers["Allow"] = ", ".join(allow)
    if scope["type"] == "http":
        await answer(scope, receive, headed(fields, send))
    elif _SOCKETS_ANSWER in scope.get("extensions", {}):
        start = {"type": f"{_SOCKETS_ANSWER}.start", "status": status, "headers": answer.raw_headers}
        await headed(fields, send)(start)
        await send({"type": f"{_SOCKETS_ANSWER}.body", "body": answer.body})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": line})


def _secure(name: bytes, value: bytes) -> Header:
    if name.lower() == b"set-cookie" and b"secure" not in [part.strip().lower() for part in value.split(b";")]:
        return name, value + b"; Secure"
    return name, value
