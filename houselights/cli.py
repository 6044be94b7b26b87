"""The `houselights` command. Errors are one line on stderr and exit code 2; Ctrl-C ends with 130."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from audience.errors import HouselightsError
from houselights.commands import COMMANDS

INTERRUPTED = 130


@click.group(
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="houselights", prog_name="houselights")
def houselights() -> None:
    """Show how an audience reacted, second by second: visible expression, not feeling."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.exit(run(arguments))


def run(
    arguments: Sequence[str] | None = None, *, command: click.Command = houselights, program: str = "houselights"
) -> int:
    """Runs a command line.

    Args:
        arguments: words after the program's name; None takes the process's own.
        command: the command to run.
        program: the program's name.

    Returns:
        The exit code: 0, 2 after a one-line error message, 130 after Ctrl-C.
    """
    try:
        result = command.main(args=arguments, prog_name=program, standalone_mode=False)
    except HouselightsError as problem:
        return _refused(str(problem))
    except click.exceptions.NoArgsIsHelpError as problem:
        problem.show()  # the name of a group alone: what may follow it, to be read
        return 2
    except click.UsageError as problem:
        path = problem.ctx.command_path if problem.ctx else program
        return _refused(f"{problem.format_message().rstrip('.')}: see `{path} --help`")
    except click.ClickException as problem:
        return _refused(problem.format_message())
    except (KeyboardInterrupt, click.Abort):
        click.echo("houselights: stopped", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe; prevents an error message of Python at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:
        if not _of_aws(problem):
            raise
        return _refused(f"AWS cannot be used: {problem}")
    return result if isinstance(result, int) else 0


def _of_aws(problem: Exception) -> bool:
    """Whether AWS's library raised it.

    For a region, an address, a profile or credentials that cannot be right it has many errors, some of them Python's.
    """
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0] in (
        "boto3",
        "botocore",
    )


def _refused(message: str) -> int:
    click.echo(f"houselights: {' '.join(message.split())}", err=True)
    return 2
