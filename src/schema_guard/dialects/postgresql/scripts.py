"""Statements that are sent in one message, as psql -c sends its: of small ones the round trips take longer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["scripts"]

MOST = 100
"""Statements of one message; an answer to all is waited for as long as to one that takes long."""

_CLOSED = re.compile(r"""(?:[^'"$\\/-]|'[^'\\]*'|"[^"]*"|[-/](?![-*]))*+""")
"""No quote or comment that was opened goes on in what follows; what may hold one in another way does not match."""


def scripts(statements: Iterable[str]) -> Iterator[str]:
    """The same statements in the same order, in as few texts as possible.

    One whose end is not plain has a text of its own: a quote that is not closed must be an error of that statement, and
    not swallow the next one.
    """
    some: list[str] = []
    for statement in statements:
        if _CLOSED.fullmatch(statement) is None:
            yield from _joined(some)
            yield statement
            some = []
            continue
        some.append(statement)
        if len(some) == MOST:
            yield from _joined(some)
            some = []
    yield from _joined(some)


def _joined(statements: list[str]) -> Iterator[str]:
    if statements:
        yield ";\n".join(statements)
