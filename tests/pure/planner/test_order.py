"""The order of the steps. No database."""

from __future__ import annotations

from schema_guard.names import Name
from schema_guard.need import Need
from schema_guard.plan import Phase, Step, Survey, Urgency
from schema_guard.planner import make_plan

KEY = Need.key(Name(None, "p"), ("a",))


def step(name: str, phase: Phase, urgency: Urgency = Urgency.DEBT, **needs: frozenset[Need]) -> Step:
    return Step(
        id=name,
        statements=(name,),
        probe="SELECT 1",
        phase=phase,
        urgency=urgency,
        locks=(),
        why="",
        resolves=(),
        object=name,
        provides=needs.get("provides", frozenset()),
        requires=needs.get("requires", frozenset()),
    )


def order(*steps: Step) -> list[str]:
    return [found.id for found in make_plan(steps, (), Survey()).steps]


def test_what_is_required_comes_first_then_by_phase() -> None:
    steps = (step("index", Phase.INDEX), step("column", Phase.COLUMN), step("key", Phase.UNIQUE, Urgency.REQUIRED))
    assert order(*steps) == ["key", "column", "index"]


def test_a_step_comes_after_what_it_requires_whatever_its_phase() -> None:
    rebuild = step("rebuild", Phase.REBUILD, requires=frozenset({KEY}))
    assert order(rebuild, step("unique", Phase.UNIQUE, provides=frozenset({KEY}))) == ["unique", "rebuild"]


def test_what_a_required_step_requires_is_required() -> None:
    rebuild = step("rebuild", Phase.REBUILD, Urgency.REQUIRED, requires=frozenset({KEY}))
    unique = step("unique", Phase.UNIQUE, provides=frozenset({KEY}))
    plan = make_plan((rebuild, unique, step("other", Phase.COLUMN)), (), Survey())
    assert [(found.id, found.urgency) for found in plan.steps] == [
        ("unique", Urgency.REQUIRED),
        ("rebuild", Urgency.REQUIRED),
        ("other", Urgency.DEBT),
    ]


def test_the_first_of_several_providers_is_enough() -> None:
    providers = [step(name, Phase.UNIQUE, provides=frozenset({KEY})) for name in ("first", "second")]
    rebuild = step("rebuild", Phase.REBUILD, Urgency.REQUIRED, requires=frozenset({KEY}))
    plan = make_plan((*providers, rebuild), (), Survey())
    assert [(found.id, found.urgency) for found in plan.steps] == [
        ("first", Urgency.REQUIRED),
        ("rebuild", Urgency.REQUIRED),
        ("second", Urgency.DEBT),
    ]


def test_a_circle_keeps_the_given_order() -> None:
    other = Need.key(Name(None, "q"), ("a",))
    first = step("first", Phase.UNIQUE, provides=frozenset({KEY}), requires=frozenset({other}))
    second = step("second", Phase.UNIQUE, provides=frozenset({other}), requires=frozenset({KEY}))
    assert sorted(order(first, second)) == ["first", "second"]
