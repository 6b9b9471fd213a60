"""SARIF 2.1.0, which code scanning services read (OASIS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.render.formats import Shown

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def compat(found: Compatibility, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.compat import advice
    from schema_guard.render.json import text_of

    results = [_result("chains-collide", "error", found.release, reason) for reason in found.collisions]
    for broken in found.breaks:
        text = "\n".join((f"{broken.object}: {broken.what}: {broken.effect}", *advice(broken, found.release)))
        results.append(_result(broken.code, "error", broken.object, text))
    for doubt in found.doubts:
        results.append(_result(doubt.code, "warning", doubt.object, f"{doubt.object}: {doubt.what}: {doubt.effect}"))
    rules = [{"id": code} for code in sorted({result["ruleId"] for result in results})]
    run: dict[str, Any] = {"tool": {"driver": {"name": "schema-guard", "rules": rules}}, "results": results}
    return text_of({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(rule: str, level: str, name: str, message: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name}]}],
    }
