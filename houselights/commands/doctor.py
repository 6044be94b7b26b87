"""`houselights doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.text import Text

from audience.stores import default_store_url
from houselights.commands.options import store_option

_MARKS = {"ok": ("ok", "green"), "missing": ("--", "yellow"), "broken": ("!!", "bold red")}


@click.command(short_help="Say what works on this machine.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")
def doctor(store_url: str | None, as_json: bool) -> int:
    """Check OpenCV, models, store, camera and browser; exit code 1 where something needed is broken."""
    from houselights.checkup import checkup

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
    return 1 if any(finding.state == "broken" for finding in findings) else 0
