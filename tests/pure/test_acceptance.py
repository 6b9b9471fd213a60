"""Keys: one for each difference, the same in every run, and safe in a shell and in a list."""

from __future__ import annotations

import shlex
from datetime import UTC, date, datetime

import pytest

from schema_guard.acceptance import Acceptance, acceptances_of, matched, short_key
from schema_guard.compare.distinct import distinguished
from schema_guard.difference import CheckMissing, ColumnMissing, Difference, EnumValueMissing, ForeignKeyMissing, Impact
from schema_guard.schema import Check, Column, Enum, ForeignKey, Name, Table, Type

TABLE = Table(Name("public", "orders"))
INTEGER = Type("INTEGER", "integer")


def column(name: str, table: Table = TABLE) -> ColumnMissing:
    return ColumnMissing(impact=Impact.BREAKS, table=table, column=Column(name, INTEGER))


def label(value: str) -> EnumValueMissing:
    enum = Enum(Name("public", "mood"), (value,))
    return EnumValueMissing(impact=Impact.BREAKS, enum=enum, actual=enum, value=value)


def check(expression: str, name: str | None = None) -> CheckMissing:
    return CheckMissing(impact=Impact.WEAKENS, table=TABLE, check=Check(name, expression))


@pytest.mark.parametrize(
    "difference",
    [
        column("it's"),
        column("a, b"),
        column("two\nlines"),
        column("percent%27"),
        column("größe"),
        label("o'clock, sharp\t"),
        check("status IN ('a', 'b') OR " * 20 + "true"),
    ],
    ids=lambda difference: difference.object[:20],
)
def test_a_key_survives_a_shell_and_a_list(difference: Difference) -> None:
    key = difference.key
    assert shlex.split(f"--accept '{key}'") == ["--accept", key]
    assert acceptances_of(f"x y,{key}\nz u")[1].key == key
    assert key.isprintable()
    assert len(key) < 140


def test_different_objects_have_different_keys() -> None:
    twins = (
        check("a > 0", "positive"),
        check("b > 0", "positive"),
        column("a, b"),
        column("a,b"),
        column("a+b"),
        column("c"),
        column("c"),
        column("c", Table(Name("other", "orders"))),
    )
    keys = [difference.key for difference in distinguished(*twins)]
    assert len(set(keys)) == len(keys)


def test_unnamed_foreign_keys_on_the_same_columns_are_told_apart_by_their_targets() -> None:
    keys = [
        ForeignKeyMissing(
            impact=Impact.WEAKENS, table=TABLE, foreign_key=ForeignKey(None, ("a",), Name("public", target), ("id",))
        ).key
        for target in ("users", "teams")
    ]
    start = "foreign-key-missing public.orders.fk(a) to public."
    assert keys == [f"{start}users", f"{start}teams"]


def test_a_twin_keeps_its_key_when_the_third_goes() -> None:
    first, second, third = check("a", "c"), check("b", "c"), check("d", "c")
    before = {difference.key for difference in distinguished(first, second, third)}
    assert {difference.key for difference in distinguished(first, third)} < before


def test_the_default_schema_may_be_left_out() -> None:
    key = column("total").key
    assert short_key(key, "public") == "column-missing orders.total"
    for given in (key, "column-missing orders.total"):
        found = matched(acceptances_of([given]), [key], "public")
        assert (list(found.accepted), found.warnings) == ([key], ())


def test_a_reason_is_kept_and_quotes_are_not() -> None:
    found = acceptances_of(["'a b'", {"key": "c d", "reason": " known "}, Acceptance("e f", "why")], "file")
    assert [(each.key, each.because) for each in found] == [
        ("a b", "by file, without a reason"),
        ("c d", "known"),
        ("e f", "why"),
    ]


def test_two_backfills_of_the_same_columns_are_counted_each_for_itself() -> None:
    from schema_guard.difference import BackfillPending
    from schema_guard.schema import Fill

    keys = {
        BackfillPending(
            impact=Impact.WEAKENS,
            table=TABLE,
            fill=Fill(TABLE.name, Name("public", source), ("owner",), (), "", "", "", ""),
        ).key
        for source in ("carts", "quotes")
    }
    assert len(keys) == 2


EXPIRING = {"key": "column-missing orders.total", "reason": "known", "by": "ops", "expires": date(2026, 3, 31)}


def test_it_is_accepted_up_to_its_last_day_and_then_told() -> None:
    key = column("total").key
    (acceptance,) = acceptances_of([EXPIRING], "file")
    assert acceptance.because == "known, by ops, until 2026-03-31"
    assert matched([acceptance], [key], "public", date(2026, 3, 31)).accepted == {key: acceptance}
    found = matched([acceptance], [key], "public", date(2026, 4, 1))
    assert (found.accepted, found.idle) == ({}, ())
    (warning,) = found.warnings
    assert warning == "accept 'column-missing orders.total' (file): expired after 2026-03-31, so it counts again"


def test_one_that_has_not_expired_counts_before_one_that_has() -> None:
    key = column("total").key
    found = acceptances_of([EXPIRING, "column-missing orders.total"])
    told = matched(found, [key], "public", date(2027, 1, 1))
    assert (told.accepted[key].expires, told.warnings) == (None, ())


def test_a_key_that_matches_nothing_is_told_once() -> None:
    found = (*acceptances_of(["x y"], "--accept"), *acceptances_of(["x y", "x y"], "file"))
    assert len(matched(found, [], "public").warnings) == 1


@pytest.mark.parametrize(
    "day", [date(2027, 1, 31), datetime(2027, 1, 31, 12, tzinfo=UTC), "2027-01-31", " 2027-01-31 "]
)
def test_how_a_day_may_be_written(day: object) -> None:
    assert acceptances_of([{"key": "a b", "expires": day}])[0].expires == date(2027, 1, 31)


@pytest.mark.parametrize("day", ["soon", 2027, "2027-02-30", True, [1]])
def test_what_is_no_day(day: object) -> None:
    with pytest.raises(ValueError, match="expected a day such as 2026-12-31"):
        acceptances_of([{"key": "a b", "expires": day}])


KEYS = [
    "column-unknown audit.events.at",
    "column-unknown users.tenant",
    "table-unknown audit.log",
    "index-missing a.ix",
]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("column-unknown audit.*", [0]),
        ("column-unknown *", [0, 1]),
        ("* audit.*", [0, 2]),
        ("column-unknown *.tenant", [1]),
        ("column-unknown public.*", [1]),
        ("*", [0, 1, 2, 3]),
        ("column-unknown users.", []),
        ("column-unknown .*", []),
        ("column-unknown user?.tenant", []),
    ],
)
def test_a_pattern_accepts_all_that_it_describes(pattern: str, meant: list[int]) -> None:
    found = matched(acceptances_of([pattern]), KEYS, "public", schemas=("public", "audit"))
    assert list(found.accepted) == [KEYS[index] for index in meant]
    assert len(found.idle) == (not meant)


def test_a_key_counts_before_a_pattern() -> None:
    found = matched(acceptances_of(["column-unknown *", {"key": KEYS[1], "reason": "known"}]), KEYS, "public")
    assert found.accepted[KEYS[1]].reason == "known"
    expired = matched(acceptances_of([{"key": "column-unknown *", "expires": date(2020, 1, 1)}]), KEYS, "public")
    assert expired.warnings == ("accept 'column-unknown *': expired after 2020-01-01, so it counts again",)


def test_no_key_holds_what_a_pattern_does() -> None:
    assert "*" not in check("price * number > 0").key


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("column-unknown users.tenants", "the nearest key is 'column-unknown users.tenant'"),
        ("column-unknown USERS.TENANTS", "the nearest key is 'column-unknown users.tenant'"),
        ("column-unknown adit.*", "the nearest key is 'column-unknown audit.*'"),
        (
            "colum-unknown users.tenant",
            "no difference has the code 'colum-unknown'; the nearest code is 'column-unknown'",
        ),
    ],
)
def test_a_typo_is_named_with_the_nearest(key: str, nearest: str) -> None:
    (warning,) = matched(acceptances_of([key]), KEYS, "public", codes=("column-unknown", "table-unknown")).warnings
    assert nearest in warning


def test_what_is_repaired_is_no_typo() -> None:
    """One line for a file, however many there are; an accepted difference is not the nearest."""
    given = ["column-unknown orders.first", "column-unknown orders.other", "column-unknown users.tenant_id", KEYS[1]]
    (warning,) = matched(acceptances_of(given, "a.toml: [tool.schema-guard] accept"), KEYS, "public").warnings
    assert warning.startswith("accept (a.toml: [tool.schema-guard] accept): no such difference now: ")
    assert "'column-unknown users.tenant_id'" in warning
    assert warning.endswith("the command `accept --prune` removes them")


@pytest.mark.parametrize(
    "key", ["column-missing orders.first", "table-missing public.orders", "check-missing orders.*"]
)
def test_what_is_not_looked_at_may_be_there(key: str) -> None:
    """An object that is excluded for one run is accepted in the next one: nothing is said of it, or taken out."""
    found = matched(acceptances_of([key]), KEYS[:1], "public", left_out={"orders"})
    assert (found.idle, found.warnings) == ((), ())
    assert matched(acceptances_of([key.replace("orders", "orders_2")]), KEYS[:1], "public", left_out={"orders"}).idle
