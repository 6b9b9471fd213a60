"""The command lines that fixes name, as a person would type them here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from schema_guard.hidden import without_password

__all__ = ["Commands"]

_CHAIN = frozenset({"doctor", "stamp", "deploy", "revision"})
_AT_HAND = _CHAIN | {"check", "plan", "apply", "run"}
_TAKEN_BY = {
    "--ddl-url": frozenset({"apply", "run", "stamp", "deploy"}),
    "--lost": frozenset({"apply", "run", "stamp", "deploy"}),
    "--accept": frozenset({"check", "plan", "apply", "run", "deploy"}),
    "--config": _AT_HAND,
    "--name": _AT_HAND,
    "-x": _CHAIN - {"revision"},
    "--scratch-url": _CHAIN - {"revision"},
}
"""Which commands know an option; all of them know the others."""


@dataclass(frozen=True, slots=True)
class Commands:
    """`program` is what stands before the command's name, `target` what follows it; `options` are those that were typed
    and that chose the database, the chain and what counts, each with its value."""

    program: tuple[str, ...] = ("schema-guard",)
    target: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def __call__(self, name: str, *more: str) -> str:
        """The command line for a shell, with *** in place of a password."""
        taken = (pair for pair in self.options if name in _TAKEN_BY.get(pair[0], {name}))
        words = (*self.program, name, *self.target, *(word for pair in taken for word in pair), *more)
        return shlex.join(without_password(word) for word in words)

    def lost(self, revisions: Sequence[str]) -> str:
        """The deploy for when a person declares these revisions' files lost."""
        return self("deploy", "--repair-chain", *(part for row in revisions for part in ("--lost", row)))

    @property
    def repair(self) -> str:
        """The deploy that stamps what it proves."""
        return self("deploy", "--repair-chain")
