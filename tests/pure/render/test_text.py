"""What a person reads: grouped by impact, aligned, the verdict last; foreign text cannot steer a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema_guard.counted import counted, duration
from schema_guard.difference import Impact
from schema_guard.events import step_words
from schema_guard.plan import Evidence, Lock, Locked, Phase, Plan
from schema_guard.render.line import Line, ascii_only, plain, shown
from schema_guard.render.text import apply_lines, check_lines, plan_lines
from schema_guard.render.text.deeds import deed
from schema_guard.render.text.plan import lock_phrase
from schema_guard.report import Attempt, Finding, Outcome, StepResult, united
from schema_guard.schema import Name
from tests.pure.render import nouns


def text(lines: list[Line]) -> str:
    return plain(lines)


def test_check_groups_by_impact_and_ends_with_the_verdict() -> None:
    assert (
        text(check_lines(nouns.drifted(), 1, next_command="schema-guard plan mdraft.guard:guard"))
        == """\
mdraft · postgresql 15.18 at db.internal/mdraft · 8 tables expected

breaks the application
  ✗ proposals.visitor_session_id  column missing: VARCHAR(64)
      SELECT and INSERT of Proposal fail (UndefinedColumn)
  ✗ proposals.user_id             NOT NULL, but the models write NULL
      INSERT of Proposal without user_id fails (NotNullViolation)
weakens it
  ! proposals.ck_owner                        CHECK (user_id IS NOT NULL OR visitor_session_id IS NOT NULL) missing
      not repaired: 3 rows violate it: give them an owner, or delete them
  ! conversions(user_id, visitor_session_id)  rows can be filled from proposals
      1,204 rows with no user_id, visitor_session_id; 1,201 can be filled
notes
  · legacy  table unknown to the models, left alone

next: schema-guard plan mdraft.guard:guard
5 differences: 2 break, 2 weaken, 1 note · 11 ms, 1 catalog query, no locks · exit 1
"""
    )


def test_a_satisfied_database_is_one_line_under_the_header() -> None:
    assert text(check_lines(nouns.report(of=Plan()), 0)).splitlines()[-1] == (
        "satisfied: the database has all that the models expect · 11 ms, 1 catalog query, no locks · exit 0"
    )


def test_notes_alone_satisfy() -> None:
    report = nouns.report(*(Finding(note) for note in nouns.unknown("legacy")), of=Plan())
    assert text(check_lines(report, 0)).splitlines()[-1].startswith("satisfied · 1 difference: 1 note")


def test_many_unknown_tables_are_one_line_unless_verbose() -> None:
    names = [f"t{number:02d}" for number in range(17)]
    report = nouns.report(*(Finding(note) for note in nouns.unknown(*names)), of=Plan())
    short = text(check_lines(report, 0))
    assert "17 tables unknown to the models, left alone: t00, t01, t02, t03, t04, t05, t06, t07 and 9 more" in short
    assert "t16" not in short
    assert "t16" in text(check_lines(report, 0, verbose=True))


def test_warnings_stand_under_the_header() -> None:
    report = replace(nouns.report(), warnings=("is it the right database?",))
    assert text(check_lines(report, 0)).splitlines()[1] == "warning: is it the right database?"


def test_plan_shows_sql_locks_cost_hazards_and_refusals() -> None:
    assert (
        text(plan_lines(nouns.drifted(), nouns.plan(), 0, next_command="schema-guard apply"))
        == """\
mdraft · postgresql 15.18 at db.internal/mdraft · 8 tables expected

 1 required  ALTER TABLE proposals ADD COLUMN visitor_session_id VARCHAR(64)
             ACCESS EXCLUSIVE on proposals, brief lock, no table scan or rewrite
             for proposals.visitor_session_id: column missing
 2 debt      UPDATE conversions
                SET user_id = p.user_id
               FROM proposals p
             ROW EXCLUSIVE on conversions, 1,201 rows in batches
             again until it changes no row; changes rows, only where declared
             for conversions(user_id, visitor_session_id): rows can be filled from proposals

 refused     proposals.ck_owner  CHECK (user_id IS NOT NULL OR visitor_session_id IS NOT NULL) missing
             3 rows violate it: give them an owner, or delete them
               SELECT id FROM proposals WHERE NOT (..)

next: schema-guard apply
2 steps: 1 required, 1 debt · 1 difference refused · nothing was changed · 11 ms, 1 catalog query, no locks · exit 0
"""
    )


def test_apply_shows_waits_rows_and_whether_the_application_can_start() -> None:
    waited = Attempt(1.9, "lock timeout", ("pid 4711 (idle in transaction for 38 s)",))
    report = nouns.report(
        Finding(nouns.CHECK, nouns.VIOLATORS, nouns.REFUSAL),
        results=(
            nouns.done(nouns.add_column(), waited, Attempt(0.01)),
            nouns.done(nouns.fill_owner(), rows=1201, batches=1),
        ),
    )
    shown_lines = text(apply_lines(report, 0)).splitlines()
    assert shown_lines[2:5] == [
        " 1 ✓ added column proposals.visitor_session_id  1.9 s",
        "     waited 1.9 s for pid 4711 (idle in transaction for 38 s), second try",
        " 2 ✓ filled conversions(user_id, visitor_session_id)  1,201 rows in 1 batch, 4 ms",
    ]
    assert shown_lines[-1] == (
        "the application can start · 1 difference weakens it "
        "(proposals.ck_owner: 3 rows violate it (keys 12, 40 and 77)) · 11 ms · exit 0"
    )


def test_apply_says_that_the_application_cannot_start() -> None:
    failed = StepResult(nouns.add_column(), Outcome.FAILED, (Attempt(0.1, "boom"),), message="permission denied")
    report = nouns.report(Finding(nouns.MISSING), results=(failed,))
    shown_lines = text(apply_lines(report, 5)).splitlines()
    assert "     permission denied" in shown_lines
    assert shown_lines[-1] == (
        "the application cannot start · 1 difference breaks it (proposals.visitor_session_id) · 11 ms · exit 5"
    )


def test_a_step_that_failed_names_its_object_once() -> None:
    """In the log before the reason, in the report above it."""
    step = nouns.add_column()
    why = f"{step.object}: 53100 could not extend file; free space on that disk of the server, then run again"
    failed = StepResult(step, Outcome.FAILED, (Attempt(0.1, "boom"),), message=why)
    reason = why.removeprefix(f"{step.object}: ")
    assert step_words(failed) == f"{step.object}: {step.why}: failed after 100 ms: {reason}"
    assert f"     {reason}" in text(apply_lines(nouns.report(results=(failed,)), 5)).splitlines()
    locked = StepResult(step, Outcome.LOCKED, (Attempt(0.1, "a"), Attempt(0.1, "b")), message="held by pid 4711")
    assert step_words(locked) == f"{step.object}: {step.why}: could not acquire the lock, 2 tries: held by pid 4711"


@pytest.mark.parametrize(
    ("phase", "clause", "said"),
    [
        (
            Phase.FOREIGN_KEY,
            "FOREIGN KEY (a) REFERENCES b (id) NOT VALID",
            "added proposals.fk(a), still to be validated",
        ),
        (Phase.CHECK, "CHECK (a > 0) NOT VALID", "added proposals.fk(a), still to be validated"),
        (Phase.NOT_NULL, "NOT NULL a NOT VALID", "prepared NOT NULL of proposals.fk(a), still to be validated"),
    ],
)
def test_what_binds_new_rows_only_says_so(phase: Phase, clause: str, said: str) -> None:
    begun = replace(
        nouns.add_column(),
        phase=phase,
        statements=(f"ALTER TABLE proposals ADD CONSTRAINT c {clause}",),
        object="proposals.fk(a)",
        resolves=(),
    )
    assert deed(begun) == said


def test_a_step_tried_in_several_rounds_is_told_once() -> None:
    failed = StepResult(nouns.add_column(), Outcome.FAILED, (Attempt(0.1, "boom"),), message="boom")
    report = nouns.report(results=united((failed, nouns.done(nouns.add_column(), Attempt(0.004)))))
    assert text(apply_lines(report, 0)).splitlines()[2:4] == [
        " 1 ✓ added column proposals.visitor_session_id  104 ms",
        "     second try after 100 ms (boom)",
    ]


def test_apply_on_a_satisfied_database_has_nothing_to_do() -> None:
    assert text(apply_lines(nouns.report(of=Plan()), 0)).splitlines()[-1] == (
        "the application can start · nothing to do · 11 ms, 1 catalog query, no locks · exit 0"
    )


HOSTILE = 'pro\x1b[31mpo\nsals "[red]" \u202e😀\x00'


def test_hostile_names_cannot_steer_the_terminal() -> None:
    difference = replace(nouns.MISSING, column=replace(nouns.MISSING.column, name=HOSTILE), effect=HOSTILE)
    step = replace(nouns.add_column(), statements=(HOSTILE,), object=HOSTILE, why=HOSTILE)
    report = nouns.report(Finding(difference, Evidence(1, HOSTILE, (HOSTILE,))))
    outputs = [
        text(check_lines(report, 1, verbose=True)),
        text(plan_lines(report, Plan((step,)), 0)),
        text(apply_lines(replace(report, results=(nouns.done(step),)), 1, verbose=True)),
    ]
    for output in outputs:
        assert "[red]" in output
        assert "\\x1b[31m" in output
        assert all(char.isprintable() or char == "\n" for char in output)


def test_an_encoding_that_cannot_write_the_signs_gets_others() -> None:
    lines = ascii_only(check_lines(nouns.drifted(), 1), "ascii")
    written = text(lines)
    assert written.isascii()
    assert "  x proposals.user_id" in written


def test_evidence_that_could_not_be_counted_says_why() -> None:
    report = nouns.report(Finding(nouns.CHECK, Evidence(None, "SELECT", reason="took longer than 5 s")))
    assert "rows not counted: took longer than 5 s" in text(check_lines(report, 0))


def test_evidence_stands_beside_a_refusal_that_does_not_tell_it() -> None:
    refusal = replace(nouns.REFUSAL, reason="it would block writers")
    shown_text = text(check_lines(nouns.report(Finding(nouns.CHECK, nouns.VIOLATORS, refusal)), 0))
    assert "      3 rows violate it (keys 12, 40 and 77)\n      not repaired: it would block writers\n" in shown_text


def test_locks_are_told_with_their_relations() -> None:
    step = replace(
        nouns.add_column(),
        locks=(Locked(Lock.SHARE_ROW_EXCLUSIVE, Name("a", "b")), Locked(Lock.SHARE_ROW_EXCLUSIVE, Name("a", "c"))),
    )
    assert lock_phrase(step).startswith("SHARE ROW EXCLUSIVE on a.b, a.c, brief lock")
    assert lock_phrase(replace(step, locks=(Locked(Lock.WRITE),), cost="reads 3 rows")) == (
        "the write lock of the database file, reads 3 rows"
    )
    assert lock_phrase(replace(step, locks=(), cost="")) == "no table lock"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.0114, "11 ms"), (0.9999, "1.0 s"), (8.13, "8.1 s"), (119.96, "2 min 0 s"), (200, "3 min 20 s")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts() -> None:
    assert counted(1, "batch", "batches") == "1 batch"
    assert counted(1204, "row") == "1,204 rows"
    assert shown("a\tb") == "a\\tb"
    assert Impact.BREAKS.word == "breaks"


@pytest.mark.parametrize(
    ("sample", "count", "words"),
    [
        (("a", "a"), 2, "key a"),
        (("a", "a", "b"), 3, "keys a and b"),
        (("a", "a", "b"), 9, "keys a, b, .."),
        (("1, 2", "1, 3"), 2, "keys (1, 2) and (1, 3)"),
    ],
)
def test_a_key_that_rows_share_is_named_once(sample: tuple[str, ...], count: int, words: str) -> None:
    assert Evidence(count, "SELECT 1", sample).keys == words
