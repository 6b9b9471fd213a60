"""Where an Alembic configuration is looked for: folders that this user may not enter hide nothing and stop nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.postgres.cluster import unprivileged

CODE = """
import sys, os
from pathlib import Path
from schema_guard.chain.location import find_location
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[2]))
print(find_location(directory=Path(sys.argv[1])))
"""


def test_a_folder_that_may_not_be_entered() -> None:
    """As below `/` or `/tmp`, for an application that does not run as root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as room:
        place = Path(room)
        place.chmod(0o755)
        for name, mode in (("closed", 0), ("listed", 0o644)):
            (place / name / "inner").mkdir(parents=True)
            (place / name).chmod(mode)
        (place / "open").mkdir()
        (place / "open" / "alembic.ini").write_text("[alembic]\nscript_location = here\n")
        user = map(str, unprivileged()) if os.geteuid() == 0 else ()
        found = subprocess.run(
            [sys.executable, "-c", CODE, str(place), *user], check=True, capture_output=True, text=True, timeout=60
        )
        for name in ("closed", "listed"):
            (place / name).chmod(0o755)
    assert found.stdout.strip().endswith("/open/alembic.ini"), found.stdout + found.stderr
