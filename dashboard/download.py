"""Exports of a page: tables as CSV and Parquet, charts as pictures, and a manifest of how they were made.

Nothing is built before a file is asked for, and the page does not run again for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from urllib.parse import urlencode

import streamlit as st
from altair import LayerChart

from audience.export.files import csv_bytes, parquet_bytes
from audience.export.manifest import DISCLAIMER, Entry, scorer_entry, scorers_behind, session_entry, stage_entry
from audience.export.tables import SCHEMA, ExportTable, dictionary_table
from audience.reaction.curve import StageWindows
from audience.store import ScorerRecord
from audience.time import instant_text
from dashboard import markup
from dashboard.charts.render import png, svg

Chosen = Mapping[str, str | int | float | bool | Sequence[str] | None]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart of the page.

    Attributes:
        name: of its file, without an ending.
        chart: as on the screen, in the colours of `theme.LIGHT`: a file is for white paper.
        width: pixels.
        alt: says what it shows.
    """

    name: str
    chart: LayerChart
    width: int
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadBundle:
    """What a page shows.

    Attributes:
        page: which ("scenes").
        address: its address from the path on, which opens it with the same choices.
        chosen: each choice and setting behind the figures, by name, units in the names ("smoothing_s").
        tables: the figures on the screen, each of a name of its own.
        pictures: the charts on the screen, each of a name of its own.
        stages: whose windows the figures are made from, what was left out of them included.
        scorers: all that the store knows, by name.
    """

    page: str
    address: str
    chosen: Chosen
    tables: Sequence[ExportTable]
    pictures: Sequence[Picture]
    stages: Sequence[StageWindows]
    scorers: Mapping[str, ScorerRecord]

    def file(self, name: str) -> bytes:
        """One of the files, `file_names` says which there are."""
        return self._writers()[name]()

    def files(self, made_at: datetime) -> dict[str, bytes]:
        """Every file by its name, the manifest last.

        Args:
            made_at: goes into the manifest.
        """
        contents = {name: write() for name, write in self._writers().items()}
        sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        manifest = json.dumps(self._manifest(sha256, made_at), indent=2, ensure_ascii=False)
        return {**contents, MANIFEST: (manifest + "\n").encode()}

    def _writers(self) -> dict[str, Callable[[], bytes]]:
        experimental = sorted({name for scorer in self._scorers() for name in scorer.experimental})
        writers: dict[str, Callable[[], bytes]] = {}
        for table in self.tables:
            writers[f"{table.name}.csv"] = partial(csv_bytes, table)
            writers[f"{table.name}.parquet"] = partial(parquet_bytes, table)
        for picture in self.pictures:
            writers[f"{picture.name}.svg"] = partial(svg, picture.chart, width=picture.width, says=picture.alt)
            writers[f"{picture.name}.png"] = partial(png, picture.chart, width=picture.width)
        writers["dictionary.csv"] = lambda: csv_bytes(dictionary_table(self.tables, experimental))
        return writers

    def _scorers(self) -> list[ScorerRecord]:
        return scorers_behind(self.stages, self.scorers)

    def _manifest(self, sha256: Mapping[str, str], made_at: datetime) -> Entry:
        by_session: dict[str, list[StageWindows]] = {}
        for windows in self.stages:
            by_session.setdefault(windows.session.session_id, []).append(windows)
        return {
            "houselights": version("houselights"),
            "schema": SCHEMA,
            "method": f"docs/method.md of houselights {version('houselights')}",
            "made_at": instant_text(made_at),
            "says": DISCLAIMER,
            "page": self.page,
            "address": self.address,
            "chosen": dict(self.chosen),
            "sessions": [
                {**session_entry(stages[0].session), "stages": [stage_entry(windows) for windows in stages]}
                for stages in by_session.values()
            ],
            "scorers": [scorer_entry(scorer) for scorer in self._scorers()],
            "tables": {
                table.name: {
                    "rows": len(table),
                    "columns": {
                        column.name: {"unit": column.unit, "meaning": column.meaning} for column in table.columns
                    },
                }
                for table in self.tables
            },
            "pictures": {picture.name: picture.alt for picture in self.pictures},
            "sha256": dict(sorted(sha256.items())),
        }


def file_names(tables: Sequence[str], pictures: Sequence[str]) -> list[str]:
    """The files that tables and pictures of these names become, those around them aside."""
    return [f"{table}.{ending}" for table in tables for ending in ("csv", "parquet")] + [
        f"{picture}.{ending}" for picture in pictures for ending in ("svg", "png")
    ]


def zipped(files: Mapping[str, bytes], made_at: datetime) -> bytes:
    """Some files as one zip, each dated `made_at`."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, made_at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


_CONTENTS = (
    "The figures on the screen with their units (CSV, Parquet), the chart (SVG, PNG), and a manifest that says how "
    "they came about."
)
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "svg": "image/svg+xml", "png": "image/png"}


def address(page: str) -> str:
    """Where a page opens with all that is chosen on it now.

    Args:
        page: the name it has in addresses.
    """
    return f"{page}?{urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])}"


def offer(build: Callable[[], DownloadBundle], *, page: str, tables: Sequence[str], pictures: Sequence[str]) -> None:
    """Offers what a page shows, all in one zip or file by file.

    Args:
        build: makes it when a file is asked for, in a thread of its own: it must not ask Streamlit for anything.
        page: as the bundle's; names the zip.
        tables, pictures: the names of those it will have.
    """
    with st.popover("Export", key="bundle"):
        st.html(markup.note(_CONTENTS))
        st.download_button(
            "Everything (.zip)",
            partial(_everything, build),
            f"houselights-{page}.zip",
            "application/zip",
            key="bundle-zip",
            on_click="ignore",
            type="primary",
        )
        for name in file_names(tables, pictures):
            st.download_button(
                name,
                partial(_one, build, name),
                f"houselights-{name}",
                _TYPES[name.rsplit(".", 1)[1]],
                key=f"bundle-{name}",
                on_click="ignore",
                type="tertiary",
            )


def _everything(build: Callable[[], DownloadBundle]) -> bytes:
    now = datetime.now(UTC)
    return zipped(build().files(now), now)


def _one(build: Callable[[], DownloadBundle], name: str) -> bytes:
    return build().file(name)
