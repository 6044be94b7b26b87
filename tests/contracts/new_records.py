"""Another process that writes numbered records into a store of people, if they are not there: URL, NAME, HOW MANY.

Prints the numbers that it wrote.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from audience.identity.audit import AuditEntry
from audience.stores import open_identity


def main(url: str, name: str, count: int) -> None:
    """Says "ready", waits for a line, then tries each number once."""
    with open_identity(url) as store:
        store.get(AuditEntry, "0")
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        for number in range(1, count + 1):
            entry = AuditEntry(
                number=number,
                at=datetime(2026, 5, 4, tzinfo=UTC),
                actor=name,
                action="enrolled",
                roster_id="members",
                before="",
                hash=name,
            )
            if store.put_new(entry):
                print(number)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
