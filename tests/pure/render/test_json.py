"""Every JSON document is valid against the published schema, in plain ASCII."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schema_guard.errors import UnreachableError
from schema_guard.plan import Plan
from schema_guard.render.json import VERSION, apply_json, check_json, error_json, plan_json
from schema_guard.report import Attempt, Finding, Outcome, StepResult
from tests.pure.render import nouns

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / f"schema-guard-{VERSION}.json"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def apply_document() -> str:
    failed = StepResult(nouns.add_column(), Outcome.FAILED, (Attempt(0.1, "boom", ("pid 1",)),), message="boom")
    return apply_json(nouns.report(Finding(nouns.MISSING), results=(failed, nouns.done(nouns.fill_owner()))), 5)


DOCUMENTS = [
    check_json(nouns.drifted(), 1),
    check_json(nouns.report(of=Plan()), 0),
    plan_json(nouns.drifted(), nouns.plan(), 0),
    apply_document(),
    error_json("check", UnreachableError("no answer from\nthe server")),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_document_is_valid_and_ascii(validator: Draft202012Validator, document: str) -> None:
    validator.validate(json.loads(document))
    assert document.isascii()
    assert document.endswith("}\n")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_schema_describes_every_field(validator: Draft202012Validator, document: str) -> None:
    """Nothing is written that the schema doesn't name."""
    schema = json.loads(SCHEMA.read_text())
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
    for name in ("error",):
        schema["$defs"][name]["properties"]["error"]["additionalProperties"] = False
    Draft202012Validator(schema).validate(json.loads(document))


def test_refusals_and_evidence_come_with_their_difference() -> None:
    document = json.loads(check_json(nouns.drifted(), 1))
    (check,) = [one for one in document["differences"] if one["code"] == "check-missing"]
    assert check["evidence"]["count"] == 3
    assert check["refusal"]["advice"] == ["SELECT id FROM proposals WHERE NOT (..)"]
    assert document["counts"] == {"breaks": 2, "weakens": 2, "notes": 1}
    assert document["worst"] == "breaks"
