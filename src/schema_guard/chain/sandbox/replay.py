"""What a project's own code says about its chain: described without a database, replayed on a scratch one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from schema_guard.chain.env_urls import environment_for, reading_only, url_for
from schema_guard.chain.history import Chain
from schema_guard.chain.location import Location
from schema_guard.chain.reading.revision_files import Imported, Unreadable, read_revisions, revision_files
from schema_guard.chain.sandbox.child import events_of
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.sandbox.job import (
    Applied,
    Asked,
    Described,
    Failed,
    FileFailed,
    FileImported,
    Found,
    Job,
    MakesTables,
    Task,
)
from schema_guard.chain.systems import SYSTEMS
from schema_guard.chain.systems.scratch import Scratch
from schema_guard.errors import ConfigurationError
from schema_guard.schema import Schema

__all__ = ["Described", "Project", "Replay", "State", "describe", "job_for", "replayed"]


@dataclass(frozen=True, slots=True)
class Project:
    """A project's migrations: the files and what env.py configures.

    `described` has an item for each database that env.py configures; it is empty when env.py does not run (`failed`).
    """

    location: Location
    target: str
    url: URL
    """The real database, with an installed driver."""
    written_url: URL
    """The same as it was written."""
    x: tuple[str, ...] = ()
    main: bool = True
    """It is the application's only database, or the main one of several."""
    found: Found | None = None
    chain: Chain = field(default_factory=Chain)
    unreadable: tuple[Unreadable, ...] = ()
    described: tuple[Described, ...] = ()
    asked: tuple[Asked, ...] = ()
    failed: Failed | None = None
    makes: tuple[MakesTables, ...] = ()
    """Where it makes tables itself, before a revision runs."""

    @property
    def version_table(self) -> tuple[str, str | None]:
        told = sorted(self.described, key=lambda item: not item.online)
        first = told[0] if told else Described(None)
        return first.version_table, first.version_schema

    @property
    def schemas(self) -> tuple[str, ...]:
        """Those that have a version table, as env.py configures it online."""
        named = (item.version_schema for item in self.described if item.online)
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Patterns of what env.py keeps from autogenerate."""
        told = sorted(self.described, key=lambda item: not item.online)
        return told[0].left_out if told else ()

    @property
    def several(self) -> bool:
        """env.py works on several databases."""
        return len({str(asked) for asked in self.asked}) > 1 or self._goes_through_names

    @property
    def _goes_through_names(self) -> bool:
        """env.py is made of a template for several databases."""
        return "engine_name" in self.env_text or "bind_names" in self.env_text

    @property
    def widens(self) -> bool:
        """env.py or a revision may give alembic_version a wider column, before it is needed."""
        files = (revision.file for revision in self.chain.files)
        texts = (self.env_text, *(Path(file).read_text("utf-8", "replace") for file in files))
        return any("version_num" in text or "version_table_impl" in text for text in texts)

    @property
    def env_text(self) -> str:
        """env.py as it is written; empty where there is none."""
        env = Path(self.found.folder) / "env.py" if self.found else None
        return env.read_text("utf-8", "replace") if env is not None and env.is_file() else ""


@dataclass(frozen=True, slots=True)
class State:
    """The scratch database after a revision; before the first one `revision` is empty."""

    revision: str
    schema: Schema
    beside: frozenset[Fact] = frozenset()
    """What there is besides tables (see beside.py)."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The states that were reached, and what ended it."""

    system: str
    states: tuple[State, ...]
    asked: tuple[Asked, ...] = ()
    described: tuple[Described, ...] = ()
    failed: Failed | None = None


def describe(
    location: Location,
    target: str,
    url: URL,
    written_url: URL,
    x: Sequence[str] = (),
    main: bool = True,
    hopeless: Callable[[], bool] = lambda: False,
) -> Project:
    """Read the files, import each, and run env.py without letting it connect. Writes nothing.

    `hopeless` is asked once a second whether to end the process at once.
    """
    project = Project(location, target, url, written_url, tuple(x), main)
    found: Found | None = None
    imported: dict[str, Imported] = {}
    described: list[Described] = []
    asked: list[Asked] = []
    makes: list[MakesTables] = []
    failed: Failed | None = None
    job = job_for(project, Task.DESCRIBE)
    environment = reading_only(environment_for(written_url, url, os.environ, main=main))
    for event in events_of(job, environment, hopeless=hopeless):
        match event:
            case Found():
                found = event
            case FileFailed():
                imported[event.file] = Unreadable(event.file, event.message, event.line)
            case FileImported():
                imported[event.file] = event.names
            case Described():
                described.append(event)
            case Asked():
                asked.append(event)
            case MakesTables():
                makes.append(event)
            case Failed():
                failed = event
            case _:
                continue
    files = revision_files(found.versions, found.recursive) if found else []
    revisions, unreadable = read_revisions(files, imported)
    told = {item.file for item in unreadable}
    unreadable += [item for item in imported.values() if isinstance(item, Unreadable) and item.file not in told]
    return Project(
        location,
        target,
        url,
        written_url,
        tuple(x),
        main,
        found,
        Chain(tuple(revisions)),
        tuple(unreadable),
        tuple(described),
        tuple(asked),
        failed,
        tuple(dict.fromkeys(makes)),
    )


def job_for(project: Project, task: Task, **more: object) -> Job:
    """The job with what all tasks need."""
    location = project.location
    plain = project.written_url
    written = project.url if plain.drivername == "postgres" else plain
    return Job(
        task=task,
        directory=str(Path.cwd()),
        path=tuple(entry or str(Path.cwd()) for entry in sys.path),
        ini=str(location.ini) if location.ini else None,
        toml=str(location.toml) if location.toml else None,
        folder=str(location.folder) if location.folder else None,
        section=location.section,
        target=project.target,
        x=project.x,
        several=project.several,
        real=project.url.render_as_string(hide_password=False),
        **{"url": url_for(written, project.url), **more},  # type: ignore[arg-type]
    )


@contextmanager
def replayed(
    project: Project, system: str, server: URL | None, schemas: Sequence[str], first: Sequence[str] = (), *, real: bool
) -> Iterator[tuple[Scratch, Replay]]:
    """The chain on a scratch database, as far as it ran. Arguments as those of `_scratch_for` and `_replay`.

    Where env.py makes tables itself, revisions collide with them, or stand on them: the replay that goes through
    counts, at first the one of the revisions alone.

    Raises:
        ConfigurationError, UnreachableError: as `System.scratch` does.
    """
    bare = bool(project.makes)
    with _databases(project, system, server, schemas, real=real) as (scratch, further):
        played = _replay(project, scratch, schemas, first, further, bare=bare)
        made = bare or (played.states and played.states[0].schema.tables)
        if played.failed is None or not made:
            yield scratch, played
            return
    with _databases(project, system, server, schemas, real=real) as (scratch, further):
        other = _replay(project, scratch, schemas, first, further, bare=not bare)
        yield scratch, other if other.failed is None else played


@contextmanager
def _databases(
    project: Project, system: str, server: URL | None, schemas: Sequence[str], *, real: bool
) -> Iterator[tuple[Scratch, tuple[Scratch, ...]]]:
    """The scratch database, and those of other systems. Arguments and errors as those of `_scratch_for`."""
    with (
        _scratch_for(project, system, server, schemas, real=real) as scratch,
        _further(project, system, server) as further,
    ):
        yield scratch, further


@contextmanager
def _scratch_for(
    project: Project, system: str, server: URL | None, schemas: Sequence[str], *, real: bool
) -> Iterator[Scratch]:
    """A scratch database of this system.

    Args:
        project: whose chain is to be replayed.
        system: its name.
        server: where to make the database; None is the real database's server.
        schemas: the schemas of the models.
        real: the real database can be asked what it looks like.

    Raises:
        ConfigurationError, UnreachableError: as `System.scratch` does.
    """
    chosen = SYSTEMS[system]
    same = project.url.get_backend_name() == system
    if server is None and not same and not chosen.is_file:
        raise ConfigurationError(
            f"the database is not {chosen.title}: name one for scratch databases with --scratch-url"
        )
    of_versions = [item.version_schema for item in project.described if item.version_schema]
    texts = [Path(revision.file).read_text("utf-8", "replace") for revision in project.chain.files]
    texts.append(project.env_text)
    with chosen.scratch(
        server or project.url, project.url if same and real else None, (*schemas, *of_versions), "\n".join(texts)
    ) as scratch:
        yield scratch


@contextmanager
def _further(project: Project, system: str, server: URL | None) -> Iterator[tuple[Scratch, ...]]:
    """Scratch databases of the other systems, where env.py works on several databases: a file needs no server, and a
    server counts only where `server` names it. Raises as `_scratch_for`."""
    with ExitStack() as stack:
        found = []
        for other in SYSTEMS.values() if project.several else ():
            named = server is not None and server.get_backend_name() == other.name
            if other.name != system and (other.is_file or named):
                where = server if named and server is not None else project.url
                found.append(stack.enter_context(other.scratch(where, None, (), "")))
        yield tuple(found)


def _replay(
    project: Project,
    scratch: Scratch,
    schemas: Sequence[str],
    first: Sequence[str],
    further: Sequence[Scratch],
    *,
    bare: bool,
) -> Replay:
    """Run the chain on the scratch database, revision by revision, and look at it after each.

    Args:
        project: whose chain.
        scratch: where.
        schemas: the schemas that are looked at (PostgreSQL).
        first: what alembic_version names: these and what they follow run before the others, so that there is a state
            for it also where the chain has branches.
        further: where env.py's databases of other systems are.
        bare: without what env.py makes itself.
    """
    before = project.chain.upto(first)
    order = tuple(sorted(project.chain.order, key=lambda id_: id_ not in before))
    written = project.url if project.written_url.drivername == "postgres" else project.written_url
    job = job_for(
        project,
        Task.REPLAY,
        url=url_for(written, scratch.url),
        scratch=scratch.url.render_as_string(hide_password=False),
        spare=scratch.spare,
        further=tuple((each.url.render_as_string(hide_password=False), each.spare) for each in further),
        schemas=tuple(dict.fromkeys((*schemas, *scratch.schemas))),
        revisions=order,
        bare=bare,
    )
    states: list[State] = []
    asked: list[Asked] = []
    described: list[Described] = []
    failed: Failed | None = None
    environment = environment_for(project.written_url, scratch.url, os.environ, main=project.main)
    for event in events_of(job, environment):
        match event:
            case Applied(revision=revision, schema=Schema() as schema, beside=beside):
                states.append(State(revision, schema, beside))
            case Asked():
                asked.append(event)
            case Described():
                described.append(event)
            case Failed():
                failed = event
            case _:
                continue
    return Replay(scratch.url.get_backend_name(), tuple(states), tuple(asked), tuple(described), failed)
