"""SARIF 2.1.0, which code scanning services read (OASIS)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schema_guard.chain.diagnosis import Diagnosis
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.errors import GuardError
    from schema_guard.render.annotations import Annotation
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.annotations import of_check

    return _of_annotations(of_check(report, shown.keys))


def plan(report: Report, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.annotations import of_plan

    return _of_annotations(of_plan(report))


def doctor(diagnosis: Diagnosis, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.chain.annotations import of_diagnosis

    return _of_annotations(of_diagnosis(diagnosis))


def compat(found: Compatibility, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.compat import advice

    results = [_result("chains-collide", "error", found.release, reason) for reason in found.collisions]
    for broken in found.breaks:
        text = "\n".join((f"{broken.object}: {broken.what}: {broken.effect}", *advice(broken, found.release)))
        results.append(_result(broken.code, "error", broken.object, text))
    for doubt in found.doubts:
        results.append(_result(doubt.code, "warning", doubt.object, f"{doubt.object}: {doubt.what}: {doubt.effect}"))
    return _text(results)


def error(error: GuardError, shown: Shown) -> str:
    message = {"level": "error", "message": {"text": f"{shown.command}: {error.message}".removeprefix(": ")}}
    failed = {
        "executionSuccessful": False,
        "exitCode": error.exit_code,
        "toolExecutionNotifications": [{**message, "descriptor": {"id": error.code}}],
    }
    return _text([], invocations=[failed])


def _of_annotations(annotations: Iterable[Annotation]) -> str:
    return _text([_of_annotation(each) for each in annotations])


def _of_annotation(annotation: Annotation) -> dict[str, Any]:
    text = "\n".join((f"{annotation.object}: {annotation.headline}", *annotation.lines))
    result = _result(annotation.code, annotation.level.value, annotation.object, text)
    if annotation.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(annotation.file)}}
        if annotation.line:
            place["region"] = {"startLine": annotation.line}
        result["locations"][0]["physicalLocation"] = place
    if annotation.key:  # by which a service knows it again
        result["partialFingerprints"] = {"schemaGuardKey/v1": annotation.key}
    if annotation.accepted:
        result["suppressions"] = [{"kind": "external", "justification": annotation.accepted}]
    return result


def _uri(file: str) -> str:
    from urllib.parse import quote

    return f"file://{quote(file)}" if file.startswith("/") else quote(file)


def _text(results: list[dict[str, Any]], **more: object) -> str:
    from schema_guard.render.json import text_of

    rules = [{"id": code} for code in sorted({result["ruleId"] for result in results})]
    run: dict[str, Any] = {"tool": {"driver": {"name": "schema-guard", "rules": rules}}, "results": results, **more}
    return text_of({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(rule: str, level: str, name: str, message: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name}]}],
    }
