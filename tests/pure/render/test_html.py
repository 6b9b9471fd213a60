"""The page for a browser: every name is shown as it is, and nothing of it becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

from schema_guard.acceptance import Acceptance
from schema_guard.difference import (
    CheckMissing,
    Difference,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    Impact,
    TableMissing,
    TypeDiffers,
)
from schema_guard.errors import UnreachableError
from schema_guard.plan import Evidence, Plan, Refusal
from schema_guard.render.html import apply_html, check_html, error_html, plan_html
from schema_guard.render.html.concerned import Mark, concerned
from schema_guard.render.html.sides import sides
from schema_guard.render.line import shown
from schema_guard.report import Attempt, Finding, Outcome, Report, StepResult
from schema_guard.schema import Check, Column, ForeignKey, Name, PrimaryKey, Table, Type
from tests.architecture.imports import SOURCE
from tests.pure.render import nouns

HOSTILE = [
    "</script><b>", "<script>alert(1)</script>", "</style>", "</pre></code>", '"', "'", "<img src=x onerror=alert(1)>",
    "</svg></title>", "&lt;&amp;&#35;", "<!-- x", "-->", "]]>", "a\nb", "\x1b[31m", "\x00", "\u202eabc", "\ud800",
    '" onload="alert(1)', "{{x}}", "javascript:alert(1)", "漢字" * 30, "x" * 300,
]  # fmt: skip
EMPTY = {"meta", "br"}
OWN = {
    *("html", "head", "title", "style", "body", "main", "footer", "header", "script", "section", "article", "meta"),
    *("h1", "h2", "h3", "p", "b", "span", "ul", "li", "dl", "dt", "dd", "div", "details", "summary", "pre", "code"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", "button"),
    *("svg", "desc", "g", "rect", "line", "path", "text"),
}
USERS = Name(None, "users")


class Page(HTMLParser):
    """The tags and attributes of a page, its text without what is style or script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links += [str(value) for name, value in attrs if name in ("href", "aria-labelledby", "src")]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data


def named(name: str) -> Report:
    """A report in which the name stands wherever one can stand."""
    key = ForeignKey(name, (name,), Name(None, name), (name,))
    column = Column(name, Type(name, name), default=name)
    table = Table(Name(None, name), (column,), foreign_keys=(key,), mapped_by=(name,))
    missing = replace(nouns.MISSING, table=table, column=column, effect=f"SELECT of {name} fails")
    check = CheckMissing(impact=Impact.WEAKENS, table=table, check=Check(name, f"x <> '{name}'"))
    key_missing = ForeignKeyMissing(impact=Impact.WEAKENS, table=table, foreign_key=key)
    refusal = Refusal(check, f"because of {name}", (f'ALTER TABLE "{name}"\n  ADD CHECK (true)',))
    step = replace(
        nouns.add_column(), object=name, why=name, statements=(f'ALTER TABLE "{name}"',), probe=f"SELECT '{name}'",
        cost=name, table=table.name, answers=(missing,),
    )  # fmt: skip
    result = StepResult(
        step, Outcome.FAILED, (Attempt(1.5, name, (name,)), Attempt(0.1, name)), message=name, statements=(name,)
    )
    found = nouns.report(
        Finding(missing),
        Finding(check, Evidence(2, f"SELECT '{name}'", (name,)), refusal),
        Finding(key_missing),
        results=(result, nouns.done(step)),
        of=Plan((step,), (refusal,), (missing, check)),
    )
    accepted = Finding(missing, acceptance=Acceptance(missing.key, name, name))
    server = replace(found.server, application=name, database=name)
    return replace(found, accepted=(accepted,), warnings=(name,), server=server)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    report = named(name)
    command = f"schema-guard plan '{name}'"
    for text in (check_html(report, 1, command), plan_html(report, 0, 1, command), apply_html(report, 5)):
        text.encode("utf-8")
        page = Page(text)
        assert set(page.tags) <= OWN
        assert not [each for each in page.attributes if each.startswith("on") or each == "style"]
        assert page.tags.count("script") == page.tags.count("style") == 1
        assert shown(name) in page.text
        assert f"SELECT of {shown(name)} fails" in page.text
    failed = UnreachableError(name)
    error = Page(error_html("check", failed))
    assert failed.message in error.text
    assert set(error.tags) <= OWN


@pytest.mark.parametrize("text", [plan_html(nouns.drifted(), 0, 1), check_html(nouns.drifted(), 1)])
def test_a_page_stands_alone_and_its_links_lead_somewhere(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import", text)


def test_a_plan_shows_sql_lock_hazards_and_which_step_repairs_what() -> None:
    page = Page(plan_html(nouns.drifted(), 0, 1))
    assert "ALTER TABLE proposals ADD COLUMN visitor_session_id VARCHAR(64);" in page.text
    assert "ACCESS EXCLUSIVE on proposals, brief lock, no table scan or rewrite" in page.text
    assert "changes rows, only where declared" in page.text
    assert "Repaired by step 1" in page.text
    assert "Not repaired: 3 rows violate it" in page.text
    assert "apply would exit 1: proposals.user_id still breaks the application" in page.text


def test_an_apply_draws_each_attempt_where_it_was_in_time() -> None:
    waited = Attempt(2.0, "lock timeout", ("pid 4711 (idle in transaction for 38 s)",), begun=100.0)
    first = nouns.done(nouns.add_column(), waited, Attempt(1.0, begun=107.0))
    second = nouns.done(nouns.fill_owner(), Attempt(4.0, begun=102.0), rows=1201, batches=3)
    text = apply_html(nouns.report(results=(first, second)), 0)
    bars = [(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', text)]
    start, scale = 300.0, 420 / 8
    places = [(start, 2 * scale), (start + 7 * scale, scale), (start + 2 * scale, 4 * scale)]
    assert [pytest.approx(place, abs=0.1) for place in places] == bars
    page = Page(text)
    assert "held by pid 4711 (idle in transaction for 38 s)" in page.text
    assert "1,201 rows in 3 batches" in page.text
    assert "the application can start" in page.text


def test_the_drawing_marks_what_is_missing_and_what_was_repaired() -> None:
    key = ForeignKey(None, ("user_id",), USERS, ("id",))
    columns = (Column("id", Type("INTEGER", "integer")), Column("user_id", Type("INTEGER", "integer")))
    orders = Table(Name(None, "orders"), columns, PrimaryKey(None, ("id",)), foreign_keys=(key,))
    lines = Table(Name(None, "lines"), columns, foreign_keys=(key,))
    wanted = ForeignKeyMissing(impact=Impact.WEAKENS, table=orders, foreign_key=key)
    made = TableMissing(impact=Impact.BREAKS, table=lines)
    step = replace(nouns.add_column(), answers=(made,))
    boxes, more = concerned(nouns.report(Finding(wanted), results=(nouns.done(step),)))
    assert more == 0
    found = {box.name.name: box for box in boxes}
    assert [(arrow.target, arrow.mark, arrow.state) for arrow in found["orders"].arrows] == [
        (USERS, Mark.WEAKENS, "missing")
    ]
    assert found["lines"].mark is Mark.REPAIRED
    assert found["lines"].arrows[0].mark is Mark.REPAIRED
    assert found["users"].table is None
    page = Page(apply_html(nouns.report(Finding(wanted), results=(nouns.done(step),)), 0))
    assert "orders: foreign key (user_id) to users (id) missing" in page.text


def test_foreign_keys_in_a_circle_and_many_tables_are_drawn() -> None:
    names = [Name(None, f"t{number}") for number in range(30)]
    many = tuple(Column(f"c{at}", Type("INTEGER", "integer")) for at in range(20))
    findings = []
    for name, target in zip(names, [*names[1:], names[0]], strict=True):
        key = ForeignKey(None, ("other",), target, ("id",))
        table = Table(name, (*many, Column("other", many[0].type)), foreign_keys=(key,))
        findings.append(Finding(TableMissing(impact=Impact.BREAKS, table=table)))
    text = check_html(nouns.report(*findings), 1)
    assert "6 tables more, listed below" in Page(text).text
    assert "and 12 more" in Page(text).text


def test_both_sides_stand_beside_each_other() -> None:
    key = ForeignKey(None, ("a",), USERS, ("id",), on_delete="CASCADE")
    live = replace(key, on_delete="NO ACTION", validated=False)
    differs = ForeignKeyDiffers(impact=Impact.WEAKENS, table=nouns.TABLE, foreign_key=key, actual=live)
    assert sides(differs) == (
        "FOREIGN KEY (a) REFERENCES users (id) ON DELETE CASCADE",
        "FOREIGN KEY (a) REFERENCES users (id) NOT VALID",
    )
    assert sides(nouns.MISSING) == ("VARCHAR(64)", "(missing)")
    assert sides(nouns.NOT_NULL) == ("NULL is allowed", "NOT NULL")
    assert all("fit" not in str(sides(each)) for each in (nouns.CHECK, nouns.BACKFILL))


def test_every_kind_is_known_to_the_page() -> None:
    source = (SOURCE / "render" / "html" / "sides.py").read_text(encoding="utf-8")
    assert [kind.__name__ for kind in get_args(Difference) if f"{kind.__name__}(" not in source] == []
    assert TypeDiffers in get_args(Difference)
