"""The scenarios' own fixtures."""

from __future__ import annotations

from tests.scenarios.conftest import guard, pytest_generate_tests, stage

__all__ = ["guard", "pytest_generate_tests", "stage"]
