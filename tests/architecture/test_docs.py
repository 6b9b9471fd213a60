"""The documentation says what the code does."""

from __future__ import annotations

from tests.architecture.docs import problems


def test_documentation_is_up_to_date() -> None:
    assert list(problems()) == []
