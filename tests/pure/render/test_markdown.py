"""Markdown as the comment of a pull request: rendered, it shows every name as it is, and nothing more."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from schema_guard.acceptance import Acceptance
from schema_guard.difference import CheckMissing, Impact
from schema_guard.errors import UnreachableError
from schema_guard.plan import Plan, Refusal
from schema_guard.render.line import shown
from schema_guard.render.markdown import LONGEST, MOST, check_markdown, error_markdown, plan_markdown
from schema_guard.report import Finding, Report
from schema_guard.schema import Check, Name, Table
from tests.pure.render import nouns

HOSTILE = [
    "a|b", "`x`", "``", "<script>alert(1)</script>", "*a* _b_ __c__", "[l](http://example.org)", "![i](x)", "a\nb",
    "</code></details>", "```\nx", "&lt;&amp;&#35;", "a\\|b\\", "~~s~~", "@someone #1", "$x$", "| --- |", "<!-- x",
    "-->", "a\r\n\r\n# b", "\x1b[31m", "{x}", "http://example.org/", "***", "_", "a_b_c",
]  # fmt: skip
OWN = {"h3", "h4", "p", "code", "table", "thead", "tbody", "tr", "th", "td", "br", "ol", "li", "strong", "pre"} | {
    "details",
    "summary",
    "blockquote",
}


class Page(HTMLParser):
    """The tags of a page, the text of its cells, headings and fences."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "td" in self.open:
            self.cells[-1] += data


def page(text: str) -> Page:
    """As GitHub renders it: CommonMark with tables, strikethrough and links."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = Page()
    found.feed(markdown.render(text))
    found.close()
    assert found.open == []
    return found


def named(name: str) -> Report:
    """A report in which the name stands wherever one can stand."""
    table = Table(Name(None, name), mapped_by=(name,))
    missing = replace(nouns.MISSING, table=table, effect=f"SELECT of {name} fails")
    check = CheckMissing(impact=Impact.WEAKENS, table=table, check=Check(name, f"x <> '{name}'"))
    refusal = Refusal(check, f"because of {name}", (f'ALTER TABLE "{name}"\n  ADD CHECK (true)',))
    step = replace(
        nouns.add_column(),
        statements=(f'ALTER TABLE "{name}" ADD COLUMN x INTEGER',),
        resolves=(missing.key,),
        object=missing.object,
        why=name,
    )
    plan = Plan((step,), (refusal,), (missing, check))
    accepted = Finding(check, acceptance=Acceptance(check.key, f"{name} is known"))
    report = nouns.report(Finding(missing), Finding(check, refusal=refusal), of=plan)
    return replace(report, accepted=(accepted,), warnings=(f"{name} is odd",))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    for text in (plan_markdown(named(name), 0), check_markdown(named(name), 1)):
        found = page(text)
        assert set(found.tags) <= OWN
        assert len(found.cells) == 9
        assert found.cells[0] == shown(f"{name}.visitor_session_id")
        assert shown(f"SELECT of {name} fails") in found.cells[1]
        assert found.cells[5] == shown(f"refused: because of {name}")
        assert found.cells[8].startswith(shown(f"{name} is known"))
        assert not re.search(r"(?<!&)[@#]\w", re.sub(r"(?s)<details>.*", "", text))


def test_the_verdict_stands_first_and_sql_is_folded() -> None:
    text = plan_markdown(nouns.drifted(), 1)
    assert text.startswith("### ❌ Schema plan: proposals.user_id still breaks the application after apply\n")
    assert "#### 2 steps: 1 required, 1 debt" in text
    assert "ACCESS EXCLUSIVE on proposals, brief lock" in text
    assert "changes rows, only where declared" in text
    assert "<details><summary>SQL</summary>" in text
    assert "ALTER TABLE proposals ADD COLUMN" in text.partition("<details>")[2]
    assert "ALTER TABLE proposals ADD COLUMN" not in text.partition("<details>")[0]


def test_check() -> None:
    assert check_markdown(nouns.drifted(), 1).startswith(
        "### ❌ Schema check: 5 differences: 2 break, 2 weaken, 1 note\n"
    )
    assert check_markdown(nouns.report(of=Plan()), 0).startswith(
        "### ✅ Schema check: the database has all that the models expect\n"
    )


def test_a_comment_is_never_too_long() -> None:
    many = [replace(nouns.MISSING, table=Table(Name(None, f"t{n}" + "x" * 1000))) for n in range(2000)]
    text = plan_markdown(nouns.report(*map(Finding, many), of=Plan()), 1)
    assert len(text) < MOST + 500
    assert "too long for a comment" in text or "1,950 more" in text
    assert "x" * (LONGEST + 1) not in text


def test_an_error_is_one_paragraph() -> None:
    found = page(error_markdown("check", UnreachableError("<b>nothing</b> listens\nthere")))
    assert found.tags == ["h3", "p"]
    assert "<b>nothing</b> listens there" in found.text


def test_statements_for_what_is_refused_are_comments() -> None:
    """The SQL can be run as it stands: a RENAME after the step that adds the column would fail."""
    refusal = Refusal(nouns.MISSING, "if id was renamed, run this before apply", ("ALTER TABLE a RENAME id TO b;",))
    text = plan_markdown(nouns.report(Finding(nouns.MISSING, refusal=refusal), of=Plan((nouns.add_column(),))), 1)
    sql = text.partition("```sql\n")[2].partition("```")[0]
    assert "\n--   ALTER TABLE a RENAME id TO b;\n" in sql
    assert [line for line in sql.splitlines() if not line.startswith("--")] == ["".join(
        f"{statement};" for statement in nouns.add_column().statements
    )]  # fmt: skip
