"""Chains drawn at random, and one thing that went wrong: no change of rows runs twice or never, and no row is lost.

`SCHEMA_GUARD_CHAINS=100-140` plays others.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.chain.play import Play
from tests.chain.stage import Stage

FEW = {"sqlite": (2, 4, 7), "postgresql": (3,)}
"""Main always passes; others are tried by hand."""


def seeds() -> list[tuple[str, int]]:
    begin, _, end = os.environ.get("SCHEMA_GUARD_CHAINS", "").partition("-")
    return [(system, seed) for system, few in FEW.items() for seed in (range(int(begin), int(end)) if end else few)]


@pytest.mark.parametrize(("system", "seed"), seeds())
def test_a_generated_chain(request: pytest.FixtureRequest, system: str, seed: int) -> None:
    stage = request.getfixturevalue("on_sqlite" if system == "sqlite" else "on_postgres")
    assert isinstance(stage, Stage)
    play = Play(stage, Random(seed))
    play.run()
    bodies = (f"{id_}:\n{body}" for id_, body in play.drawn.bodies.items())
    assert not play.violations, "\n".join([*play.violations, *play.log, *bodies])
