"""Which installed package is older or newer than this distribution supports."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

__all__ = ["DISTRIBUTION", "program", "unmet", "version"]

DISTRIBUTION = "sqlalchemy-schema-guard"
BOUND = r"(>=|<)\s*(\d+(?:\.\d+)*)"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def version() -> str:
    """This distribution's own."""
    from importlib import metadata  # takes long, and is seldom needed

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from a source tree that was not installed
        return "0.0.0"


def program() -> str:
    """Tells the installed code from that of every other version, without what `version` imports.

    Installed, it is the distribution's name with its version. Of a source tree, which may be edited, it is the place,
    size and time of each file.
    """
    from hashlib import sha256  # takes a while, and is seldom needed

    package = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    prefix = f"{DISTRIBUTION.replace('-', '_')}-"
    beside = os.listdir(os.path.dirname(package))  # noqa: PTH120, PTH208
    found = [name for name in beside if name.startswith(prefix) and name.endswith(".dist-info")]
    return found[0] if len(found) == 1 else sha256(repr(sorted(_files(package))).encode()).hexdigest()


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Place, size and time of all that is code."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".sql")):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)


def unmet() -> str | None:
    """Say which installed package is outside the supported range.

    Reads the requirements of this distribution, those of its extras included: an extra's package counts where it is
    installed.

    Returns:
        One line with what is installed, what is needed and the command that installs it; None when all are in range.
    """
    from importlib import metadata

    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a source tree that was not installed
        return None
    for requirement in requirements:
        words, _, marker = requirement.partition(";")
        if '"dev"' in marker or "'dev'" in marker:
            continue
        name = re.match(NAME, words)
        if name is None:
            continue
        bounds = ",".join(operator + bound for operator, bound in sorted(re.findall(BOUND, words), reverse=True))
        try:
            installed = metadata.version(name[0])
        except metadata.PackageNotFoundError:
            continue
        if not _within(installed, words):
            package = _package(name[0])
            return (
                f"{package} {installed} is installed, but schema-guard needs {package} {bounds}: "
                f"run pip install '{name[0]}{bounds}'"
            )
    return None


def _within(installed: str, words: str) -> bool:
    version = _numbers(installed)
    for operator, bound in re.findall(BOUND, words):
        limit = _numbers(bound)
        if (operator == ">=" and version < limit) or (operator == "<" and version >= limit):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """`2.0.5.post1` is (2, 0, 5): what follows the numbers decides no bound of ours."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    return tuple(numbers + [0] * (3 - len(numbers)))


def _package(name: str) -> str:
    """The name as its own documentation writes it."""
    from importlib import metadata

    try:
        return metadata.metadata(name)["Name"] or name
    except metadata.PackageNotFoundError:
        return name
