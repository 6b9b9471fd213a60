"""Where the connections of a project's own code really go. Runs in a process of its own, never in the caller's.

A replay must not touch the real database, however env.py finds its URL: every connection that an engine of this process
opens is led to a scratch database before it is made, and asked where it is before its first statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import Pool

from schema_guard.chain.identity import fingerprint_of, identity_of, session_of, system_of
from schema_guard.chain.sandbox.creators import lead_creators
from schema_guard.chain.sandbox.job import Asked, Connected, Event, Job, Task
from schema_guard.chain.sandbox.own_locks import mark_own
from schema_guard.chain.sandbox.reading_drivers import keep_reading
from schema_guard.chain.sandbox.unwritten import keep_unwritten
from schema_guard.chain.systems import SYSTEMS, Identity, system_named
from schema_guard.errors import GuardError

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["Blocked", "BlockedError", "ElsewhereError", "install"]


ALONE = 5_000
"""Milliseconds that a replay waits for a lock: nobody else is there, so it waits for itself, and would for ever."""


class BlockedError(GuardError):
    """Nothing may connect while env.py is only being described."""


class ElsewhereError(GuardError):
    """A connection that does not lead to where it has to."""


Tell = Callable[[Event], None]


class _Way(Protocol):
    """What becomes of connections."""

    def before(self, dialect: Dialect, arguments: list[Any], named: dict[str, Any]) -> None: ...

    def create(self, dialect: Dialect) -> DBAPIConnection | None: ...

    def after(self, connection: DBAPIConnection) -> None: ...


def install(job: Job, tell: Tell) -> _Way:
    """Take over every engine of this process, those included that were not made yet."""
    ways: dict[Task, type[Blocked | _ToScratch | _ToReal]] = {
        Task.DESCRIBE: Blocked,
        Task.REPLAY: _ToScratch,
        Task.UPGRADE: _ToReal,
    }
    way = ways[job.task](job, tell)
    real = _identity(job.real) if job.task is Task.DESCRIBE else None
    if real is not None and system_named(real[0]).is_file:
        keep_unwritten(real[3])
    elif real is not None:
        keep_reading()

    def do_connect(dialect: Dialect, _record: object, arguments: list[Any], named: dict[str, Any]) -> None:
        way.before(dialect, arguments, named)

    def connected(connection: DBAPIConnection, _record: object) -> None:
        way.after(connection)

    lead_creators(way)
    event.listen(Engine, "do_connect", do_connect)
    event.listen(Pool, "connect", connected)
    if isinstance(way, _ToReal):
        event.listen(Engine, "before_cursor_execute", way.before_statement)
        event.listen(Engine, "after_cursor_execute", way.after_statement)
        event.listen(Engine, "handle_error", mark_own)
    return way


class _Known:
    """The databases that env.py may rightly ask for: the one it was handed, and the real one."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self._tell = tell
        self._known = {_identity(url) for url in (job.url, job.real, job.scratch) if url}
        self._told: set[Identity] = set()

    def ask(self, identity: Identity) -> bool:
        given = identity in self._known
        if identity not in self._told:
            self._told.add(identity)
            self._tell(Asked(*identity, given=given))
        return given


def _identity(url: str) -> Identity | None:
    parsed = make_url(url)
    try:
        dialect = parsed.get_dialect()()
        arguments, named = dialect.create_connect_args(parsed)
    except Exception:  # a driver that is not installed names no database that could be reached
        return None
    return identity_of(dialect, arguments, named)


class Blocked:
    """Nothing connects, or only to read."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self._known = _Known(job, tell)
        self._several = job.several
        self._reads = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While it lasts, connections to the database that was handed over are let through; they can only read."""
        self._reads = True
        try:
            yield
        finally:
            self._reads = False

    def before(self, dialect: Dialect, arguments: list[Any], named: dict[str, Any]) -> None:
        identity = identity_of(dialect, arguments, named)
        given = self._known.ask(identity)
        if not self._reads or not (given or self._several):
            raise BlockedError("nothing connects while env.py is only being described")
        if system_named(dialect.name).is_file and not Path(identity[3]).exists():
            arguments[:] = [":memory:"]
            named.pop("uri", None)

    def create(self, _dialect: Dialect) -> DBAPIConnection | None:
        if not self._reads:
            raise BlockedError("nothing connects while env.py is only being described")
        return None

    def after(self, connection: DBAPIConnection) -> None:
        if not self._reads:
            connection.close()
            raise BlockedError("nothing connects while env.py is only being described")
        system_of(connection).only_read(connection)


class _ToScratch:
    """The first database asked for, or the one that was handed over, is the main scratch; each further one a spare."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self._job = job
        self._known = _Known(job, tell)
        self._system = SYSTEMS[make_url(job.scratch).get_backend_name()]
        places = ((job.scratch, job.spare), *job.further)
        self._places = {make_url(url).get_backend_name(): (url, spare) for url, spare in places}
        self._real = _identity(job.real)
        self._beside = {_identity(url) for url, _ in job.further}
        self._urls: dict[Identity, str] = {}
        self.made: list[str] = []

    def before(self, dialect: Dialect, arguments: list[Any], named: dict[str, Any]) -> None:
        identity = identity_of(dialect, arguments, named)
        if system_named(dialect.name).is_file and identity[3] == ":memory:":
            return
        if identity in self._beside:  # where a spare is made
            return
        given = self._known.ask(identity)
        own = dialect.name == self._system.name
        if dialect.name not in self._places or (identity == self._real and not own):  # nothing can take its place
            raise ElsewhereError(self._nowhere(dialect.name, identity))
        if identity not in self._urls:
            alone = not self._job.several and not self._urls
            main = own and (given or alone)
            self._urls[identity] = self._job.scratch if main else self._spare(dialect.name)
        self._lead(dialect, make_url(self._urls[identity]), arguments, named)

    def create(self, dialect: Dialect) -> DBAPIConnection | None:
        """The scratch database; of several nobody knows which one a `creator` leads to."""
        if self._job.several:
            return None
        url = make_url(self._job.scratch)
        arguments, named = dialect.create_connect_args(url)
        self.before(dialect, list(arguments), dict(named))
        return dialect.connect(*arguments, **named)

    def _lead(self, dialect: Dialect, url: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        system_named(dialect.name).lead(dialect.create_connect_args(url), arguments, named)

    def _nowhere(self, system: str, identity: Identity) -> str:
        title = SYSTEMS[system].title if system in SYSTEMS else system
        if self._job.several and system in SYSTEMS and identity != self._real:
            return (
                f"env.py also works on a {title} database, {identity[3]}: name a {title} server where a scratch "
                "database in its place can be made with --scratch-url"
            )
        return (
            f"env.py connects to {title} ({identity[3]}) whatever DATABASE_URL says, so it cannot be replayed on "
            f"{self._system.title}"
        )

    def _spare(self, system: str) -> str:
        url, begins = self._places[system]
        main = make_url(url)
        name = f"{begins}_{len(self.made) + 1}"
        SYSTEMS[system].make_spare(main, name)
        self.made.append(name)
        return main.set(database=name).render_as_string(hide_password=False)

    def after(self, connection: DBAPIConnection) -> None:
        """Proof, before the first statement: a listener of the application's own may have gone elsewhere."""
        found = fingerprint_of(connection)[1]
        scratch = (str(make_url(url).database) for url, _ in self._places.values())
        allowed = {*scratch, *self.made, ":memory:"}
        if found not in allowed:
            connection.close()
            raise ElsewhereError(
                f"env.py reached {found} in place of the scratch database; nothing was sent to it. What opens that "
                "connection (creator, a do_connect listener) has to read the URL in DATABASE_URL"
            )
        system_of(connection).limit_locks(connection, ALONE)


class _ToReal:
    """The real database, with a lock timeout on every statement."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self._job = job
        self._tell = tell
        self._known = _Known(job, tell)
        self._timeout = max(1, round(job.lock_timeout * 1000))

    def before(self, dialect: Dialect, arguments: list[Any], named: dict[str, Any]) -> None:
        self._known.ask(identity_of(dialect, arguments, named))

    def after(self, connection: DBAPIConnection) -> None:
        found = fingerprint_of(connection)
        if found != self._job.fingerprint and not self._job.several:
            connection.close()
            raise ElsewhereError(
                f"env.py connects to {' '.join(found[:2])}, not to {' '.join(self._job.fingerprint[:2])}; nothing "
                "was run"
            )
        system_of(connection).limit_locks(connection, self._timeout)
        session = session_of(connection)
        if session is not None:
            self._tell(Connected(session))

    def create(self, _dialect: Dialect) -> DBAPIConnection | None:
        """Its own; `after` proves where that leads, and here is told only that env.py connects by itself."""
        real = _identity(self._job.real)
        if real is not None:
            self._known.ask(real)
        return None

    def before_statement(
        self, _connection: object, cursor: Any, statement: str, _parameters: object, context: Any, _many: bool
    ) -> None:
        if (around := self._around(statement, context)) is not None:
            cursor.execute(around[0])

    def after_statement(
        self, _connection: object, cursor: Any, statement: str, _parameters: object, context: Any, _many: bool
    ) -> None:
        if (around := self._around(statement, context)) is not None:
            with suppress(Exception):  # the cursor may hold rows that are still to be read: then it stays as it is
                cursor.execute(around[1])

    def _around(self, statement: str, context: Any) -> tuple[str, str] | None:
        return system_named(context.dialect.name).unlimited(statement, self._timeout)
