"""HTTP to one host and no other, whatever it answers: how network cameras are read.

FFmpeg's own HTTP follows redirects and the addresses in playlists to anybody. So it is given none: it reads from here,
where each address is held against the camera's before anybody is asked. The password goes to the camera alone.
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
    """When whatever waits for the camera gives up; set anew for each thing that is waited for."""

    def __init__(self) -> None:
        self._at = math.inf

    def set(self, seconds: float) -> None:
        """From now on."""
        self._at = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds left, over 0.

        Raises:
            TimeoutError: there are none.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the camera gives nothing in time")
        return left


class OneHost:
    """Asks one host for what lies there.

    Args:
        url: http or https, with user and password where it asks for them.
        name: the same without them, for messages.
        deadline: by when each answer, and each part of one, is to be there.

    Attributes:
        refused: what was led elsewhere, where anything was.

    Raises:
        DeviceError: the address cannot be read.
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
                f"{name} is no address that can be read; in a user or password write / ? # @ as %2F %3F %23 %40"
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
        """Lets an address of this host pass: same port, or https in place of http at their usual ports.

        Raises:
            DeviceError: it is another's, or no http.
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
                f"{self.name} leads to another place ({place or 'no http address'}), which is not followed; give that "
                "address itself if it is the camera's"
            )
            raise self.refused

    def get(self, url: str, *, first_byte: int = 0, end: int | None = None) -> HttpBody:
        """What lies at an address of this host.

        Args:
            url: with the scheme, without user and password.
            first_byte: where to begin.
            end: the byte after the last; None for all there are.

        Raises:
            DeviceError: it is another host's, or leads to one.
            OSError: nobody answers in time, or the answer is an error (`urllib.error.HTTPError` is one).
            http.client.HTTPException: what answers is no HTTP.
            ValueError: the camera asks for a password in a way that is not known.
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
            raise OSError("the camera gives no part of a file")
        return HttpBody(self, url, response, first_byte)


class HttpBody:
    """The body of an answer, as FFmpeg reads files.

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
        """Waits for the next bytes, and gives as many as are there; b"" at the end."""
        data = self._response.read1(most)
        self._at += len(data)
        return data

    def seekable(self) -> bool:
        """Whether the camera gives parts of it."""
        return self._length is not None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes on at another byte; see `io.IOBase.seek`."""
        at = offset + (0, self._at, self._length or 0)[whence]
        if at != self._at:
            self._response.close()
            self._response, self._at = self._host.get(self.name, first_byte=at)._response, at
        return at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def close(self) -> None:
        """Lets the connection go."""
        self._response.close()


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port; ValueError where the address has none or is no http."""
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http address")
    return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS[parts.scheme]


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect that its check lets pass."""

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
        fp.close()  # its headers are all that is of use
        return super().http_error_401(req, fp, *rest)


class _Digest(urllib.request.HTTPDigestAuthHandler):
    def http_error_401(self, req: urllib.request.Request, fp: IO[bytes], *rest: Any) -> Any:
        fp.close()
        return super().http_error_401(req, fp, *rest)


class _BoundedReads:
    """A socket whose reads keep to a deadline: a camera that gives a byte now and then does not hold anybody up."""

    deadline: Deadline

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(self.deadline.left_s())  # type: ignore[attr-defined]
        return super().recv_into(*arguments, **named)  # type: ignore[misc,no-any-return]


class _Socket(_BoundedReads, socket.socket):
    """In the clear."""


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
        # Cameras sign their own certificates: there is nobody to ask whether one is theirs.
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
