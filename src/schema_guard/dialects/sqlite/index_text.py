"""The grammar of CREATE INDEX: what an index says beyond its columns stands only in the stored text."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.dialects.sqlite.reader import Reader, UnreadableTextError, qualified

__all__ = ["Element", "IndexText", "parse_index"]


@dataclass(frozen=True, slots=True)
class Element:
    """A key of an index as it is written, without COLLATE and ASC or DESC."""

    text: str


@dataclass(frozen=True, slots=True)
class IndexText:
    text: str
    name: str
    name_start: int
    name_end: int
    elements: tuple[Element, ...]
    where: str | None


def parse_index(text: str) -> IndexText:
    """Read a stored CREATE INDEX statement. Raises UnreadableTextError."""
    reader = Reader(text)
    reader.need("CREATE")
    reader.take("UNIQUE")
    reader.need("INDEX")
    reader.take("IF", "NOT", "EXISTS")
    name_start = reader.start
    name = qualified(reader)
    name_end = reader.end
    reader.need("ON")
    reader.name()
    reader.need_symbol("(")
    elements = []
    while True:
        elements.append(Element(_element(reader)))
        if reader.next().text == ")":
            break
    where = None
    if reader.take("WHERE"):
        start = reader.start
        end = reader.tokens[-1].start if reader.tokens[-1].text == ";" else reader.tokens[-1].end
        where = text[start:end].strip()
    return IndexText(text, name, name_start, name_end, tuple(elements), where)


def _element(reader: Reader) -> str:
    """One key's expression; stops before the comma or parenthesis that ends it."""
    start, taken = reader.start, reader.at
    while not (reader.symbol(",") or reader.symbol(")")):
        if reader.symbol("("):
            reader.group()
        else:
            reader.next()
    last = reader.at
    if last - taken > 1 and reader.tokens[last - 1].word() in ("ASC", "DESC"):
        last -= 1
    if last - taken > 2 and reader.tokens[last - 2].word() == "COLLATE":
        last -= 2
    if last == taken:
        raise UnreadableTextError(f"an empty key at {start}")
    return reader.text[start : reader.tokens[last - 1].end]
