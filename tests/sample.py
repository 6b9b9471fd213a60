"""Which tests `make test` takes: each one, but not with everything that it can be tried with.

- A test that can run on each PostgreSQL version runs on one of them. Its name decides which.
- Of a test that has several cases, an eighth of them runs; of many cases one in 24; with the mark `one_in(n)` one in
  n. At least one.

The choice depends on names alone, so each run, and each worker of a run, makes the same one. `make test-all` takes
everything.
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

__all__ = ["sampled"]

USUAL, OF_MANY = 8, 24
"""One in so many of a test's cases."""
MANY = 8
"""From so many cases on it is one in OF_MANY."""


def sampled(items: Sequence[pytest.Item], versions: Sequence[str]) -> list[pytest.Item]:
    """The items that are taken, in their order. `versions` are those of PostgreSQL that the run has."""
    of_one_version = set(_of_one_version(items, versions))
    families = defaultdict(list)
    for item in items:
        if item in of_one_version:
            mark = item.get_closest_marker("one_in")
            families[item.nodeid.partition("[")[0], 0 if mark is None else mark.args[0]].append(item)
    left_out: set[pytest.Item] = set()
    for (_, told), family in families.items():
        share = told or (USUAL if len(family) < MANY else OF_MANY)
        left_out.update(sorted(family, key=lambda item: _number(item.nodeid))[math.ceil(len(family) / share) :])
    return [item for item in items if item in of_one_version and item not in left_out]


def _of_one_version(items: Sequence[pytest.Item], versions: Sequence[str]) -> Iterator[pytest.Item]:
    variants = defaultdict(list)
    for item in items:
        name = item.nodeid
        for version in versions:
            name = name.replace(version, "")
        variants[name].append(item)
    for name, family in variants.items():
        yield family[_number(name) % len(family)]


def _number(name: str) -> int:
    return zlib.crc32(name.encode())
