"""The command lines that fixes name, as a person would type them here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Commands"]

_OF_THE_CHAIN = frozenset({"doctor", "stamp", "deploy", "revision"})
"""Those that take --config and --name."""


@dataclass(frozen=True, slots=True)
class Commands:
    """`program` is what stands before the command's name, `target` what follows it, `chain` names the configuration."""

    program: tuple[str, ...] = ("schema-guard",)
    target: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()

    def __call__(self, name: str, *more: str) -> str:
        """The command line for a shell."""
        options = self.chain if name in _OF_THE_CHAIN else ()
        return shlex.join((*self.program, name, *self.target, *options, *more))

    def lost(self, revisions: Sequence[str]) -> str:
        """The deploy for when a person declares these revisions' files lost."""
        return self("deploy", "--repair-chain", *(part for row in revisions for part in ("--lost", row)))

    @property
    def repair(self) -> str:
        """The deploy that stamps what it proves."""
        return self("deploy", "--repair-chain")
