"""Which revision's file names a revision that no file has: a squashed chain says in words or lists what it replaces."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

from schema_guard.chain.history import Chain
from schema_guard.declared import from_here

__all__ = ["mentioned"]

_TEXT = (tokenize.STRING, tokenize.COMMENT)
_DATE = re.compile(r"^\s*Create Date:.*", re.MULTILINE)


def mentioned(chain: Chain, ids: Sequence[str]) -> str:
    """Where one of them is named in a comment, a docstring or another text, one clause; empty where none is."""
    for revision in chain.files:
        for line, text in _texts(revision.file):
            for id_ in ids:
                if re.search(rf"(?<!\w){re.escape(id_)}(?!\w)", text):
                    return f"{revision.id} names {id_} ({from_here(revision.file)}:{line}) and may replace it"
    return ""


def _texts(file: str) -> Iterator[tuple[int, str]]:
    """The lines of each comment and text in a file, with their numbers; nothing where it cannot be read."""
    try:
        source = Path(file).read_text(encoding="utf-8")
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (OSError, ValueError, SyntaxError, tokenize.TokenError):
        return
    for token in tokens:
        if token.type in _TEXT:
            text = _DATE.sub("", token.string)
            yield from enumerate(text.split("\n"), token.start[0])
