"""`--beside RELEASE`: while another release runs, its statements keep working."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import MODELS, Command, url_of

VISITOR = "    visitor: Mapped[str | None] = mapped_column(String(64), index=True)"
NEWER = MODELS.replace(
    VISITOR,
    """    state: Mapped[str] = mapped_column(String(10))
    visitor: Mapped[str] = mapped_column(String(64), index=True)""",
)


@pytest.fixture
def deployed(application: Path, command: Command) -> str:
    """The older release has made its database, and its frozen file is committed with the tag v1."""
    url = url_of(application)
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    assert command("apply", "expected.json", "--url", url).code == 0
    for arguments in (["init", "-q"], ["add", "expected.json"], ["commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments], cwd=application, check=True)
    (application / "newer.py").write_text(NEWER)
    return url


@pytest.mark.parametrize("release", ["expected.json", "git:v1:expected.json", "git:HEAD:./expected.json"])
@pytest.mark.parametrize("run", ["apply", "run"])
def test_the_older_release_goes_on(deployed: str, command: Command, release: str, run: str, application: Path) -> None:
    if run == "run":
        ran = command("plan", "newer:Base", "--url", deployed, "--beside", release)
        assert "held while the release of" in ran.out
        assert f"--beside {release}" in ran.out, "the next command keeps it"
    ran = command("apply", "newer:Base", "--url", deployed, "--beside", release)
    assert ran.code == 0, ran.out
    assert f"held while the release of {release} runs beside this one: its INSERT may leave state NULL" in ran.out
    with sqlite3.connect(application / "shop.db") as older:
        older.execute("INSERT INTO users (id) VALUES (1)")
        older.execute("INSERT INTO proposals (user_id) VALUES (1)")
        older.execute("DELETE FROM proposals")
    alone = command("apply", "newer:Base", "--url", deployed, "--format", "json")
    assert alone.code == 0
    assert json.loads(alone.out)["differences"] == []


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ("nowhere.json", "nowhere.json cannot be read"),
        ("git:v1", "git:v1 is not a release: git:REF:path"),
        ("git:v9:expected.json", "git:v9:expected.json cannot be read: fatal: invalid object name 'v9'"),
        ("git:--output=x:y", "is not a release"),
        ("git:v1:shop.py", "cannot be read: fatal: path 'shop.py' exists on disk, but not in 'v1'"),
        ("newer.py", "newer.py is not a JSON document"),
    ],
)
def test_what_is_no_release_is_one_line(deployed: str, command: Command, release: str, reason: str) -> None:
    ran = command("apply", "newer:Base", "--url", deployed, "--beside", release)
    assert ran.code == 2
    assert reason in ran.err
    assert ran.err.count("schema-guard:") == 1, ran.err
