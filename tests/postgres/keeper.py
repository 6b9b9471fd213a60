"""Stops the servers when the test run ends, however it ends.

A process of its own whose standard input is a pipe from the test run: it reads the end of the pipe when the run closes
it, and just as well when the run is killed. `python -m tests.postgres.keeper ROOM`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.postgres.cluster import stop_all

__all__ = ["Keeper"]


class Keeper:
    """Watches over a room from the test run's side."""

    def __init__(self, room: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres.keeper", str(room)],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,  # an interrupt from the keyboard goes to the test run only
        )

    def close(self) -> None:
        """Stop the servers and wait until they are gone."""
        self._process.communicate()


if __name__ == "__main__":
    sys.stdin.read()
    stop_all(Path(sys.argv[1]))
