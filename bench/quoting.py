"""Quoting what was measured: every figure in `docs/figures.md`, the ones a newcomer asks for in the README."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "bench" / "results"
README: Final = ROOT / "README.md"
ALL_FIGURES: Final = ROOT / "docs" / "figures.md"
BEGIN: Final = "<!-- figures: written by `python -m bench readme` -->"
END: Final = "<!-- end of figures -->"

QUOTED: Final[Mapping[str, tuple[str, ...]]] = {
    "detect": ("libfacedetection-1: recall, 140 faces", "libfacedetection-1: false positives, 7 photos"),
    "expressions": (
        "smile AUC",
        "smile balanced accuracy at the shipped threshold",
        "false smiles of women to those of men",
        "covered mouths that count as smiling",
        "FER+: accuracy over 8 expressions",
    ),
    "curve": (
        "24 seats: correlation of the share of smiles with the truth",
        "24 seats: mean absolute error of the share",
        "150 seats: mean absolute error of the share",
        "24 moving faces: mean absolute error of the share",
        "the clip of the data: mean absolute error of the share estimated over the whole",
    ),
    "track": (
        "tracks of 24 people in seats, 1 frame a second",
        "shaken by 14 px: identity changes",
        "swinging at 120 px/s: identity changes",
    ),
    "facing": ("faces turned by 0 to 60° aside, 40 people: judged correctly, balanced",),
    "speed": ("real-time factor, default detector", "peak memory, 60 minutes"),
    "cloud": (
        "DetectFaces calls per 1,000 face scores, 12 s sheets",
        "bytes uploaded per face score, 12 s sheets against the earlier way",
        "DynamoDB writes per 1,000 face scores, 12 s sheets, 24 faces",
        "cost of 1,000 face-minutes at 1 Hz, earlier way",
        "cost of 1,000 face-minutes at 1 Hz, 12 s sheets",
        "share by sheets against share scored directly, correlation",
        "10,000 sheets, rough way: good ones counted exactly once",
    ),
    "cloud_delay": ("capture to row in the table, 2 s sheets, 95th percentile",),
    "review": (
        "picture of 3 hours, 4 cameras, from SQLite, median of 5",
        "click on the curve until the recording shows that second, median of 20",
        "1,000 sessions in which nothing happens: showing a moment",
        "two minutes of 0.07 more, 12 screenings of 40 faces each: found",
        "archive: every scene's share and standing, from opening it, slowest of 3",
    ),
    "live": (
        "3,000 phones, an update every 2 s: time to the answer, 95th percentile",
        "300 viewers of the staff's board, drawn anew every 5 s: 95th percentile",
        "capture to board, scored on the device, one machine, 95th percentile",
        "first content on a phone (4x slower, 9 Mbit/s, 80 ms), median of 5",
        "10 stages, 8 h: leader changes against true ones",
        "10 stages, 8 h: liveliness lost against always knowing the truth (0..1)",
        "10 stages, 8 h: updates with under 10 faces wrongly on top",
        "soak of 8 hours: windows in the store of those sent",
        "1,000 festivals at once: hottest DynamoDB partition in its hottest minute, of its limit",
    ),
    "bring": (
        "a 1 GB recording chosen in the browser: first picture shown scored",
        "from nothing to a report to forward, own video and deck: clicks",
        "slide changes found within 2 s, 3 talks of 30 min",
        "kinds of timeline file read right or refused as what they are, share",
        "report of 3 hours, 4 cameras, as PDF: median of 3",
        "highlights of 5 moments from a 1-h recording (640 x 360, 25 pictures a second)",
    ),
    "people": (
        "40 px, pairs of photographs: true accepts at 1e-3",
        "roster of 50, 2 photos, 3 crops, 40 px: members named rightly",
        "roster of 50, 2 photos, 3 crops, 40 px: strangers named, of 1,000",
        "seen to the desk's page, p95",
        "alerts without two confirmers",
        "strangers' templates in any file, table or log",
    ),
    "trust": (
        "connections and look-ups beyond loopback, over all commands",
        "files left outside the documented folders, over all commands",
        "100,000 mutated sheets, window files and statuses, 31 kinds of lie: accepted that should not be",
        "board for others while one client floods, worst kind: 95th percentile",
        "store killed at 500 random instants: records lost",
        "outbox killed at 500 random instants: records lost",
        "2 hours of a device, clock jumping an hour, rough network, 20 kills: windows at a wrong second",
    ),
}
"""By bench, the figures in the README; those that are short of their target are added, whichever they are."""

Report = Mapping[str, Any]


def reports() -> list[Report]:
    """What the benches measured last, in the order of `QUOTED`, then by name."""
    order = list(QUOTED)
    kept = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    return sorted(kept, key=lambda report: order.index(report["bench"]) if report["bench"] in order else len(order))


def table(figures: Iterable[Mapping[str, Any]]) -> str:
    """The figures, as `Figure.as_json` gives them, as a Markdown table."""
    lines = ["| figure | measured | target | |", "|---|---|---|---|"]
    for figure in figures:
        mark = {True: "ok", False: "short", None: ""}[figure["ok"]]
        value = figure["value"]
        # Counts keep all their digits.
        digits = f"{value:,}" if isinstance(value, int) and value >= 10_000 else f"{value:.4g}"
        measured = f"{digits} {figure['unit']}".rstrip()
        lines.append(f"| {figure['name']} | {measured} | {figure['reach'] or ''} | {mark} |")
    return "\n".join(lines)


def readme_figures() -> str:
    """The README's table."""
    return table(
        figure | {"name": f"`{report['bench']}` {figure['name']}"}
        for report in reports()
        for figure in report["figures"]
        if figure["name"] in QUOTED.get(report["bench"], ()) or figure["ok"] is False
    )


def all_figures() -> str:
    """The page with every figure, by bench, and what it was measured on."""
    parts = [
        "# Figures",
        "Written by `python -m bench readme` from `bench/results/`; `python -m bench NAME` measures them anew. Targets "
        "were set\nbefore anything was measured; “short” marks what misses its own.",
    ]
    for report in reports():
        parts += [
            f"## {report['bench']}",
            f"Commit {report['commit']}, on {report['machine']}.",
            table(report["figures"]),
        ]
    return "\n\n".join(parts) + "\n"


def write_quotes() -> None:
    """Puts the figures kept into the README, between its two marks, and into the page of all figures."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{readme_figures()}\n{END}{after}")
    ALL_FIGURES.write_text(all_figures())
