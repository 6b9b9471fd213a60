"""Text between Python and a database of any encoding (manual, 23.3).

Every session of the guard speaks UTF-8, and the server converts, whatever the URL, the environment or the role says.
Where the database is SQL_ASCII the server converts nothing and knows no characters, only bytes: there they pass
unchanged and are read as what the application's sessions speak, else as UTF-8; what is none comes back as it was.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from schema_guard.dialects.encodable import can_encode

if TYPE_CHECKING:
    from schema_guard.dialects.postgresql.wire import Wire

__all__ = ["RAW", "Encoding", "codec_of", "encoding_of", "known_codec", "lacking", "set_encoding"]

_CODECS = {
    "UTF8": "utf-8",
    "WIN866": "cp866",
    "WIN874": "cp874",
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    "EUC_JP": "euc_jp",
    "EUC_JIS_2004": "euc_jis_2004",
    "EUC_KR": "euc_kr",
    "EUC_CN": "gb2312",
    "ISO_8859_5": "iso8859-5",
    "ISO_8859_6": "iso8859-6",
    "ISO_8859_7": "iso8859-7",
    "ISO_8859_8": "iso8859-8",
    **{f"WIN{page}": f"cp{page}" for page in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)},
    **{f"LATIN{number}": f"iso8859-{part}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)},
}
"""Python's names of the server's encodings (manual, table 23.3); of others nothing is known to be lacking."""

RAW = "SQL_ASCII"


class Encoding(NamedTuple):
    """What a connection speaks."""

    server: str = ""
    """The database's, by PostgreSQL's name; empty when unknown."""
    raw: bool = False
    """Bytes pass unchanged, each as one character of LATIN1."""
    codec: str = "utf-8"
    """What bytes that pass unchanged mean."""

    def outgoing(self, text: str) -> str:
        """What is handed to the driver."""
        return text.encode(self.codec, "surrogateescape").decode("latin-1") if self.raw else text

    def incoming(self, value: object) -> object:
        """What the driver gave."""
        if not self.raw or not isinstance(value, str):
            return value
        return value.encode("latin-1", "replace").decode(self.codec, "surrogateescape")


def set_encoding(connection: Any) -> None:
    """Have a new connection, as its driver made it, speak UTF-8; bytes, where the server knows no characters."""
    server, client = _status(connection, "server_encoding"), _status(connection, "client_encoding")
    if not server or _always_utf8(connection):
        return
    wanted = "LATIN1" if server == RAW else "UTF8"
    if client == wanted:
        return
    if hasattr(connection, "set_client_encoding"):  # psycopg2 keeps in mind what it set by itself
        connection.set_client_encoding(wanted)
        return
    cursor = connection.cursor()
    cursor.execute(f"SET client_encoding = '{wanted}'")
    cursor.close()
    connection.commit()


def encoding_of(wire: Wire) -> Encoding:
    """Of a connection that `set_encoding` has seen. Raises what its `send` raises."""
    server = _status(wire.driver, "server_encoding")
    if server != RAW or _always_utf8(wire.driver):
        return Encoding(server)
    rows, _ = wire.send("SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'client_encoding'")
    return Encoding(server, raw=True, codec=codec_of(str(rows[0][0])))


def codec_of(encoding: str) -> str:
    """Python's name of it; UTF-8 where there is none."""
    return _CODECS.get(encoding, "utf-8")


def known_codec(encoding: str) -> str:
    """Python's name of it; empty where it is not known what it lacks."""
    return _CODECS.get(encoding, "")


def lacking(text: str, encoding: str) -> str:
    """The first character that the encoding does not have; empty when it has all of them, or may have."""
    codec = _CODECS.get(encoding)
    if codec is None or can_encode(text, codec):
        return ""
    return next((character for character in text if not can_encode(character, codec)), "")


def _always_utf8(connection: Any) -> bool:
    """asyncpg, within SQLAlchemy's adapter or without: its queries are UTF-8 whatever it is told."""
    return hasattr(getattr(connection, "_connection", connection), "get_settings")


def _status(connection: Any, name: str) -> str:
    """What the server told of itself as the connection began; each driver keeps it somewhere else."""
    with suppress(Exception):  # a driver of the application's own, or one that has changed: then nothing is known
        if hasattr(connection, "get_parameter_status"):  # psycopg2
            return str(connection.get_parameter_status(name) or "")
        if hasattr(connection, "parameter_statuses"):  # pg8000
            return str(connection.parameter_statuses[name])
        if _always_utf8(connection):
            return str(getattr(getattr(connection, "_connection", connection).get_settings(), name))
        return str(connection.info.parameter_status(name) or "")  # psycopg
    return ""
