"""Headers that tell browsers what to refuse, for everything the server answers."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

import streamlit

Header = tuple[bytes, bytes]

# What the pages need of a browser; the rest is off, for them and for whatever stands on them.
_FEATURES: Final = (
    "accelerometer=(), autoplay=(self), camera=(), clipboard-read=(), clipboard-write=(self), "
    "display-capture=(), fullscreen=(self), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(self), serial=(), usb=()"
)
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_A_YEAR_S: Final = 365 * 86400


@cache
def headers(*, local: bool, encrypted: bool) -> tuple[Header, ...]:
    """The security headers of every response.

    Args:
        local: the pages are for the person at this machine, who may look through its cameras.
        encrypted: people reach the pages over HTTPS.
    """
    fields = {
        "content-security-policy": policy(local=local),
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": _FEATURES,
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    if encrypted:
        fields["strict-transport-security"] = f"max-age={_A_YEAR_S}"
    return tuple((name.encode(), value.encode()) for name, value in fields.items())


def policy(*, local: bool) -> str:
    """The Content-Security-Policy of Streamlit's pages.

    Streamlit loads components' scripts as blobs and sets styles by script; both were seen to be needed. Its own page
    has one script in it, which is allowed by its hash, so a script that somebody smuggled into a page does not run.
    """
    cameras = " http://127.0.0.1:* http://localhost:*" if local else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {' '.join(_script_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{cameras}",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _script_hashes() -> list[str]:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
