"""Annotations of GitHub Actions: a line for each finding (GitHub Docs: workflow commands for GitHub Actions)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.chain.diagnosis import Diagnosis
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.errors import GuardError
    from schema_guard.render.annotations import Annotation
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.annotations import of_check

    return _text(of_check(report, shown.keys))


def plan(report: Report, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.annotations import of_plan

    return _text(of_plan(report))


def doctor(diagnosis: Diagnosis, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.chain.annotations import of_diagnosis

    return _text(of_diagnosis(diagnosis))


def compat(found: Compatibility, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.compat import advice

    lines = [_command("error", found.release, reason) for reason in found.collisions]
    for broken in found.breaks:
        text = "\n".join((f"{broken.what}: {broken.effect}", *advice(broken, found.release)))
        lines.append(_command("error", broken.object, text))
    lines += [_command("warning", doubt.object, f"{doubt.what}: {doubt.effect}") for doubt in found.doubts]
    return "".join(lines)


def error(error: GuardError, shown: Shown) -> str:
    return _command("error", f"schema-guard {shown.command}".strip(), error.message)


def _text(annotations: Iterable[Annotation]) -> str:
    """What a person accepts is not shown on each pull request again."""
    return "".join(
        _command(
            _COMMANDS[each.level.value],
            f"{each.object}: {each.headline}",
            "\n".join(each.lines) or each.headline,
            each.file,
            each.line,
        )
        for each in annotations
        if not each.accepted
    )


def _command(level: str, title: str, message: str, file: str = "", line: int = 0) -> str:
    found = {"file": file, "line": str(line or ""), "title": title}
    properties = ",".join(f"{name}={_escaped(value, of_property=True)}" for name, value in found.items() if value)
    return f"::{level} {properties}::{_escaped(message)}\n"


def _escaped(text: str, *, of_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text
