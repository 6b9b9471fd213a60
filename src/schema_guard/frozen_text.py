"""How a frozen file is laid out, and how a part of it is read without the rest.

A file of a thousand tables holds nine megabytes, of which a check needs one system's half, table by table. Since each
value that is too long for a line begins and ends on lines of its own, at a depth that tells its level, its parts are
found by their indentation alone: no string of JSON holds a line break.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from hashlib import sha256
from os import SEEK_END
from typing import Any, BinaryIO, NamedTuple

__all__ = [
    "DIGESTS",
    "FORMAT",
    "MARK",
    "TEXT_KNOWN",
    "Span",
    "digest",
    "document",
    "frame",
    "is_whole",
    "items",
    "laid_out",
    "members",
    "with_hash",
]

FORMAT = 1
"""Of the document; a reader refuses every other one."""
MARK = "schema_guard_expectations"
"""The key that holds the format: what makes a JSON file one of these."""
DIGESTS = "digests"
"""The key of what tells tables of PostgreSQL that are exactly as expected."""
TEXT_KNOWN = "text known by sqlite"
"""The key of what tells a database of SQLite that is; after `hash`, as `frame` needs it."""
WIDTH = 180
"""Characters of a line that holds more than one value."""
STEP = 2
"""Blanks for each level."""

CHUNK = 1 << 18
"""Bytes of a large file that are read at once."""

_EXPECTED_KEY = b'\n  "expected": '
_HASH_KEY = b'\n  "hash": '
_HASH = re.compile(rb'\n  "hash": "(sha256:[0-9a-f]{64})",(?=\n)')
_MEMBER = re.compile(rb'"((?:[^"\\]|\\.)*)": ')


def laid_out(value: Any, indent: str = "") -> str:
    """JSON with sorted keys; what fits stays on one line, so that a column is one line of a diff.

    The document itself never does: whatever it holds, the hash has a line of its own.
    """
    if not isinstance(value, dict | list) or not value:
        return _written(value)
    inner = indent + " " * STEP
    if isinstance(value, dict):
        parts = [f"{_written(key)}: {laid_out(value[key], inner)}" for key in sorted(value)]
    else:
        parts = [laid_out(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    length = len(indent) + sum(map(len, parts)) + 2 * len(parts)
    if indent and length <= WIDTH and not any("\n" in each for each in parts):
        return f"{opening}{', '.join(parts)}{closing}"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def with_hash(text: str) -> str:
    """The text of a document without a hash, with the line of it in its place."""
    at = text.index('\n  "heads": ')  # the next one by name
    told = digest(text.encode("utf-8", "surrogatepass"))
    return f'{text[:at]}\n  "hash": "{told}",{text[at:]}'


class Span(NamedTuple):
    """A part of a text, without a copy of it: what a large file takes up counts."""

    text: bytes
    start: int
    end: int

    @property
    def bytes(self) -> bytes:
        return self.text[self.start : self.end]

    def value(self) -> Any:
        """What it says. Raises ValueError: it is no JSON."""
        return json.loads(self.bytes)


def digest(text: bytes) -> str:
    """What a document's `hash` says, where the text has no line of it."""
    return f"sha256:{sha256(text).hexdigest()}"


def is_whole(text: bytes) -> bool:
    """Whether the hash in the text is that of all its other lines."""
    found = _HASH.match(text, max(text.rfind(_HASH_KEY), 0))
    if found is None:
        return False
    view = memoryview(text)
    told = sha256(view[: found.start()])
    told.update(view[found.end() :])
    return f"sha256:{told.hexdigest()}" == found[1].decode()


def document(text: bytes) -> dict[str, Span]:
    """The members of a whole document, as freeze writes it."""
    return members(Span(text, 0, len(text.rstrip(b"\n"))), 1) or {}


def frame(file: BinaryIO) -> dict[str, Span] | None:
    """The same of a file, without `expected`, which is nearly all of it: that is passed by, and never held as a whole.

    None where the hash does not fit, or where it is no such file at all. Raises OSError.
    """
    place, rest = _last(file, _HASH_KEY)
    found = _HASH.match(rest)
    if found is None:
        return None
    told, first, is_passed = sha256(), bytearray(), False
    file.seek(0)
    while place > 0 and (part := file.read(min(CHUNK, place))):
        place -= len(part)
        told.update(part)
        if is_passed:
            continue
        seen = max(len(first) - len(_EXPECTED_KEY), 0)
        first += part
        at = first.find(_EXPECTED_KEY, seen)
        if at >= 0:
            del first[at:]
            is_passed = True
    told.update(rest[found.end() :])
    return document(bytes(first) + rest) if f"sha256:{told.hexdigest()}" == found[1].decode() else None


def _last(file: BinaryIO, mark: bytes) -> tuple[int, bytes]:
    """Where the mark stands for the last time, and all from there on; the whole file where it is nowhere."""
    length, size = CHUNK, file.seek(0, SEEK_END)
    while True:
        start = max(size - length, 0)
        file.seek(start)
        text = file.read()
        at = text.rfind(mark)
        if at >= 0 or start == 0:
            return start + max(at, 0), text[max(at, 0) :]
        length *= 4


def members(span: Span, level: int) -> dict[str, Span] | None:
    """The members of an object by name; None where it stands on one line.

    Args:
        span: the object, from its brace to its brace.
        level: of its members: 1 in the document itself.
    """
    parts = _parts(span, level, b"{")
    if parts is None:
        return None
    found: dict[str, Span] = {}
    for part in parts:
        key = _MEMBER.match(part.text, part.start, part.end)
        if key is None:
            raise ValueError(f"{part.bytes[:40].decode(errors='replace')!r} is not a member of an object")
        found[str(json.loads(b'"' + key[1] + b'"'))] = part._replace(start=key.end())
    return found


def items(span: Span, level: int, without: Collection[str] = ()) -> Iterator[Any]:
    """The objects of a list, one after the other; as `members` takes it.

    Args:
        without: `name` of those that are left out, as far as that can be told without reading them.
    """
    parts = _parts(span, level, b"[")
    if parts is None:
        return iter(span.value())
    return (part.value() for part in parts if not without or _name_of(part, level) not in without)


def _name_of(part: Span, level: int) -> str | None:
    """The member `name` of an object of the list, where it has a line of its own."""
    mark = b"\n" + b" " * (STEP * (level + 1)) + b'"name": "'
    start = part.text.find(mark, part.start, part.end)
    end = part.text.find(b"\n", start + 1, part.end)
    if not 0 <= start < end:
        return None
    written = part.text[start + len(mark) - 1 : end].rstrip(b",")
    return str(json.loads(written)) if written.endswith(b'"') else None


def _parts(span: Span, level: int, bracket: bytes) -> Iterator[Span] | None:
    """What stands between the brackets, in pieces; None where all is on one line."""
    indent = b"\n" + b" " * (STEP * level)
    if not span.text.startswith(bracket + indent, span.start):
        return None
    start, end = span.start + len(bracket + indent), span.end - len(indent) + STEP - 1
    # deeper lines have these blanks, too, and more; all pieces begin with the same sign: members with ", tables with {
    return _pieces(Span(span.text, start, end), b"," + indent + span.text[start : start + 1])


def _pieces(span: Span, separator: bytes) -> Iterator[Span]:
    text, start, end = span
    while (stop := text.find(separator, start, end)) >= 0:
        yield Span(text, start, stop)
        start = stop + len(separator) - 1
    yield Span(text, start, end)
