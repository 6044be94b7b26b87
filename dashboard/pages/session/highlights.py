"""Highlights on a session's page: the talk's own recording, chosen by the viewer, cut at the moments and shown."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Final

import streamlit as st

from audience.language import N_, gettext
from audience.reaction.review import Review
from dashboard import markup
from dashboard.access.identity import permit
from dashboard.data import store_url
from dashboard.recordings import library

_LONGEST_S: Final = 600
_SHOWS: Final = {"speaker": N_("The speaker"), "screen": N_("The screen")}
_FILE, _OFFSET, _SOUND = "file", "offset", "sound"
_BEGAN: Final = {
    _FILE: N_("As its file says"),
    _OFFSET: N_("Seconds after the session began"),
    _SOUND: N_("Compare its sound with the audience's"),
}
_KINDS: Final = {".mp4": "video/mp4", ".webm": "video/webm", ".png": "image/png"}
# Cutting reads and decodes a recording: one at a time on this server.
_cutting = threading.Lock()


class _Reel:
    """A file of clips, or of slides, in a folder of its own, which goes with the viewer's session.

    Attributes:
        path: where it lies.
    """

    def __init__(self, name: str) -> None:
        folder = tempfile.mkdtemp(prefix="houselights-")
        self.path = Path(folder, name)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


def offer_highlights(review: Review) -> None:
    """A button that cuts clips and shows slides by reaction; nothing where no folder of recordings is named.

    For operators: of a recording in those folders nobody knows which session's audience it may show.
    """
    places = library()
    if review.live or not places.places or not permit().is_at_least("operator"):
        return
    scored = [found for one in review.recordings if (found := places.find(one.fingerprint)) is not None]
    watched = {found.path for found in scored}
    files = [path for path in places.files() if path not in watched]
    session_id, stage_id = review.windows.session.session_id, review.windows.stage.stage_id
    key = f"highlights-{session_id}-{stage_id}"
    with st.popover(gettext("Highlights"), icon=":material/movie:", key=key.replace("_", "~")):
        st.html(
            markup.note(
                gettext(
                    "Cuts the talk's own recording at the moments: the speaker or the screen, never the audience. A "
                    "recording that shows more than four faces is refused."
                )
            )
        )
        video = st.selectbox(
            gettext("The talk's own recording"),
            files,
            None,
            format_func=lambda path: path.name,
            placeholder=gettext("Choose") if files else gettext("No other recording is in the folders of --videos"),
            disabled=not files,
            key=f"{key}-video",
        )
        shows = st.radio(
            gettext("It shows"),
            list(_SHOWS),
            None,
            format_func=lambda one: gettext(_SHOWS[one]),
            horizontal=True,
            key=f"{key}-of",
        )
        ways = [_FILE, _OFFSET, *([_SOUND] if scored else [])]
        began = st.radio(gettext("It began"), ways, format_func=lambda one: gettext(_BEGAN[one]), key=f"{key}-began")
        offset_s = None
        if began == _OFFSET:
            offset_s = st.number_input(gettext("Seconds"), value=0.0, step=1.0, key=f"{key}-offset")
        burn = st.checkbox(gettext("Draw captions into the picture (slower)"), key=f"{key}-burn")
        said = video is not None and shows is not None
        with st.container(horizontal=True):
            no_moments, no_slides = not review.moments, not review.windows.stage.timelines
            cut = st.button(gettext("Cut the clips"), type="primary", disabled=not said or no_moments, key=f"{key}-cut")
            sheet = st.button(gettext("Slides by reaction"), disabled=not said or no_slides, key=f"{key}-slides")
        if no_moments:
            st.html(markup.note(gettext("There are no moments to cut: nothing stood out more than chance allows.")))
        if (cut or sheet) and video is not None and shows is not None:
            words = ["--expression", review.requested, "--stage", stage_id, "--shows", shows, "--video", str(video)]
            words += [] if offset_s is None else ["--offset", str(offset_s)]
            words += ["--sound", str(scored[0].path)] if began == _SOUND else []
            words += ["--burn"] if burn and cut else []
            _make(key, session_id, video, words, sheet=sheet)
        _show(key)


def _make(key: str, session_id: str, video: Path, words: list[str], *, sheet: bool) -> None:
    """Runs the command in a process of its own, as decoding may take any time and memory."""
    st.session_state.pop(f"{key}-reel", None)
    if not _cutting.acquire(blocking=False):
        st.html(markup.trouble(gettext("Other clips are being cut: try again in a minute.")))
        return
    ending = ".webm" if video.suffix.lower() == ".webm" else ".mp4"
    reel = _Reel(f"{session_id}-slides.png" if sheet else f"{session_id}-highlights{ending}")
    try:
        into = ["--slides" if sheet else "--to", str(reel.path)]
        command = [sys.executable, "-m", "houselights", "highlights", session_id, *words, *into]
        with st.spinner(gettext("Cutting the clips…")):
            ended = subprocess.run(
                command,
                env={**os.environ, "HOUSELIGHTS_STORE": store_url()},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LONGEST_S,
                check=False,
            )
    except subprocess.TimeoutExpired:
        line = gettext("This took over ten minutes and was stopped. Cut it with `houselights highlights`.")
        st.html(markup.trouble(line))
        return
    finally:
        _cutting.release()
    if ended.returncode != 0 or not reel.path.exists():
        st.html(markup.trouble(_reason(ended.stderr, video)))
        return
    st.session_state[f"{key}-reel"] = reel


def _show(key: str) -> None:
    reel: _Reel | None = st.session_state.get(f"{key}-reel")
    if reel is None or not reel.path.exists():
        return
    kind = _KINDS[reel.path.suffix]
    if kind.startswith("image/"):
        st.image(str(reel.path))
    else:
        st.video(str(reel.path))
    st.download_button(
        gettext("Download"),
        reel.path.read_bytes,
        reel.path.name,
        kind,
        on_click="ignore",
        icon=":material/download:",
        key=f"{key}-file",
    )


def _reason(said: str, video: Path) -> str:
    """The one line in which the command says why not, without where files lie on this server."""
    lines = [line for line in said.splitlines() if line.startswith("houselights: ")]
    if not lines:
        return gettext("The clips could not be cut: see the log of this server.")
    line = lines[-1].removeprefix("houselights: ").replace(str(video), video.name)
    if (option := line.find("--")) >= 0:
        # What to do about it is said of options: the page has fields.
        problem = line[: max(line.rfind(": ", 0, option), line.rfind(". ", 0, option), 0)]
        began = any(one in line for one in ("--offset", "--sound"))
        say_when = gettext("Choose under “It began” how its start is known.")
        line = f"{problem or line}. {say_when}" if began else problem or line
    return line if line.endswith(".") else f"{line}."
