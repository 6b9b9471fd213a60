"""An unsupported version of a package is named, with the command that installs a supported one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schema_guard.requirements import unmet


def older(folder: Path, name: str, version: str, code: str) -> None:
    """A package as pip leaves it, found before the installed one."""
    (folder / name.lower()).mkdir()
    (folder / name.lower() / "__init__.py").write_text(code)
    described = folder / f"{name}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_packages_are_in_range() -> None:
    assert unmet() is None


@pytest.mark.parametrize("version", ["1.4.54", "2.0.3", "2.2.0b1"])
def test_another_sqlalchemy_is_one_line_and_a_usage_error(tmp_path: Path, version: str) -> None:
    older(tmp_path, "SQLAlchemy", version, f"__version__ = '{version}'\n")
    (tmp_path / "models.py").write_text("metadata = None\n")
    done = run(tmp_path, "-m", "schema_guard", "check", "models:metadata", "--url", "sqlite:///x.db")
    assert done.returncode == 2
    assert done.stderr == (
        f"schema-guard: SQLAlchemy {version} is installed, but schema-guard needs SQLAlchemy >=2.0.4,<2.2: "
        "run pip install 'sqlalchemy>=2.0.4,<2.2'\n"
    )
    assert not (tmp_path / "x.db").exists()


def test_the_python_interface_says_it_too(tmp_path: Path) -> None:
    older(tmp_path, "SQLAlchemy", "1.4.54", "")
    done = run(tmp_path, "-c", "from schema_guard import Guard")
    assert done.stderr.splitlines()[-1].startswith("ImportError: SQLAlchemy 1.4.54 is installed, but schema-guard")
