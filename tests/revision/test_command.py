"""The command `schema-guard revision`."""

from __future__ import annotations

from pathlib import Path

import pytest

from schema_guard.cli.main import run
from tests.revision.project import Project

MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("books", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String(50)))
"""


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application in the working directory, with Flask-Migrate's folder: alembic.ini without script_location."""
    (tmp_path / "revised_models.py").write_text(MODELS, encoding="utf-8")
    project = Project(tmp_path / "migrations")
    project.ini.write_text("[alembic]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def files(application: Path) -> list[Path]:
    return sorted((application / "migrations" / "versions").glob("*.py"))


def test_writes_into_the_project_s_folder(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """stdout ends with the path."""
    arguments = ["revision", "revised_models:metadata", "-m", 'say """hello"""\nagain', "--url", "sqlite:///new.db"]
    assert run(arguments) == 0
    (file,) = files(application)
    assert capsys.readouterr().out.endswith(f"{file}\n")
    source = file.read_text(encoding="utf-8")
    compile(source, str(file), "exec")
    assert 'guarded_op.create_table(\n            "books",' in source


def test_preview_writes_nothing(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["revision", "revised_models:metadata", "-m", "x", "--url", "sqlite:///new.db", "--sql-preview"]) == 0
    out = capsys.readouterr().out
    assert "with guarded(op) as guarded_op:" in out
    assert "CREATE TABLE books" in out
    assert files(application) == []


def test_everything_needs_no_database(application: Path) -> None:
    assert run(["revision", "revised_models:metadata", "-m", "x", "--everything"]) == 0
    assert len(files(application)) == 1


def test_no_migrations_is_a_usage_error(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (application / "migrations" / "alembic.ini").unlink()
    assert run(["revision", "revised_models:metadata", "-m", "x", "--everything"]) == 2
    assert "--config" in capsys.readouterr().err


def test_a_configuration_that_alembic_cannot_read_is_a_usage_error(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path with a percent sign breaks what %(here)s is put into."""
    ini = application / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nversion_locations = 100%d"))
    assert run(["revision", "revised_models:metadata", "-m", "x", "--everything"]) == 2
    assert "cannot be read" in capsys.readouterr().err
