"""Tries the oldest and the newest allowed version of each dependency and extra, and each minor version of Alembic.

    python -m tests.ranges [NAME ..]

Makes virtual environments under .ranges/, installs the wheel of this project there and runs smoke.py in each. The
versions of Alembic are laid over the newest environment, each in a folder of its own. Prints a line for each; the exit
code says whether all work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.postgres.binaries import versions
from tests.postgres.cluster import Cluster, make_room, start
from tests.postgres.database import create
from tests.postgres.keeper import Keeper
from tests.ranges.versions import ALEMBIC, ROOT, extras, requirements

PLACE = ROOT / ".ranges"
SMOKE = Path(__file__).with_name("smoke.py")
QUIET = ("--quiet", "--disable-pip-version-check")
NEWEST = "newest"
OVERLAY = "alembic-"
PARALLEL = 2
FLASK_SQLALCHEMY_NEEDS = "sqlalchemy==2.0.16"
"""The oldest that Flask-SQLAlchemy 3.1.0 allows."""


def environments() -> Iterator[tuple[str, list[str]]]:
    """Name, and what pip installs there beside the wheel."""
    always = requirements()
    brought = [line for lines in extras().values() for line in lines]
    flask = extras()["flask"]  # needs a later SQLAlchemy than the rest
    yield NEWEST, sorted({line.line for line in [*always, *brought]})
    yield "oldest", sorted({line.at_oldest for line in [*always, *brought] if line not in flask})
    yield "oldest-flask", [*(line.at_oldest for line in flask), FLASK_SQLALCHEMY_NEEDS]
    yield "sqlalchemy-2.0", ["sqlalchemy<2.1", *sorted({line.line for line in brought})]
    for version in ALEMBIC:
        yield f"{OVERLAY}{version}", [f"alembic=={version}"]


def main(names: Sequence[str]) -> int:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    wanted = set(names) | ({NEWEST} if any(name.startswith(OVERLAY) for name in names) else set())
    chosen = [one for one in environments() if not names or one[0] in wanted]
    wheel = _wheel()
    keeper = Keeper(room := make_room())
    try:
        server = start(versions()[0], room)
        first, *others = chosen  # the newest is what the versions of Alembic are laid over
        said = {first[0]: _environment(first, wheel, server)}
        with ThreadPoolExecutor(PARALLEL) as pool:
            said |= zip(
                [name for name, _ in others],
                pool.map(lambda one: _environment(one, wheel, server), others),
                strict=True,
            )
    finally:
        keeper.close()
    for name, wrong in said.items():
        print(f"{name}: {'works' if wrong is None else f'FAILED: {wrong}'}")
    failed = [name for name, wrong in said.items() if wrong is not None]
    if not failed:
        shutil.rmtree(PLACE)
    print(f"ranges: {len(said) - len(failed)} environments work, {len(failed)} failed")
    return 1 if failed else 0


def _wheel() -> Path:
    _must([sys.executable, "-m", "pip", "wheel", *QUIET, "--no-deps", "--wheel-dir", str(PLACE), str(ROOT)])
    (wheel,) = PLACE.glob("*.whl")
    return wheel


def _environment(one: tuple[str, list[str]], wheel: Path, server: Cluster) -> str | None:
    """None when everything works, else what was said."""
    name, packages = one
    try:
        if name.startswith(OVERLAY):
            _overlaid(PLACE / name, packages)
        else:
            _installed(PLACE / name, packages, wheel, server)
    except subprocess.CalledProcessError as error:
        return f"{error.stdout}\n{error.stderr}"
    return None


def _installed(place: Path, packages: list[str], wheel: Path, server: Cluster) -> None:
    python = place / "bin" / "python"
    _must([sys.executable, "-m", "venv", str(place)])
    _must([str(python), "-m", "pip", "install", *QUIET, "--prefer-binary", str(wheel), *packages])
    _smoke(python, create(server).url.replace("postgresql+psycopg:", "postgresql:"))


def _overlaid(place: Path, packages: list[str]) -> None:
    python = PLACE / NEWEST / "bin" / "python"
    _must([str(python), "-m", "pip", "install", *QUIET, "--no-deps", "--target", str(place), *packages])
    _smoke(python, "chain", {"PYTHONPATH": str(place)})


def _smoke(python: Path, what: str, further: Mapping[str, str] | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _must([str(python), str(SMOKE), folder, what], {**os.environ, **(further or {})})


def _must(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
