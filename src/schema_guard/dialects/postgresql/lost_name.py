"""Whether a name that a function misses may still be there for the application: in its session, or for its values.

A temporary table, a setting or a value may decide what SQL in a function names. Only a name that the text of the
function has as it is, and that no session can bring, is surely gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import Diagnosis, is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query

__all__ = ["may_come"]

_NO_TABLE = "42P01"
_WITH_TEXT = frozenset({"sql", "plpgsql"})
_OF_SESSION = re.compile(
    r"(?i)\b(?:execute|current_\w+|session_user|set_config|search_path|(?:pg_)?temp(?:orary|_\w+)?|dblink\w*|\w+_to_xml\w*)\b"
    r"|\breg\w+"
)
"""SQL that is built when it runs, and what it may be built from; names of temporary objects; texts taken for names
(regclass)."""
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"\"((?:[^\"]|\"\")+)\"")
_WITH_SCHEMA = re.compile(r"[\"«„“]([^\"«»„“”]+\.[^\"«»„“”]+)[\"»“”]")
"""In what language the server says it, lc_messages decides; the quotes differ."""


def may_come(link: Link, diagnosis: Diagnosis, bodies_of: Sequence[int]) -> bool:
    """Whether the application may have it; so, too, where nothing is known of the function.

    Args:
        link: a connection in a transaction.
        diagnosis: a missing table, column or function.
        bodies_of: the OIDs of the functions whose bodies the statement checks; of others the context tells.
    """
    bodies = _bodies(link, diagnosis.context, bodies_of)
    if not bodies or any(_OF_SESSION.search(text) for text in (diagnosis.context, *bodies)):
        return True
    if diagnosis.sqlstate != _NO_TABLE:
        return False
    named = _WITH_SCHEMA.search(diagnosis.message)
    return named is None or not any(_plain(named[1]) in _plain(body) for body in bodies)


def _bodies(link: Link, context: str, oids: Sequence[int]) -> list[str]:
    """The texts of the functions that the context names, and of these; none where one of them has no text in SQL."""
    quoted = (name.replace('""', '"') for name in _QUOTED.findall(context))
    names = sorted({*_WORD.findall(context), *quoted})
    if not names and not oids:
        return []
    try:
        with link.part_undone():
            rows = link.rows(query("called_texts", names=names, oids=list(oids)))
    except DriverError as error:
        if is_disconnect(error):
            raise
        return []
    if any(language not in _WITH_TEXT for language, _ in rows):
        return []
    return [str(body) for _, body in rows]


def _plain(text: str) -> str:
    """Without what SQL takes no notice of in names."""
    return re.sub(r"[\s\"]+", "", text).casefold()
