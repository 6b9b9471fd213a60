"""What a step did, in a few words: `added column users.name`; or would do: `add column users.name`."""

from __future__ import annotations

from schema_guard.difference import ViewMissing
from schema_guard.need import Kind
from schema_guard.plan import Phase, Step

__all__ = ["deed", "intent"]

_DEEDS = {
    Phase.SCHEMA: "created schema",
    Phase.TYPE: "created type",
    Phase.ENUM_VALUE: "added enum value",
    Phase.SEQUENCE: "created sequence",
    Phase.TABLE: "created table",
    Phase.COLUMN: "added column",
    Phase.LOOSEN: "dropped NOT NULL of",
    Phase.DEFAULT: "set default of",
    Phase.WIDEN: "changed type of",
    Phase.REBUILD: "rebuilt table",
    Phase.BACKFILL: "filled",
    Phase.NOT_NULL: "set NOT NULL of",
    Phase.PRIMARY_KEY: "added primary key of",
    Phase.UNIQUE: "added",
    Phase.CHECK: "added",
    Phase.FOREIGN_KEY: "added",
    Phase.VALIDATE: "validated",
    Phase.INDEX: "built index",
    Phase.COMMENT: "set comment of",
}

_BEGUN = {
    Phase.CHECK: "added",
    Phase.FOREIGN_KEY: "added",
    Phase.NOT_NULL: "prepared NOT NULL of",
}
"""For new rows only, by NOT VALID: a later step validates it."""

_REBUILDS = frozenset({Phase.REBUILD, Phase.NOT_NULL, Phase.FOREIGN_KEY})
"""SQLite: the phases of a rebuild, by what its table waits for."""

_INTENTS = {
    "created": "create",
    "added": "add",
    "dropped": "drop",
    "set": "set",
    "changed": "change",
    "rebuilt": "rebuild",
    "filled": "fill",
    "validated": "validate",
    "built": "build",
    "prepared": "prepare",
    "copied": "copy",
}


def intent(step: Step) -> str:
    """For a step that is planned."""
    verb, space, rest = deed(step).partition(" ")
    return f"{_INTENTS.get(verb, verb)}{space}{rest}"


def deed(step: Step) -> str:
    """For a step that is done. One that only prepares another says its statement, or what it is for."""
    if step.backup is not None:
        return f"copied the file of database {step.object}"
    if step.rewrites and step.phase in _REBUILDS:
        return f"{_DEEDS[Phase.REBUILD]} {step.object}: {step.why}"
    if step.phase is Phase.SEQUENCE and not any(need.kind is Kind.SEQUENCE for need in step.provides):
        return f"set the sequence of {step.object}"
    if any(isinstance(answered, ViewMissing) for answered in step.answers):
        return f"created view {step.object}"
    if step.phase is Phase.UNIQUE and any(need.kind is Kind.INDEX for need in step.provides):
        return f"built the unique index of {step.object}"
    if step.resolves:
        return f"{_DEEDS[step.phase]} {step.object}"
    if step.phase in _BEGUN and step.statements[-1].endswith(" NOT VALID"):
        return f"{_BEGUN[step.phase]} {step.object}, still to be validated"
    if len(step.statements) == 1 and "\n" not in step.statements[0].strip():
        return step.statements[0].strip()
    return f"prepared {step.object}"
