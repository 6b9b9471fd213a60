"""Faults as they are told: what a replay proved in place of guesses, nothing twice, and no fix that would fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.chain.fault import Fault

__all__ = ["settled"]


def settled(faults: Sequence[Fault], replayed: bool) -> list[Fault]:
    """Without guesses that a replay has proved or refuted, and without repetition; a fix that would fail is not given.

    Args:
        faults: as they were found.
        replayed: a replay on the database's own system went through and was compared with it.
    """
    if replayed:
        faults = [fault for fault in faults if not fault.guess]
    if any(fault.breaks_next_deploy for fault in faults):
        faults = [replace(fault, fix=None) if fault.code == "behind" else fault for fault in faults]
    proved = {fault.code for fault in faults if not fault.guess}
    broken = [fault for fault in faults if fault.code == "env-fails"]
    again = frozenset(map(id, broken[1:]))  # a replay meets it as well
    faults = [fault for fault in faults if id(fault) not in again]
    kept = [
        fault
        for fault in faults
        if not (fault.guess and fault.code in {"blind-stamp", "made-early", "replay-fails"} & proved)
    ]
    return list(dict.fromkeys(kept))
