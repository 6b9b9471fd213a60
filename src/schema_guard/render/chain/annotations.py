"""What is said of a fault of the chain at the line of its revision."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.chain.diagnosis import Diagnosis
from schema_guard.chain.fault import Severity
from schema_guard.render.annotations import Annotation, Level, from_workspace
from schema_guard.render.line import shown

__all__ = ["of_diagnosis"]

_LEVELS = {Severity.BREAKS: Level.ERROR, Severity.RISK: Level.WARNING, Severity.NOTE: Level.NOTE}


def of_diagnosis(diagnosis: Diagnosis) -> Iterator[Annotation]:
    """The faults; one that breaks the next deploy is an error."""
    for fault in diagnosis.faults:
        lines = [*fault.details, *([f"fix: {fault.fix.text}"] if fault.fix is not None else [])]
        yield Annotation(
            _LEVELS[fault.severity],
            fault.code,
            fault.revision or fault.code,
            shown(fault.message),
            tuple(map(shown, lines)),
            from_workspace(fault.file),
            fault.line,
        )
