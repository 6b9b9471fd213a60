"""Where an Alembic configuration is looked for: folders that this user may not enter hide nothing and stop nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from schema_guard.chain.location import find_location
from schema_guard.errors import ConfigurationError
from tests.postgres.cluster import unprivileged

CODE = """
import configparser, os, sys, tomllib  # before the interpreter's own files are out of reach
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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("DATABASE_PASSWORD=Geheim77\n", "line 1 stands before the first [section]"),
        ("[alembic]\nGeheim77\n", "line 2 is neither a [section] nor KEY = VALUE"),
        ("[alembic]\nscript_location = caf\xe9\n", "it is not UTF-8"),
    ],
)
def test_a_file_that_is_no_configuration_is_not_quoted(tmp_path: Path, content: str, told: str) -> None:
    """A .env, say, that was named by mistake."""
    file = tmp_path / "named.ini"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError) as refused:
        find_location(str(file))
    assert refused.value.message == f"{file} cannot be read: {told}"
