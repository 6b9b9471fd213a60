"""Revision files are read as Alembic imports them, in whichever way their variables are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from schema_guard.chain.history import Revision
from schema_guard.chain.reading.revision_files import Unreadable, names_of, read_revision

WRITTEN = [
    "revision = 'b2'\ndown_revision = 'a1'",
    "revision: str = 'b2'\ndown_revision: str | None = 'a1'",
    "revision, down_revision = 'b2', 'a1'",
    "(revision, down_revision), branch_labels = ('b2', 'a1'), None",
    "revision = number = 'b2'\ndown_revision = 'a1'",
]


@pytest.mark.parametrize("name", ["b2.py", "second.py"])
@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_read(text: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    found = read_revision(tmp_path / name)
    assert isinstance(found, Revision)
    assert (found.id, found.down) == ("b2", ("a1",))


@pytest.mark.parametrize(
    "text",
    [
        "names = 'b2', 'a1'\nrevision, down_revision = names",
        "revision = 'b2'\nfrom earlier import down_revision",
        "revision = 'b2'\nif True:\n    down_revision = 'a1'",
        "revision = 'b2'\nfrom earlier import *",
    ],
)
def test_what_is_computed_is_known_once_it_is_imported(text: str, tmp_path: Path) -> None:
    """Until then nobody is told that Alembic would refuse the file."""
    path = tmp_path / "second.py"
    path.write_text(text)
    read = read_revision(path)
    assert not (isinstance(read, Unreadable) and "sets no" in read.message)
    imported = names_of(type("module", (), {"revision": "b2", "down_revision": "a1"}))
    found = read_revision(path, imported)
    assert isinstance(found, Revision)
    assert (found.id, found.down) == ("b2", ("a1",))


def test_a_file_without_down_revision(tmp_path: Path) -> None:
    path = tmp_path / "second.py"
    path.write_text("revision = 'b2'\n\n\ndef upgrade():\n    pass\n")
    found = read_revision(path)
    assert isinstance(found, Unreadable)
    assert found.message.startswith("sets no `down_revision`")
