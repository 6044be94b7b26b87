"""HTTP to a network camera's host only, whatever it answers.

FFmpeg's own HTTP follows redirects and playlist addresses to any host. So FFmpeg reads through this module instead,
which checks each address against the camera's before a request. The password is only sent to the camera.
"""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from typing import IO, Any, Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from audience.errors import DeviceError

_PORTS: Final = {"http": 80, "https": 443}


class Deadline:
    """The time limit for waiting on the camera; set again for each wait."""

    def __init__(self) -> None:
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """Sets the deadline, in seconds from now."""
        self._at = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds left, over 0.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the camera does not answer in time")
        return left


class OneHost:
    """An HTTP client for one host.

    Args:
        url: http or https, with user and password if needed.
        name: the same without them, for messages.
        deadline: time limit for each answer, and each part of one.

    Attributes:
        refused: the error for the latest refused redirect to another host; None if there was none.

    Raises:
        DeviceError: the address cannot be parsed.
    """

    def __init__(self, url: str, *, name: str, deadline: Deadline) -> None:
        self.name = name
        self.refused: DeviceError | None = None
        self.deadline = deadline
        try:
            parts = urlsplit(url)
            self._origin = _origin(parts)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            raise DeviceError(
                f"{name} is not a valid address; in a user or password write / ? # @ as %2F %3F %23 %40"
            ) from None
        self.url = urlunsplit(parts._replace(netloc=host))
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if parts.username is not None:
            user, password = unquote(parts.username), unquote(parts.password or "")
            places = [urlunsplit((scheme, host, "/", "", "")) for scheme in _PORTS]
            passwords.add_password(None, places, user, password)
        self._opener = urllib.request.build_opener(
            _Http(deadline),
            _Https(deadline),
            _SameHost(self.check),
            _Basic(passwords),
            _Digest(passwords),
        )

    def check(self, url: str) -> None:
        """Checks that an address is on this host: same port, or https instead of http at the default ports.

        Raises:
            DeviceError: it is another host's, or not http.
        """
        try:
            wanted = _origin(urlsplit(url))
        except ValueError:
            wanted = ("", "", 0)
        scheme, host, port = self._origin
        upgraded = (scheme, port) == ("http", 80) and wanted == ("https", host, 443)
        if not upgraded and wanted != self._origin:
            place = wanted[1] and f"{wanted[1]}:{wanted[2]}"
            self.refused = DeviceError(
                f"{self.name} redirects to another address ({place or 'not http'}), which is not followed; give that "
                "address itself if it is the camera's"
            )
            raise self.refused

    def get(self, url: str, *, first_byte: int = 0, end: int | None = None) -> HttpBody:
        """Requests an address of this host.

        Args:
            url: with the scheme, without user and password.
            first_byte: start of the requested range.
            end: end of the range (exclusive); None for the rest.

        Raises:
            DeviceError: the address is another host's, or redirects to one.
            OSError: no answer in time, or an error answer (`urllib.error.HTTPError` is one).
            http.client.HTTPException: the answer is not HTTP.
            ValueError: the camera asks for an unknown kind of authentication.
        """
        self.check(url)
        request = urllib.request.Request(url)
        if first_byte or end is not None:
            request.add_header("Range", f"bytes={first_byte}-{'' if end is None else end - 1}")
        try:
            response = self._opener.open(request, timeout=self.deadline.left_s())
        except urllib.error.HTTPError as problem:
            problem.close()
            raise
        if first_byte and response.status != http.client.PARTIAL_CONTENT:
            response.close()
            raise OSError("the camera does not support byte ranges")
        return HttpBody(self, url, response, first_byte)


class HttpBody:
    """The body of a response, as a file for FFmpeg.

    Attributes:
        name: its address.
    """

    def __init__(self, host: OneHost, url: str, response: http.client.HTTPResponse, at: int) -> None:
        self.name = url
        self._host = host
        self._response = response
        self._at = at
        length, ranges = response.getheader("Content-Length", ""), response.getheader("Accept-Ranges", "")
        partial = response.status == http.client.PARTIAL_CONTENT
        self._length = at + int(length) if length.isdecimal() and (partial or ranges == "bytes") else None

    def read(self, most: int) -> bytes:
        """Waits for data and returns what is available; b"" at the end."""
        data = self._response.read1(most)
        self._at += len(data)
        return data

    def seekable(self) -> bool:
        """Whether the camera supports byte ranges."""
        return self._length is not None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Continues at another byte; see `io.IOBase.seek`."""
        at = offset + (0, self._at, self._length or 0)[whence]
        if at != self._at:
            self._response.close()
            self._response, self._at = self._host.get(self.name, first_byte=at)._response, at
        return at

    def tell(self) -> int:
        """Position of the next byte."""
        return self._at

    def close(self) -> None:
        """Closes the connection."""
        self._response.close()


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port; raises ValueError if the address is not http or has no host."""
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http address")
    return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS[parts.scheme]


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects that pass the check."""

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            self._check(newurl)
        except DeviceError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Basic(urllib.request.HTTPBasicAuthHandler):
    def http_error_401(self, req: urllib.request.Request, fp: IO[bytes], *rest: Any) -> Any:
        fp.close()  # only its headers are needed
        return super().http_error_401(req, fp, *rest)


class _Digest(urllib.request.HTTPDigestAuthHandler):
    def http_error_401(self, req: urllib.request.Request, fp: IO[bytes], *rest: Any) -> Any:
        fp.close()
        return super().http_error_401(req, fp, *rest)


class _BoundedReads:
    """A socket whose reads respect a deadline, so that a camera that sends single bytes slowly cannot block the
    reader."""

    deadline: Deadline

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(self.deadline.left_s())  # type: ignore[attr-defined]
        return super().recv_into(*arguments, **named)  # type: ignore[misc,no-any-return]


class _Socket(_BoundedReads, socket.socket):
    """Unencrypted."""


class _TlsSocket(_BoundedReads, ssl.SSLSocket):
    """Encrypted."""


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        deadline = self._deadline

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                self.sock = _Socket(fileno=self.sock.detach())
                self.sock.deadline = deadline

        return self.do_open(Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        # Cameras use self-signed certificates, which cannot be verified.
        self._cameras = ssl.create_default_context()
        self._cameras.check_hostname = False
        self._cameras.verify_mode = ssl.CERT_NONE
        self._cameras.sslsocket_class = _TlsSocket
        super().__init__(context=self._cameras)
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        deadline = self._deadline

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                assert isinstance(self.sock, _TlsSocket)
                self.sock.deadline = deadline

        return self.do_open(Connection, req, context=self._cameras)
