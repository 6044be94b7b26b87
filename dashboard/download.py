"""Exports of a page: tables as CSV and Parquet, charts as pictures, and a manifest of how they were made.

Nothing is built before a file is asked for, and the page does not run again for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any, Literal
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from altair import LayerChart

from audience.export.files import csv_bytes, parquet_bytes
from audience.export.manifest import DISCLAIMER, Entry, scorer_entry, scorers_behind, session_entry, stage_entry
from audience.export.tables import SCHEMA, ExportTable, dictionary_table
from audience.language import N_, gettext
from audience.reaction.curve import StageWindows
from audience.store import ScorerRecord
from audience.time import instant_text
from dashboard import markup
from dashboard.charts.render import png, svg

Chosen = Mapping[str, str | int | float | bool | Sequence[str] | None]

DICTIONARY, MANIFEST = "dictionary.csv", "manifest.json"


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
        """One of the files, `file_names` says which there are. A CSV names its units, as no dictionary goes with it."""
        alone = {f"{table.name}.csv": partial(csv_bytes, table, units_in_names=True) for table in self.tables}
        return (self._writers() | alone)[name]()

    def files(self, made_at: datetime, *, endings: Collection[str] = ()) -> dict[str, bytes]:
        """Files by their names, the dictionary and the manifest last.

        Args:
            made_at: goes into the manifest.
            endings: of the files wanted, as "csv"; empty for all but Stata's.
        """
        wanted = endings or ("csv", "parquet", "svg", "png")
        writers = {
            name: write
            for name, write in self._writers().items()
            if name == DICTIONARY or name.rpartition(".")[2] in wanted
        }
        contents = {name: write() for name, write in writers.items()}
        sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        manifest = json.dumps(self._manifest(sha256, made_at), indent=2, ensure_ascii=False)
        return {**contents, MANIFEST: (manifest + "\n").encode()}

    def _writers(self) -> dict[str, Callable[[], bytes]]:
        experimental = sorted({name for scorer in self._scorers() for name in scorer.experimental})
        writers: dict[str, Callable[[], bytes]] = {}
        for table in self.tables:
            writers[f"{table.name}.csv"] = partial(csv_bytes, table)
            writers[f"{table.name}.parquet"] = partial(parquet_bytes, table)
            writers[f"{table.name}.dta"] = partial(stata_bytes, table)
        for picture in self.pictures:
            writers[f"{picture.name}.svg"] = partial(svg, picture.chart, width=picture.width, says=picture.alt)
            writers[f"{picture.name}.png"] = partial(png, picture.chart, width=picture.width)
        writers[DICTIONARY] = lambda: csv_bytes(dictionary_table(self.tables, experimental))
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


def stata_bytes(table: ExportTable) -> bytes:
    """The table as a Stata file, which R and pandas read too: units and meanings are its variables' labels.

    Stata knows no time zones: its instants are UTC, as their names say.
    """
    columns: dict[str, pd.Series[Any]] = {}
    for column, cells in zip(table.columns, table.values, strict=True):
        rounded = [column.rounded(cell) for cell in cells]
        if column.kind == "instant":
            columns[column.name] = pd.to_datetime(pd.Series(rounded, dtype=object), utc=True).dt.tz_localize(None)
        elif column.kind == "text":
            columns[column.name] = pd.Series(["" if cell is None else str(cell) for cell in rounded], dtype=object)
        else:
            columns[column.name] = pd.Series(rounded, dtype=float)
    labels = {column.name: (f"{column.unit}: " if column.unit else "") + column.meaning for column in table.columns}
    sink = io.BytesIO()
    pd.DataFrame(columns).to_stata(
        sink,
        write_index=False,
        version=118,
        variable_labels={name: label[:_LONGEST_LABEL] for name, label in labels.items()},
        convert_dates={column.name: "tc" for column in table.columns if column.kind == "instant"},
        convert_strl=[column.name for column in table.columns if column.kind == "text" and len(table)],
    )
    return sink.getvalue()


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


_LONGEST_LABEL = 80  # of a variable in Stata
_STATISTICS = ("dta", "parquet")
_CONTENTS = N_("The figures on the screen. The zips hold a dictionary of units and a manifest of how they came about.")
_TYPES = {
    "zip": "application/zip",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
    "png": "image/png",
}


def address(page: str) -> str:
    """Where a page opens with all that is chosen on it now.

    Args:
        page: the name it has in addresses.
    """
    return f"{page}?{urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])}"


def offer(
    build: Callable[[], DownloadBundle], *, page: str, first: str, tables: Sequence[str], pictures: Sequence[str]
) -> None:
    """Offers what a page shows: three named choices, and behind them every file by itself.

    Args:
        build: makes it when a file is asked for, in a thread of its own: it must not ask Streamlit for anything.
        page: as the bundle's; names the zips.
        first: what the first of the tables is, as "Table of the curve".
        tables, pictures: the names of those it will have.
    """
    with st.popover(gettext("Export"), key="bundle"):
        st.html(markup.note(gettext(_CONTENTS)))
        _button(
            gettext("{table} (CSV)", table=first),
            partial(_one, build, f"{tables[0]}.csv"),
            f"{tables[0]}.csv",
            "first",
            primary=True,
        )
        _button(gettext("Everything as CSV (zip)"), partial(_zip, build, ("csv",)), f"{page}-csv.zip", "csv")
        label = gettext("For statistics programs: Stata, R, pandas (zip)")
        _button(label, partial(_zip, build, _STATISTICS), f"{page}-statistics.zip", "statistics")
        _button(gettext("Everything (.zip)"), partial(_zip, build, ()), f"{page}.zip", "zip")
        with st.expander(gettext("Every file")):
            for name in file_names(tables, pictures):
                _button(name, partial(_one, build, name), name, name)


def _button(label: str, make: Callable[[], bytes], name: str, key: str, *, primary: bool = False) -> None:
    shown: Literal["primary", "secondary", "tertiary"] = "secondary" if name.endswith(".zip") else "tertiary"
    st.download_button(
        label,
        make,
        f"houselights-{name}",
        _TYPES[name.rpartition(".")[2]],
        key=f"bundle-{key}",
        on_click="ignore",
        type="primary" if primary else shown,
    )


def _zip(build: Callable[[], DownloadBundle], endings: Collection[str]) -> bytes:
    now = datetime.now(UTC)
    return zipped(build().files(now, endings=endings), now)


def _one(build: Callable[[], DownloadBundle], name: str) -> bytes:
    return build().file(name)
