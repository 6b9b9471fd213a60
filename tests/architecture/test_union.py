"""The union of differences is closed: each is documented, rendered and repaired or refused somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from schema_guard.difference import Difference
from tests.architecture.docs import documented_codes
from tests.architecture.imports import SOURCE
from tests.scenarios.document import documents

CLASSES = get_args(Difference)
SHOWN = {code for document in documents() for code in document.codes}
ELSEWHERE = {
    "not-readable": "environment/test_locked_tables.py",
    "view-differs": "both/test_defined_views.py",
    "setting-unfit": "postgresql/read/test_unfit_settings.py",
}
"""What no page can show, since another session has to be there, or SQLAlchemy 2.1: the file of its tests."""


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in CLASSES]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.code for kind in CLASSES])
def test_every_code_is_documented(kind: type[Difference]) -> None:
    assert kind.code in documented_codes()


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@pytest.mark.parametrize("kind", CLASSES, ids=[kind.code for kind in CLASSES])
def test_every_dialect_knows_every_kind(dialect: str, kind: type[Difference]) -> None:
    """The type checker proves that a match over the union is complete; this, that there is one in each dialect."""
    sources = (path.read_text(encoding="utf-8") for path in SOURCE.glob(f"dialects/{dialect}/repair/*.py"))
    assert any(kind.__name__ in source for source in sources)


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.code for kind in CLASSES])
def test_every_code_has_a_scenario(kind: type[Difference]) -> None:
    """Some scenario's page names the code under `Codes:`, or a test of its own does."""
    if kind.code in ELSEWHERE:
        assert kind.code in (Path(__file__).parents[1] / ELSEWHERE[kind.code]).read_text(encoding="utf-8")
    else:
        assert kind.code in SHOWN
