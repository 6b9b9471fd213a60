"""A RELEASE: the frozen file of another release, as a path or out of Git."""

from __future__ import annotations

from pathlib import Path

from schema_guard.errors import ConfigurationError, one_line
from schema_guard.sources.frozen.document import parse, read
from schema_guard.sources.frozen.source import FrozenSource

__all__ = ["release_of"]

GIT = "git:"
SECONDS = 30
"""What Git may take."""


def release_of(text: str, directory: Path | None = None, *, edited: bool = False) -> FrozenSource:
    """What a release expects.

    Args:
        text: a path, or `git:REF:path`, the path from the repository's root, or `./path` from the working directory.
        directory: where relative paths begin; default is the working directory.
        edited: take it although its hash does not fit.

    Raises:
        ConfigurationError: there is no such file, or Git knows no such revision; or as `read` does.
    """
    directory = directory or Path.cwd()
    if not text.startswith(GIT):
        return FrozenSource(read(directory / text, edited=edited), text)
    ref, colon, path = text.removeprefix(GIT).partition(":")
    if not colon or not ref or not path or ref.startswith("-"):
        raise ConfigurationError(f"{text} is not a release: git:REF:path, for example git:origin/main:expected.json")
    import shutil
    import subprocess

    git = shutil.which("git")
    if git is None:
        raise ConfigurationError(f"{text} cannot be read: the program git is not installed")
    try:
        done = subprocess.run(
            [git, "show", f"{ref}:{path}"], cwd=directory, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{text} cannot be read: git took longer than {SECONDS} s") from None
    if done.returncode != 0:
        said = one_line(done.stderr.decode(errors="replace").strip())
        raise ConfigurationError(f"{text} cannot be read: {said}")
    return FrozenSource(parse(done.stdout, text, edited=edited), text)
