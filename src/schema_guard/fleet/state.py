"""What is done, on disk: a JSON line for each database, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from schema_guard.errors import ConfigurationError
from schema_guard.fleet.order import Result
from schema_guard.fleet.urls import Entry

__all__ = ["State"]


BEGIN = b'{"key": '
"""How each line begins."""


class State:
    """Lines are appended; the last one of a database counts. A line that a kill has torn counts as none.

    Args:
        path: the file; it is made where there is none.
        work: tells this work from others: the command and what is expected. Lines of other work are left as they are.

    Raises:
        ConfigurationError: the file cannot be read or written, or holds something else.
    """

    def __init__(self, path: str | Path, work: str) -> None:
        self._path, self._work = Path(path), work
        self.done: dict[str, Result] = {}
        """By key: those that need nothing more."""
        if self._path.exists() and not self._path.is_file():
            raise ConfigurationError(f"the state {path} cannot be written: it is not a regular file")
        try:
            self._file: IO[bytes] = self._path.open("a+b")
            self._file.seek(0)
            text = self._file.read()
            if text.strip() and not any(line.startswith(BEGIN) for line in text.splitlines()):
                self._file.close()
                raise ConfigurationError(f"the state {path} is another file, and stays as it is: name one of its own")
            if text and not text.endswith(b"\n"):
                self._file.write(b"\n")
        except OSError as error:
            raise self._unwritable(error) from None
        for line in text.splitlines():
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            item = json.loads(line)
            if item["work"] != self._work:
                return
            self.done.pop(item["key"], None)
            if item["done"]:
                lists = {"differences": map(tuple, item["result"]["differences"]), "deeds": item["result"]["deeds"]}
                self.done[item["key"]] = Result(**item["result"] | {name: tuple(each) for name, each in lists.items()})
        except (ValueError, KeyError, TypeError):
            return

    def add(self, entry: Entry, result: Result, *, done: bool) -> None:
        """Write what became of it, and whether it needs nothing more; on disk before this returns."""
        item = {"key": entry.key, "work": self._work, "done": done, "result": asdict(result)}
        try:
            self._file.write(json.dumps(item).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"the state {self._path} cannot be written: {error.strerror}")

    def close(self) -> None:
        with suppress(OSError):  # it was told when it was written
            self._file.close()
