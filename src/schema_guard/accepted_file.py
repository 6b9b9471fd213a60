"""The accepted differences in pyproject.toml: entries are added and taken out, all else stays as it was written."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from schema_guard.acceptance import Acceptance, acceptances_of, split_keys
from schema_guard.config import ACCEPT, TABLE
from schema_guard.errors import ConfigurationError
from schema_guard.toml_text import Kind, Span, Statement, items, statements

__all__ = ["add", "remove"]

PATH = (*TABLE.split("."), ACCEPT)
INDENT = "    "


def add(file: Path, entries: Sequence[Acceptance]) -> None:
    """Write entries into the file, which is made where there is none.

    Raises:
        ConfigurationError: it cannot be read or written, is no TOML, or holds the setting in a form that is not edited.
    """
    text = _read(file) if file.exists() else ""
    wanted = _data(text, file)
    table = _table(wanted)
    before = table.get(ACCEPT, [])
    if not isinstance(before, list):
        raise ConfigurationError(f"{file}: [{TABLE}] {ACCEPT} has to be a list, so that entries can be added")
    table[ACCEPT] = [*before, *(entry.as_item() for entry in entries)]
    _write(file, _added(text, entries), wanted)


def remove(file: Path, keys: Collection[str]) -> None:
    """Take the entries with these keys out of the file. Raises as `add` does."""
    text = _read(file)
    wanted = _data(text, file)
    table = _table(wanted)
    value = table.get(ACCEPT, [])
    table[ACCEPT] = [left for item in ([value] if isinstance(value, str) else value) if (left := _left(item, keys))]
    if isinstance(value, str):
        raise ConfigurationError(f"{file}: [{TABLE}] {ACCEPT} has to be a list, so that entries can be taken out")
    _write(file, _removed(text, keys), wanted)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not valid TOML: it is not UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None


def _data(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from None


def _table(data: dict[str, Any]) -> dict[str, Any]:
    for name in TABLE.split("."):
        data = data.setdefault(name, {})
    return data


def _normal(data: dict[str, Any]) -> dict[str, Any]:
    """The same for every form in which entries are written."""
    table = _table(data)
    table[ACCEPT] = acceptances_of(table.get(ACCEPT, []))
    return data


def _write(file: Path, text: str, wanted: dict[str, Any]) -> None:
    """Only a text that says what is wanted, and all at once: a reader finds the old file or the new one."""
    try:
        said = _normal(tomllib.loads(text)) == _normal(wanted)
    except (tomllib.TOMLDecodeError, AttributeError):
        said = False
    if not said:
        raise ConfigurationError(f"{file}: [{TABLE}] {ACCEPT} is written in a form that is not edited here: use a list")
    target = file.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(text.encode("utf-8"))
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else "an entry is not valid text"
        raise ConfigurationError(f"{file} cannot be written: {reason}") from None


def _pairs(entry: Acceptance) -> list[str]:
    return [f"{name} = {_literal(value)}" for name, value in entry.as_item().items()]


def _literal(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _inline(entry: Acceptance) -> str:
    """A key alone is written as a text."""
    pairs = _pairs(entry)
    return f"{{ {', '.join(pairs)} }}" if len(pairs) > 1 else _literal(entry.key)


def _added(text: str, entries: Sequence[Acceptance]) -> str:
    there, newline = statements(text), "\r\n" if "\r\n" in text else "\n"
    lines = [f"{INDENT}{_inline(entry)},{newline}" for entry in entries]
    for each in there:
        if each.kind is Kind.VALUE and each.path == PATH:
            return _in_list(text, each.value, lines, newline)
    blocks = [index for index, each in enumerate(there) if each.kind is Kind.ARRAY and each.path == PATH]
    if blocks:
        header = f"[[{'.'.join(PATH)}]]"
        written = (newline + newline.join([header, *_pairs(entry)]) + newline for entry in entries)
        return _inserted(text, _block_end(there, blocks[-1]), "".join(written), newline)
    setting = f"{ACCEPT} = [{newline}{''.join(lines)}]{newline}"
    own = [index for index, each in enumerate(there) if each.kind is Kind.TABLE and each.path == PATH[:-1]]
    if own:
        return _inserted(text, _block_end(there, own[0]), setting, newline)
    return _inserted(text, len(text), f"{newline if text.strip() else ''}[{TABLE}]{newline}{setting}", newline)


def _inserted(text: str, place: int, added: str, newline: str) -> str:
    """At the beginning of a line."""
    before = text[:place]
    gap = newline if before and not before.endswith("\n") else ""
    return f"{before}{gap}{added}{text[place:]}"


def _block_end(there: Sequence[Statement], index: int) -> int:
    """Where the last of a header's own values ends."""
    end = there[index].end
    for each in there[index + 1 :]:
        if each.kind is not Kind.VALUE:
            break
        end = each.end
    return end


def _in_list(text: str, array: Span, lines: Sequence[str], newline: str) -> str:
    last = max((item.end for item in items(text, array)), default=None)
    close = array.end - 1
    if last is not None and not _commas(text, last, close):
        text = f"{text[:last]},{text[last:]}"
        close += 1
    begin = text.rfind("\n", 0, close) + 1
    if text[begin:close].strip():  # the bracket stands behind an item
        return f"{text[:close].rstrip(' ')}{newline}{''.join(lines)}{text[close:]}"
    return f"{text[:begin]}{''.join(lines)}{text[begin:]}"


def _commas(text: str, start: int, end: int) -> list[int]:
    """The commas between items, not those of a comment."""
    found = []
    while start < end:
        if text[start] == "#":
            start = text.find("\n", start)
            continue
        found += [start] if text[start] == "," else []
        start += 1
    return found


def _left(item: object, keys: Collection[str]) -> object:
    """What stays of an entry; empty where nothing does."""
    if isinstance(item, str):
        left = [key for key in split_keys(item) if key not in keys]
        return item if len(left) == len(split_keys(item)) else ", ".join(left)
    key = item.get("key") if isinstance(item, dict) else None
    return "" if isinstance(key, str) and split_keys(key)[0] in keys else item


def _removed(text: str, keys: Collection[str]) -> str:
    there = statements(text)
    cuts: list[tuple[int, int, str]] = []
    for index, each in enumerate(there):
        if each.path == PATH and each.kind is Kind.VALUE:
            for item in items(text, each.value):
                value = tomllib.loads(f"item = {text[item.start : item.end]}")["item"]
                left = _left(value, keys)
                if not left:
                    cuts.append((*_with_line(text, item, each.value.end - 1), ""))
                elif left != value:
                    cuts.append((item.start, item.end, _literal(left)))
        elif each.path == PATH and each.kind is Kind.ARRAY:
            end = _block_end(there, index)
            own = there[index + 1].path if index + 1 < len(there) else ()
            block = tomllib.loads(text[each.start : end])
            if own[:-1] == PATH and not _left(_table(block)[ACCEPT][0], keys):
                cuts.append((each.start, end + len(text[end:]) - len(text[end:].lstrip("\r\n")), ""))
    for start, end, instead in reversed(cuts):
        text = f"{text[:start]}{instead}{text[end:]}"
    return text


def _with_line(text: str, item: Span, close: int) -> tuple[int, int]:
    """The item with its comma; with its whole line, and the comment there, where it stands alone on it."""
    commas = _commas(text, item.end, close)
    following = text[item.end : commas[0]].strip() if commas else "x"
    end = commas[0] + 1 if commas and not following else item.end
    begin = text.rfind("\n", 0, item.start) + 1
    line_end = text.find("\n", end)
    rest = text[end:line_end].strip() if line_end >= 0 else "x"
    if not text[begin : item.start].strip() and (not rest or rest.startswith("#")) and line_end < close:
        return begin, line_end + 1
    return item.start, end + len(text[end:]) - len(text[end:].lstrip(" "))
