"""A scratch database on a PostgreSQL server: made like the real one, with its schemas and extensions."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from schema_guard.chain.systems.scratch import PREFIX, Scratch, not_interrupted, stopped_cleanly
from schema_guard.chain.version_table import literal
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import DENIED, diagnose
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.server import EngineServer
from schema_guard.errors import ConfigurationError, GuardError, one_line
from schema_guard.names import in_quotes

__all__ = ["left_over", "postgresql_scratch"]

BYTES = 6
"""Of a scratch database's name: random ones."""
LOCK = 0x5347
"""The first key of the advisory locks on scratch databases; the second is a hash of the name."""

_LASTING = frozenset({DENIED, "25006"})
"""SQLSTATEs where another try helps nobody: the role may not, or it is a standby or told to only read."""


@contextmanager
def postgresql_scratch(server: URL, like: URL | None, schemas: Sequence[str], revisions: str) -> Iterator[Scratch]:
    """A new database on this server.

    Args:
        server: a database on the server where the new one is made; its role has to have CREATEDB.
        like: the real database, whose search_path, schemas and extensions the new one gets; None where there is none.
        schemas: what the new one has besides the schemas of the search_path.
        revisions: the text of all revision files: what they make by themselves is not made beforehand.

    Raises:
        ConfigurationError: the role may not create a database.
        UnreachableError: the server does not answer.
    """
    name = PREFIX + secrets.token_hex(BYTES)
    with stopped_cleanly():
        how = _Like.read(like) if like is not None else _Like()
        url = server.set(database=name)
        stays = ExitStack()
        try:
            with _link(server) as admin:
                _hold(admin, name)
                _create(admin, name, how)
                inside = stays.enter_context(_link(url))
                _hold(inside, name)
            how.prepare(inside, name, tuple(dict.fromkeys((*how.schemas, *schemas))), revisions)
            yield Scratch(url, name, how.schemas)
        finally:
            with not_interrupted(), stays, suppress(DriverError, GuardError), _link(server) as admin:
                _hold(admin, name)
                stays.close()
                _drop(admin, name)


def left_over(read: Callable[[str], Sequence[Sequence[object]]]) -> list[str]:
    """Scratch databases of replays that were killed: nobody is connected to them, makes them or drops them.

    Asked twice: one that is dropped meanwhile is still seen by the first statement, whose locks are not.
    """
    sql = (
        "SELECT d.datname FROM pg_catalog.pg_database d WHERE pg_catalog.starts_with(d.datname::pg_catalog.text, "
        f"'{PREFIX}') AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) "
        "AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 2 "
        f"AND l.classid = {LOCK} AND l.objid::pg_catalog.int8 = "
        f"(pg_catalog.hashtext(pg_catalog.left(d.datname::pg_catalog.text, {len(PREFIX) + 2 * BYTES}))"
        "::pg_catalog.int8 & 4294967295)) ORDER BY 1"  # spare ones begin with the name of the first
    )
    first = [str(name) for (name,) in read(sql)]
    return [str(name) for (name,) in read(sql) if str(name) in first] if first else []


def _hold(link: Link, name: str) -> None:
    """From before it is made until it is dropped one session or another has this lock: it is in use.

    That somebody is connected to it does not tell: nobody is while it is made and dropped.
    """
    link.rows(f"SELECT pg_catalog.pg_advisory_lock({LOCK}, pg_catalog.hashtext({literal(name)}))")


def _create(admin: Link, name: str, how: _Like) -> None:
    try:
        try:
            admin.run(f'CREATE DATABASE "{name}" TEMPLATE template0 {how.options}')
        except DriverError as error:
            if diagnose(error).sqlstate in _LASTING:
                raise
            admin.run(f'CREATE DATABASE "{name}"')  # a locale that the template does not allow, for example
    except DriverError as error:
        why, grant = "none can be made on this server", ""
        if diagnose(error).sqlstate == DENIED:
            why, grant = "this role cannot create one", ", or ALTER ROLE .. CREATEDB"
        raise ConfigurationError(
            f"a replay needs a scratch database, and {why}: {one_line(str(error.orig))}. "
            f"Name a server where one can be made with --scratch-url{grant}"
        ) from None


def _drop(admin: Link, name: str) -> None:
    """The database and its spares, with whoever is still connected; DROP .. WITH (FORCE) is new in 13."""
    for (found,) in admin.rows(f"SELECT datname FROM pg_catalog.pg_database WHERE datname LIKE '{name}%'"):
        admin.rows(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
            f"WHERE datname = '{found}' AND pid <> pg_catalog.pg_backend_pid()"
        )
        admin.run(f'DROP DATABASE IF EXISTS "{found}"')


@dataclass(frozen=True, slots=True)
class _Like:
    """What of the real database a replay relies on without making it."""

    options: str = ""
    path: str = ""
    """The database's own setting of search_path, as ALTER DATABASE takes it."""
    schemas: tuple[str, ...] = ("public",)
    extensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, url: URL) -> _Like:
        with _link(url) as link:
            row = link.rows(
                "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, "
                "(SELECT s.setting FROM pg_catalog.pg_db_role_setting r, pg_catalog.unnest(r.setconfig) AS s(setting) "
                " WHERE r.setdatabase = d.oid AND r.setrole = 0 AND s.setting LIKE 'search_path=%'), "
                "pg_catalog.array_to_string(pg_catalog.current_schemas(false), E'\\x01') "
                "FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()"
            )[0]
            extensions = link.rows(
                "SELECT extname, nspname FROM pg_catalog.pg_extension e "
                "JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql' ORDER BY e.oid"
            )
        encoding, collate, ctype, setting, schemas = (str(value or "") for value in row)
        return cls(
            f"ENCODING {literal(encoding)} LC_COLLATE {literal(collate)} LC_CTYPE {literal(ctype)}",
            setting.partition("=")[2],
            tuple(filter(None, schemas.split("\x01"))) or ("public",),
            tuple((str(name), str(schema)) for name, schema in extensions),
        )

    def prepare(self, link: Link, name: str, schemas: Sequence[str], revisions: str) -> None:
        """Schemas, search_path and extensions; what a revision creates by itself is left to it."""
        creates = re.search(r"create\s+schema\s+(?!if\s)|CreateSchema\(", revisions, re.IGNORECASE)
        if self.path:
            link.run(f'ALTER DATABASE "{name}" SET search_path = {self.path}')
        for schema in schemas:
            if schema == "public" or not (creates and schema in revisions):
                link.run(f"CREATE SCHEMA IF NOT EXISTS {in_quotes(schema)}")
        for extension, schema in self.extensions:
            if not re.search(
                rf"create\s+extension\s+(?!if\s)[\"'\\\s]*{re.escape(extension)}", revisions, re.IGNORECASE
            ):
                with suppress(DriverError):  # without it the replay says what it misses
                    link.run(f"CREATE SCHEMA IF NOT EXISTS {in_quotes(schema)}")
                    link.run(f"CREATE EXTENSION IF NOT EXISTS {in_quotes(extension)} SCHEMA {in_quotes(schema)}")


@contextmanager
def _link(url: URL) -> Iterator[Link]:
    server = EngineServer(create_engine(url, poolclass=NullPool))
    link = Link(server)
    try:
        yield link
    finally:
        link.close()
        server.bridge.close()
