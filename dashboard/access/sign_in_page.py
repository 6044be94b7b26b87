"""The page a stranger sees in place of every other: static HTML, for which nothing is run and nothing read.

Streamlit's own page would need its scripts, a socket and a run of the app for everybody who comes by.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from audience.language import gettext, language, text_direction
from dashboard.access.settings import AccessSettings, is_signed_in, is_verified

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #2a2431; --paper: #fffdfa; --line: #d6cfdd; --mark: #b4560c; }
@media (prefers-color-scheme: dark) { :root { --ink: #efe9f4; --paper: #17131c; --line: #463d52; --mark: #e39a4f; } }
body { margin: 0; font: 1rem/1.5 "Source Sans Pro", "Source Sans 3", system-ui, sans-serif; color: var(--ink);
  background: var(--paper); overflow-wrap: anywhere; }
main { max-width: 40rem; margin: 0 auto; padding: 12vh 1.25rem 2rem; }
img { width: 2.5rem; height: 2.5rem; }
h1 { font: 600 1.75rem/1.2 "Source Serif", Georgia, serif; margin: .5rem 0 .25rem; }
.lead { margin: 0; opacity: .8; }
.message { border-left: 3px solid var(--mark); padding: .1rem 0 .1rem .9rem; margin: 1.75rem 0 1.5rem; }
form { display: inline-block; margin: 0 .5rem .5rem 0; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: .5rem;
  padding: .5rem 1.1rem; min-height: 2.75rem; cursor: pointer; }
button.first { background: var(--mark); border-color: var(--mark); color: var(--paper); font-weight: 600; }
button:hover { border-color: var(--mark); }
button:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
"""
# No form-action: browsers hold it against the provider's address too, to which signing in leads on.
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src "
    f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInMessage:
    """The message of the page, and its buttons.

    Attributes:
        line: to whom it is shut, and what to do.
        ways: what can be pressed, each with the address that it leads to.
    """

    line: str
    ways: tuple[tuple[str, str], ...]


def name_of(claims: Mapping[str, Any]) -> str | None:
    """The name the provider gives for somebody; None where nobody is signed in."""
    if claims.get("is_logged_in") is not True:
        return None
    if email := claims.get("email"):
        if is_verified(claims):
            return str(email)
        return gettext("{email} (an address that your provider has not verified)", email=email)
    return str(claims.get("name") or claims.get("sub"))


def message_for(claims: Mapping[str, Any], settings: AccessSettings, now: datetime) -> SignInMessage:
    """The message for a person without access.

    Args:
        claims: what the provider says of them; empty where nobody is signed in.
        settings: of this server.
        now: the wall clock.
    """
    again = ((gettext("Sign in again"), "/auth/login"), (gettext("Sign out"), "/auth/logout"))
    if (name := name_of(claims)) is None:
        line = gettext("These pages are for people who were given access. A festival's board needs no login.")
        return SignInMessage(line=line, ways=((gettext("Sign in"), "/auth/login"),))
    if not is_signed_in(claims, now):
        return SignInMessage(line=gettext("It is over a week since you signed in. Sign in again."), ways=again)
    line = gettext(
        "You are signed in as {name}, and nothing here is open to you. Ask {contact}, and say what you are signed in "
        "as.",
        name=name,
        contact=settings.contact,
    )
    return SignInMessage(line=line, ways=again)


def page(says: SignInMessage, root_path: str) -> bytes:
    """The page as HTML in UTF-8.

    Args:
        says: what is said there.
        root_path: what the paths of this server begin with; "" where they are at the root.
    """
    ways = "".join(
        f'<form action="{escape(root_path + path)}"><button{"" if place else " class=first"}>{escape(name)}</button>'
        "</form>"
        for place, (name, path) in enumerate(says.ways)
    )
    direction = f' dir="{text_direction(language())}"'
    what_it_is = gettext("How an audience reacted, second by second")
    return (
        f'<!doctype html><html lang="{language()}"{direction}><head>'
        '<meta charset="utf-8"><title>Houselights</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<link rel="icon" href="{_sign()}"><style>{_STYLE}</style></head><body><main><img src="{_sign()}" alt="">'
        '<h1>Houselights</h1><p class="lead">'
        f"{escape(what_it_is)}</p>"
        f'<p class="message">{escape(says.line)}</p>{ways}</main></body></html>'
    ).encode()


@cache
def _sign() -> str:
    packed = base64.b64encode((Path(__file__).parents[1] / "favicon.svg").read_bytes()).decode()
    return f"data:image/svg+xml;base64,{packed}"
