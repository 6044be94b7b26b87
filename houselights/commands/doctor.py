"""`houselights doctor`: checks this machine, and says how to fix what does not work."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.text import Text

from audience.errors import InvalidValue
from audience.stores import default_store_url
from houselights.commands.options import store_option

_MARKS = {
    "ok": ("ok", "green"),
    "missing": ("--", "yellow"),
    "broken": ("!!", "bold red"),
    "left": ("..", "yellow"),
}


@click.command(short_help="Check what works on this machine.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text, without questions.")
@click.option("--yes", is_flag=True, help="Remove files left by onnxruntime's reports to Microsoft, without asking.")
@click.option("--fetch", is_flag=True, help="Download YuNet's model, which `--detector yunet` uses, then check.")
def doctor(store_url: str | None, as_json: bool, yes: bool, fetch: bool) -> int:
    """Check OpenCV, models, store, camera and browser; exit code 1 if something required is broken.

    Offers to remove files that onnxruntime's reports to Microsoft left before they were switched off.
    """
    from houselights.checkup import checkup

    if fetch:
        from edge_lambda.detectors.load import load_detector

        load_detector("yunet")
    if yes:
        _remove(as_json)
    findings = checkup(store_url or default_store_url())
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings]))
    else:
        console = Console(soft_wrap=True)
        for finding in findings:
            mark, style = _MARKS[finding.state]
            console.print(Text.assemble((f"{mark:<3}", style), f"{finding.what}: {finding.says}"))
            if finding.do:
                console.print(Text(f"     {finding.do}"))
        if any(finding.state == "left" for finding in findings) and _confirmed():
            _remove(as_json)
    return 1 if any(finding.state == "broken" for finding in findings) else 0


def _confirmed() -> bool:
    """Asks whether to remove the files; False without a terminal."""
    try:
        return click.confirm("Remove the files left by the reports to Microsoft?")
    except (click.Abort, OSError):
        if sys.stdin.isatty():
            raise
        click.echo()
        return False


def _remove(silently: bool) -> None:
    from houselights.leftovers import remove_leftovers

    try:
        removed = remove_leftovers()
    except OSError as problem:
        raise InvalidValue(f"{problem.filename} cannot be removed: {problem.strerror}") from None
    if removed and not silently:
        click.echo(f"Removed {removed} {'file' if removed == 1 else 'files'}.")
