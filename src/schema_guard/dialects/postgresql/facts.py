"""Where a session is connected, from the row of queries/facts.sql, and the settings that a person should know of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from schema_guard.dialects.base import Facts
from schema_guard.dialects.postgresql.catalog_words import schemas_in_path
from schema_guard.dialects.postgresql.encoding import RAW, known_codec
from schema_guard.dialects.postgresql.link import Row
from schema_guard.dialects.terms import Unfit
from schema_guard.names import DefaultSchema, in_quotes
from schema_guard.report import ServerInfo

__all__ = ["facts_of"]

ESCAPES = (
    "standard_conforming_strings is off for this connection: in what the application itself sends, a backslash in a"
    " string literal begins an escape; the guard sets it on in its own sessions"
)
WRITES_NOTHING = (
    "default_transaction_read_only is on for this connection: what the application itself writes fails, unless it"
    " begins its transactions READ WRITE; the guard changes nothing"
)

MISREAD = {
    "DateStyle": {"psycopg": "fails to read timestamps with time zone", "pg8000": "reads other dates, or text"},
    "IntervalStyle": {"psycopg": "fails to read intervals", "psycopg2": "reads other intervals, or fails to"},
    "bytea_output": {"pg8000": "fails to read bytea"},
}
"""By setting, what a driver does with values that are not written as by default; others read them."""

FAILING = {
    ("DateStyle", "psycopg"): ("timestamp with time zone",),
    ("IntervalStyle", "psycopg"): ("interval",),
    ("bytea_output", "pg8000"): ("bytea",),
}
"""Where every value of these types is an error."""

ALWAYS_UTF8 = "asyncpg"
"""Asks for UTF-8 as it connects, which counts for more than any setting."""

_LACKING = "text with a character that {} lacks is neither written nor read"
TEXTS = ("character varying", "text", "character", "bpchar", "citext", "json", "jsonb", "xml")

_NOBODYS = frozenset({"$user", "information_schema", ""})
"""Names in a search_path that are no schema to make tables in."""

USUAL = {"DateStyle": "'ISO'", "IntervalStyle": "'postgres'", "bytea_output": "'hex'"}


def facts_of(row: Row, host: str, encoding: str, driver: str = "") -> Facts:
    """What the row says.

    Args:
        row: the columns of facts.sql.
        host: how the server is reached where it does not tell its address.
        encoding: the database's.
        driver: the application's.
    """
    version_num, version, database, address, port, default, path, read_only, _, role, *settings = row
    styles, place = dict(zip(MISREAD, settings[3:6], strict=True)), (str(role), str(database))
    where = f"{address}:{port}" if address else host
    return Facts(
        server=ServerInfo("postgresql", str(version), f"{where}/{database}"),
        version=int(str(version_num)),
        default_schema=None if default is None else DefaultSchema(str(default)),
        search_path=tuple(json.loads(str(path))),
        read_only=bool(read_only),
        writable_again=_set_for(str(role), str(database), "default_transaction_read_only", "off")
        if settings[1]
        else "",
        role=str(role),
        leading_somewhere=() if settings[8] is None else _leading_somewhere(str(settings[8]), settings[2], *place),
        encoding=encoding,
        unfit=(
            *_unread(styles, driver, *place),
            *_encoded(settings[7], encoding, driver, *place),
            *_no_more_ids(settings[6], int(str(version_num))),
        ),
        warnings=(
            *_warnings(*settings[:3]),
            *_misread(styles, driver, *place),
            *_lacking(settings[7], encoding, driver, *place),
            *_any_bytes(settings[7], encoding),
            *_wraparound(settings[6], int(str(version_num))),
        ),
    )


def _set_for(role: str, database: str, setting: str, value: str) -> str:
    """What counts for more than a setting of the server, the database or the role (manual, ALTER ROLE)."""
    return f"ALTER ROLE {in_quotes(role)} IN DATABASE {in_quotes(database)} SET {setting} = {value};"


def _leading_somewhere(path: str, one_name: object, role: str, database: str) -> tuple[str, ...]:
    """Of a path that names a schema: that it is made and may be used. Of none, or of a list in quotes: another path."""
    if one_name is not None:
        listed = ", ".join(in_quotes(name.strip()) for name in str(one_name).split(",") if name.strip())
        return (_set_for(role, database, "search_path", listed),)
    own = [name for name in schemas_in_path(path) if name not in _NOBODYS and not name.startswith("pg_")]
    home = in_quotes(own[0] if own else "public")
    made = (f"CREATE SCHEMA IF NOT EXISTS {home};", f"GRANT USAGE, CREATE ON SCHEMA {home} TO {in_quotes(role)};")
    return made if own else (*made, _set_for(role, database, "search_path", home))


def _misread(settings: Mapping[str, object], driver: str, role: str, database: str) -> Iterator[str]:
    for setting, value in settings.items():
        if value is not None and driver in MISREAD[setting] and (setting, driver) not in FAILING:
            remedy = _set_for(role, database, setting, USUAL[setting])
            yield f"{setting} is {value} for this connection, and {driver} {MISREAD[setting][driver]}: {remedy}"


def _warnings(escapes: object, writes_nothing: object, one_name: object) -> Iterator[str]:
    if escapes:
        yield ESCAPES
    if writes_nothing:
        yield WRITES_NOTHING
    if one_name is not None:
        yield (
            f'the search_path names one schema "{one_name}", which does not exist: a list in quotes is one name;'
            f" write SET search_path = {one_name}"
        )


def _wraparound(told: object, version: int) -> Iterator[str]:
    """A server that has few transaction ids left takes no statement that needs one (manual, 24.1.5)."""
    if told is None:
        return
    name, rest = _ids_left(told, version)
    if rest > 0:
        yield f"after {rest:,} more transactions the server refuses every write, because {_why_refused(name)}"


def _ids_left(told: object, version: int) -> tuple[str, int]:
    """The database that was least vacuumed, and after how many transactions the server stops."""
    name, left = json.loads(str(told))
    return str(name), int(left) - (3_000_000 if version >= 140000 else 1_000_000)


def _why_refused(name: str) -> str:
    return (
        f"{in_quotes(name)} was not vacuumed for too long: run VACUUM in it;"
        " prepared transactions (pg_prepared_xacts), replication slots and old transactions have to end first"
    )


def _no_more_ids(told: object, version: int) -> Iterator[Unfit]:
    if told is not None and (found := _ids_left(told, version))[1] <= 0:
        effect = f"the server refuses every write, because {_why_refused(found[0])}"
        yield Unfit(
            "transaction ids", "the server has none left", effect, f"-- in database {in_quotes(found[0])}: VACUUM;"
        )


def _unread(styles: Mapping[str, object], driver: str, role: str, database: str) -> Iterator[Unfit]:
    for (setting, of), types in FAILING.items():
        if of == driver and (value := styles[setting]) is not None:
            advice = _set_for(role, database, setting, USUAL[setting])
            headline = f"{setting} is {value} for this connection"
            yield Unfit(setting, headline, f"{driver} {MISREAD[setting][driver]}", advice, types)


def _encoded(client: object, encoding: str, driver: str, role: str, database: str) -> Iterator[Unfit]:
    """What speaks SQL_ASCII gives psycopg bytes for text, on which SQLAlchemy fails as it connects; other drivers take
    it for ASCII."""
    if client is None or driver == ALWAYS_UTF8:
        return
    advice = _set_for(role, database, "client_encoding", "'UTF8'")
    headline = f"client_encoding is {client} for this connection"
    if driver == "psycopg2" and client != RAW:
        effect = "psycopg2 takes the names of parameters for UTF-8"
        yield Unfit("client_encoding", headline, effect, advice, (), "ascii", parameters=True)
    if client == encoding != RAW:
        return
    if client == RAW and driver == "psycopg":
        effect = "psycopg gives bytes in place of text, and SQLAlchemy fails to connect"
        yield Unfit("client_encoding", headline, effect, advice)
    elif client == RAW:
        yield Unfit("client_encoding", headline, _LACKING.format("ASCII"), advice, TEXTS, "ascii")
    elif codec := known_codec(str(client)):
        yield Unfit("client_encoding", headline, _LACKING.format(client), advice, (), codec)


def _lacking(client: object, encoding: str, driver: str, role: str, database: str) -> Iterator[str]:
    """An encoding that somebody has chosen is no more than a warning."""
    if client not in {None, RAW, encoding} and driver != ALWAYS_UTF8:
        remedy = _set_for(role, database, "client_encoding", "'UTF8'")
        yield f"client_encoding is {client} for this connection: {_LACKING.format(client)}: {remedy}"


def _any_bytes(client: object, encoding: str) -> Iterator[str]:
    if encoding == RAW and client is None:
        yield (
            f"the database's encoding is {RAW}: the server takes any bytes for text, and the application fails to read"
            " those that are no UTF-8 (UnicodeDecodeError); a dump restored with ENCODING 'UTF8' has none of them"
        )
