"""Replaces uvicorn's connections by limited ones, however the server is started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from uvicorn import Config

from audience.errors import HouselightsError
from dashboard.access.connections import Connections, most_connections
from dashboard.access.http_connection import BoundedHttp
from dashboard.access.socket_connection import BoundedSocket
from dashboard.access.sockets import LARGEST_MESSAGE

if TYPE_CHECKING:
    from starlette.types import Receive

# As many connections are taken in before anything else is done: at 1,024 one client that only connects and hangs up
# made others wait for 100 to 260 ms, at 128 for 10 to 40.
_BACKLOG: Final = 128
# uvicorn's message for each invalid request; these are counted and logged once a minute.
_COUNTED: Final = "Invalid HTTP request received."


@asynccontextmanager
async def bounded(receive: Receive, is_proxy: Callable[[str], bool]) -> AsyncIterator[None]:
    """Limits the connections of the uvicorn server started within this context.

    Args:
        receive: of the app's lifespan, which uvicorn's settings hang by.
        is_proxy: whether many people come by an address.

    Raises:
        HouselightsError: it is another server, which this module does not know.
    """
    config = getattr(getattr(receive, "__self__", None), "config", None)
    if not isinstance(config, Config):
        raise HouselightsError("the pages can be served by uvicorn alone: start them with `houselights dashboard`")
    connections = Connections(is_proxy, most_connections())
    config.http_protocol_class = type("BoundedHttp", (BoundedHttp,), {"connections_held": connections})
    config.ws_protocol_class = type("BoundedSocket", (BoundedSocket,), {"connections_held": connections})
    config.ws_max_size = LARGEST_MESSAGE + 1  # one more, so that the gate says why
    # A message of a kilobyte could become one of a megabyte.
    config.ws_per_message_deflate = False
    config.backlog = _BACKLOG
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.msg != _COUNTED)
    looking_after = asyncio.create_task(connections.look_after())
    try:
        yield
    finally:
        looking_after.cancel()
        with suppress(asyncio.CancelledError):
            await looking_after
