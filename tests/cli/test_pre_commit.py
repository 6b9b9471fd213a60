"""The hooks of .pre-commit-hooks.yaml, configured as docs/platforms.md says: pre-commit runs them on a commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import url_of
from tests.cli.test_commands import BEFORE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "platforms.md"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program as somebody does who works in an activated environment."""
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def installed(run: Run, folder: Path, application: Path, hook: str) -> None:
    """The application becomes a repository whose commits run that hook."""
    hooks = folder / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    for where in (hooks, application):
        assert run(where, "git", "init", "--quiet").returncode == 0
    run(hooks, "git", "add", "--all")
    assert run(hooks, "git", "commit", "--quiet", "--message", "hooks").returncode == 0
    documented = re.search(r"^## pre-commit$.*?^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert documented is not None
    configuration = yaml.safe_load(documented[1].replace("app.models:Base", "shop:Base"))
    (repository,) = configuration["repos"]
    repository["repo"] = str(hooks)
    repository["rev"] = run(hooks, "git", "rev-parse", "HEAD").stdout.strip()
    repository["hooks"] = [each for each in repository["hooks"] if each["id"] == hook]
    (application / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configuration))
    done = run(application, "pre-commit", "install")
    assert done.returncode == 0, done.stdout + done.stderr


def committed(run: Run, application: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    run(application, "git", "add", "--all")
    return run(application, "git", "commit", "--message", "models", **variables)


def test_a_commit_with_an_outdated_frozen_file_is_stopped(run: Run, application: Path, tmp_path: Path) -> None:
    installed(run, tmp_path, application, "schema-guard-freeze")
    freeze = ("schema-guard", "freeze", "shop:Base", "--output", "expected.json")
    assert run(application, *freeze).returncode == 0
    done = committed(run, application)
    assert done.returncode == 0, done.stdout + done.stderr

    models = application / "shop.py"
    models.write_text(models.read_text().replace("String(64)", "String(80)"))
    stopped = committed(run, application)
    assert stopped.returncode == 1
    assert '"VARCHAR(80)"' in stopped.stderr

    assert run(application, *freeze).returncode == 0
    assert committed(run, application).returncode == 0


def test_a_commit_is_stopped_while_the_database_lacks_what_the_models_expect(
    run: Run, application: Path, tmp_path: Path
) -> None:
    url = url_of(application, BEFORE)
    installed(run, tmp_path, application, "schema-guard-check")
    stopped = committed(run, application, DATABASE_URL=url)
    assert stopped.returncode == 1
    assert "proposals.visitor" in stopped.stderr
    assert run(application, "schema-guard", "apply", "shop:Base", DATABASE_URL=url).returncode == 0
    assert committed(run, application, DATABASE_URL=url).returncode == 0
