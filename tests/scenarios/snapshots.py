"""Comparing what is said with what is written in a scenario, or writing it there anew."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.scenarios.document import TARGETS, Document, Query

__all__ = ["Book", "Snapshots"]


@dataclass
class Book:
    """The new snapshots of a whole run, written into the files at its end."""

    documents: dict[str, Document] = field(default_factory=dict)
    said: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    facts: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    codes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    known: set[tuple[str, str, str]] = field(default_factory=set)

    def record(self, document: Document, section: str, dialect: str, text: str) -> None:
        """The first one counts: the newest version of a server runs first."""
        self.documents[document.name] = document
        if (document.name, section, dialect) not in self.known:
            self.known.add((document.name, section, dialect))
            self.said[document.name].setdefault(section, _written(document, section))[dialect] = text

    def state(self, document: Document, sql: str, dialect: str, rows: str) -> None:
        self.documents[document.name] = document
        self.facts[document.name].setdefault(sql, {}).setdefault(dialect, rows)

    def write(self) -> None:
        for name, document in self.documents.items():
            text = document.with_snapshots(self.said[name], self.facts[name], self.codes[name] | self._left(document))
            document.path.write_text(text, encoding="utf-8")

    def _left(self, document: Document) -> set[str]:
        """The codes that the page has named so far, while not every one of its databases has run."""
        ran = {target.partition(" ")[0] for name, _, target in self.known if name == document.name}
        wanted = {target for target in TARGETS if document.runs_on(target, (99,))} if ran else set()
        return set(document.codes) if wanted - ran else set()


def _written(document: Document, section: str) -> dict[str, str]:
    """What the others said, for a run of only one of them: of versions, those that have a text of their own."""
    own = document.snapshots(section)
    wanted = [target for target in TARGETS if document.runs_on(target.split()[0], (99,))]
    texts = {target: document.snapshot(section, target) for target in wanted if target in own or " " not in target}
    return {target: text for target, text in texts.items() if text}


@dataclass(frozen=True)
class Snapshots:
    """One scenario's snapshots on one database; with a book they are recorded, not compared."""

    document: Document
    target: str
    book: Book | None

    def says(self, section: str, text: str) -> None:
        """The section's text block for this database is this text, to the letter."""
        if self.book is not None:
            self.book.record(self.document, section, self.target, text)
        else:
            assert text == self.document.snapshot(section, self.target), f"{section} differs ({self.document.path})"

    def shows(self, codes: set[str]) -> None:
        """The page names these differences; it may name others, which another database shows."""
        if self.book is not None:
            self.book.codes[self.document.name] |= codes
        else:
            assert codes <= set(self.document.codes)

    def holds(self, query: Query, rows: str) -> None:
        """The query gives these rows."""
        if self.book is not None:
            self.book.state(self.document, query.sql, self.target, rows)
        else:
            assert rows == query.rows, query.sql
