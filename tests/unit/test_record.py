"""The decorator of schema_guard.record makes what the standard one makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from schema_guard.record import dataclass


@dataclass(frozen=True, slots=True)
class Base:
    """One field."""

    name: str


@dataclass(frozen=True, slots=True)
class Derived(Base):
    number: int = 3
    items: list[int] = field(default_factory=list, compare=False)
    hidden: str = field(default="", repr=False)
    made: dict[str, int] = field(default_factory=dict, init=False, compare=False)
    fixed: int = field(default=7, init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords(Base):
    second: int = 2
    first: int


@dataclass(frozen=True, slots=True)
class Own:
    text: str = ""

    def __post_init__(self) -> None:
        if self.text == "wrong":
            raise ValueError(self.text)

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Empty:
    pass


def standard(kind: type) -> Any:
    """The same class by the standard decorator."""
    fields = [(each.name, each.type, _again(each)) for each in dataclasses.fields(kind)]
    return dataclasses.make_dataclass(kind.__name__, fields, frozen=True, slots=True)


def _again(each: dataclasses.Field[Any]) -> Any:
    return field(
        default=each.default,
        default_factory=each.default_factory,
        init=each.init,
        repr=each.repr,
        compare=each.compare,
        kw_only=bool(each.kw_only),
    )


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        (Base, lambda kind: kind("a")),
        (Derived, lambda kind: kind("a", items=[1])),
        (Derived, lambda kind: kind(name="a", number=4, hidden="x")),
        (Keywords, lambda kind: kind("a", first=1)),
        (Empty, lambda kind: kind()),
    ],
)
def test_it_does_what_the_standard_one_does(kind: type, make: Callable[[Any], Any]) -> None:
    usual = standard(kind)
    ours, theirs = make(kind), make(usual)
    assert repr(ours) == repr(theirs)
    assert hash(ours) == hash(make(kind))
    assert ours == make(kind)
    assert ours != theirs
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [*inspect.signature(kind).parameters] == [*inspect.signature(usual).parameters]
    assert kind.__match_args__ == usual.__match_args__  # type: ignore[attr-defined]
    assert not hasattr(ours, "__dict__")
    for other in (copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert other == ours
        assert dataclasses.asdict(other) == dataclasses.asdict(ours)


def test_what_is_compared() -> None:
    assert Derived("a", items=[1]) == Derived("a", items=[2])
    assert hash(Derived("a", items=[1])) == hash(Derived("a", items=[2]))
    assert Derived("a", hidden="x") != Derived("a")
    assert Derived("a", 4) == replace(Derived("a"), number=4)
    assert Base("a") != Derived("a")
    assert {Base("a"), Base("a"), Base("b")} == {Base("b"), Base("a")}
    assert Derived("a").items is not Derived("a").items


def test_nothing_is_assigned_afterwards() -> None:
    record: Any = Derived("a")
    with pytest.raises(FrozenInstanceError):
        record.number = 4
    with pytest.raises(FrozenInstanceError):
        del record.number
    with pytest.raises(TypeError):
        Keywords("a", 1)  # type: ignore[call-arg]


def test_what_a_class_defines_itself_stays() -> None:
    assert repr(Own()) == "own"
    assert Own("a") == Own("b")
    assert hash(Own("a")) == 1
    with pytest.raises(ValueError, match="wrong"):
        Own("wrong")
