"""No file needs itself by way of others: each is read, and changed, before those that import it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from tests.architecture.imports import SOURCE, imports

FACADE = "guard"
"""It hands out groups, tenants and their kind, which hold a Guard and name its type."""


def test_no_imports_go_in_a_circle() -> None:
    """Also those for the type checker, but for the type that everything around the pipeline holds."""
    needs: dict[str, set[str]] = {}
    for found in imports():
        package, _, inner = found.imported.partition(".")
        if package == SOURCE.name and inner != found.importer and not (found.for_types and inner == FACADE):
            needs.setdefault(found.importer, set()).add(inner)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None
