"""A scenario as it is written: one markdown file that is a test, a snapshot and a page of documentation.

    # Title
    Prose.

    Databases: postgresql, sqlite          or, for what an older server lacks, `postgresql >= 18`
    Codes: column-missing                  the differences that the page shows; written by the update
    Changes: conversions.user_id           columns whose old values a declared backfill may fill
    Role: guard_reader                     PostgreSQL: whom the guard connects as (a superuser unless told)

    ## Models            ```python: `models`, and where needed `backfills` and `policy`; or `guard`
    ## Database before   ```sql, or ```sql postgresql and ```sql sqlite; psql and sqlite3 could run them
    ## check says        ```text, compared to the letter
    ## plan says         ```text, compared to the letter
    ## Database after    ```text, what check says then; and facts: ```sql queries, each followed by its rows as comments

A block whose info string names no database is for all of them. What PostgreSQL before 18 says otherwise stands in a
block of its own, ```text postgresql < 18, and what those before 14 say otherwise in ```text postgresql < 14.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

__all__ = ["HERE", "TARGETS", "Block", "Document", "Query", "documents"]

HERE = Path(__file__).parent
DIALECTS = ("postgresql", "sqlite")
TARGETS = {
    "postgresql": None,
    "postgresql < 18": "postgresql",
    "postgresql < 14": "postgresql < 18",
    "sqlite": None,
}
"""Whose text a snapshot is; and whose it shares where it has none of its own."""
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FRONT = re.compile(r"^(?P<key>Databases|Codes|Changes|Role): (?P<value>.+)$", re.MULTILINE)
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)
_QUERY = re.compile(r"(?P<sql>[^;]+;)\n(?P<rows>(?:-- .*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the database it is for (None: all), its text and where it stands in the file."""

    language: str
    dialect: str | None
    text: str
    start: int
    end: int

    def concerns(self, dialect: str) -> bool:
        return self.dialect in (None, dialect)


@dataclass(frozen=True)
class Query:
    """A fact about the database afterwards: a SELECT and the rows it has to give, as text."""

    sql: str
    rows: str


@dataclass(frozen=True)
class Document:
    path: Path
    source: str
    front: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> Document:
        source = path.read_text(encoding="utf-8")
        head = source.split("\n## ", 1)[0]
        return Document(path, source, {found["key"]: found["value"].strip() for found in _FRONT.finditer(head)})

    @property
    def name(self) -> str:
        return str(self.path.relative_to(HERE).with_suffix(""))

    def runs_on(self, dialect: str, version: tuple[int, ...] = ()) -> bool:
        """Whether the front lines name that database, and no later version of it."""
        for item in self.front["Databases"].split(","):
            name, _, least = (part.strip() for part in item.partition(">="))
            if name not in DIALECTS:
                raise ValueError(f"{self.name}: unknown database {name!r}")
            if name == dialect:
                return not least or version >= tuple(int(part) for part in least.split("."))
        return False

    @property
    def title(self) -> str:
        return self.source.partition("\n")[0].removeprefix("# ")

    @property
    def codes(self) -> list[str]:
        """The codes of the differences that check finds, on whichever database."""
        return [part.strip() for part in self.front.get("Codes", "").split(",") if part.strip()]

    @property
    def changes(self) -> frozenset[str]:
        """Columns, as table.column, whose values a declared backfill may fill."""
        return frozenset(part.strip() for part in self.front.get("Changes", "").split(",") if part.strip())

    @cached_property
    def sections(self) -> dict[str, tuple[int, int]]:
        """Where the text of each section starts and ends."""
        headings = list(_HEADING.finditer(self.source))
        ends = [heading.start() for heading in headings[1:]] + [len(self.source)]
        return {heading["title"]: (heading.end() + 1, end) for heading, end in zip(headings, ends, strict=True)}

    def blocks(self, section: str, language: str) -> Iterator[Block]:
        start, end = self.sections.get(section, (0, 0))
        for fence in _FENCE.finditer(self.source, start, end):
            found, _, dialect = fence["info"].strip().partition(" ")
            if found == language:
                yield Block(language, dialect or None, fence["text"], fence.start(), fence.end())

    def text(self, section: str, language: str, dialect: str) -> str:
        """All blocks of the section for that database, one after the other."""
        return "".join(block.text for block in self.blocks(section, language) if block.concerns(dialect))

    def snapshot(self, section: str, target: str) -> str:
        """What is written there for one of TARGETS."""
        written = self.snapshots(section)
        text, place = written.get(target), TARGETS[target]
        while text is None and place is not None:
            text, place = written.get(place), TARGETS[place]
        return text if text is not None else written.get(None, "")

    def snapshots(self, section: str) -> dict[str | None, str]:
        """The text blocks as they are written, by target; None is every database."""
        return {block.dialect: block.text for block in self.blocks(section, "text")}

    def models(self, dialect: str) -> dict[str, Any]:
        """The namespace of the section Models. Classes that nobody holds are forgotten: keep it while it is guarded."""
        namespace: dict[str, Any] = {"__name__": "scenario_models"}
        code = compile(self.text("Models", "python", dialect), str(self.path), "exec", dont_inherit=True)
        exec(code, namespace)
        return namespace

    def queries(self, dialect: str) -> Iterator[Query]:
        for found in _QUERY.finditer(self.text("Database after", "sql", dialect)):
            yield Query(found["sql"].strip(), found["rows"])

    def with_snapshots(
        self, said: dict[str, dict[str, str]], facts: dict[str, dict[str, str]], codes: Collection[str]
    ) -> str:
        """The file with the snapshots put in anew.

        Args:
            codes: what check found on all databases together.
            said: the text for each section and database.
            facts: the rows, as comments, for each query of Database after and database.
        """
        source = self.source
        if missing := said.keys() - self.sections.keys():
            raise ValueError(f"{self.name}: write a heading, empty if need be: {', '.join(sorted(missing))}")
        for section in reversed(self.sections):
            if section in said:
                source = self._put(source, section, _fences(said[section], self._dialects()))
        for sql, rows in facts.items():
            if len(set(rows.values())) > 1:
                raise ValueError(f"{self.name}: give each database a query of its own, they differ: {sql} {rows}")
            pattern = re.compile(re.escape(sql) + r"\n(?:-- .*\n)*")
            text = f"{sql}\n{next(iter(rows.values()))}"
            source = pattern.sub(text.replace("\\", r"\\"), source)
        source = re.sub(r"^Codes: .*\n", "", source, count=1, flags=re.MULTILINE)
        line = f"Codes: {', '.join(sorted(codes))}\n" if codes else ""
        return re.sub(r"^Databases: .*\n", lambda found: found[0] + line, source, count=1, flags=re.MULTILINE)

    def _dialects(self) -> set[str]:
        return {dialect for dialect in DIALECTS if self.runs_on(dialect, (99,))}

    def _put(self, source: str, section: str, fences: str) -> str:
        """Replace the section's text blocks, which stand one after the other; without any, append them."""
        old = list(self.blocks(section, "text"))
        if old:
            return source[: old[0].start] + fences + source[old[-1].end :]
        start, end = self.sections[section]
        body = source[start:end].strip("\n")
        return source[:start] + "\n" + (f"{fences}\n\n{body}" if body else fences) + "\n\n" + source[end:].lstrip("\n")


def documents() -> list[Document]:
    """Every scenario, in the order of their files."""
    return [Document.read(path) for path in sorted(HERE.rglob("*.md")) if path.name != "README.md"]


def _fences(texts: dict[str, str], dialects: set[str]) -> str:
    """One block where all databases say the same, else one for each; an older version's only where it differs."""
    texts = {target: text for target, text in texts.items() if target in dialects or text != _shared(texts, target)}
    if len(set(texts.values())) == 1 and set(texts) == dialects:
        return f"```text\n{next(iter(texts.values()))}```"
    return "\n\n".join(f"```text {dialect}\n{text}```" for dialect, text in sorted(texts.items()))


def _shared(texts: dict[str, str], target: str) -> str | None:
    """The text of the next newer version that has one."""
    place = TARGETS[target]
    while place is not None and place not in texts:
        place = TARGETS[place]
    return None if place is None else texts[place]
