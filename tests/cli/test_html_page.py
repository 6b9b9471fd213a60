"""The page of --format html in a real browser: on a desk, on a phone, in the dark, on paper, without a script."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.cli.conftest import Command, url_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

HOSTILE = """
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(String(8), server_default="</script><script>document.title='taken'</script>")

class Hostile(Base):
    __tablename__ = '</script><b onclick="x">'
    __table_args__ = (CheckConstraint("user_id > 0 OR user_id <> 4711", name="<img src=x onerror=alert(1)>"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column('"><svg onload=alert(1)>' + "x" * 60, String(10), index=True)

class Missing(Base):
    __tablename__ = "missing"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
"""
BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
    'CREATE TABLE "</script><b onclick=""x"">" (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL)',
    'INSERT INTO "</script><b onclick=""x"">" VALUES (1, 7)',
)
CONTRAST = """
() => {
  const numbers = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const [, , , alpha = 1] = numbers(getComputedStyle(each).backgroundColor);
      if (alpha === 1) return getComputedStyle(each).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || ["SCRIPT", "title", "desc"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(element.tagName === "text" ? style.fill : style.color), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push(`${element.tagName} ${element.className.baseVal ?? element.className}: ${ratio}`);
  }
  return weak;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture
def pages(command: Command, application: Path) -> dict[str, str]:
    """The address of a page for each command."""
    (application / "shop.py").write_text(HOSTILE)
    url = url_of(application, BEFORE)
    found = {}
    for name, code in (("check", 1), ("plan", 0), ("apply", 0)):
        ran = command(name, "shop:Base", "--url", url, "--format", "html")
        assert ran.code == code, ran
        file = application / f"{name}.html"
        file.write_text(ran.out, encoding="utf-8")
        found[name] = file.as_uri()
    return found


def opened(browser: Browser, address: str, **options: object) -> tuple[Page, list[str]]:
    """The page, and all that went wrong on it so far or will."""
    faults: list[str] = []
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type] # as playwright names them
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text))
    page.on("request", lambda asked: faults.append(asked.url) if asked.url != address else None)
    page.goto(address)
    return page, faults


def test_the_page_fits_and_can_be_read(browser: Browser, pages: dict[str, str], tmp_path: Path) -> None:
    """On a wide and on a narrow screen; with contrast AA in both colour schemes (WCAG 2.2, 1.4.3)."""
    for (name, address), width, scheme in product(pages.items(), (1280, 390), ("light", "dark")):
        page, faults = opened(browser, address, viewport={"width": width, "height": 800}, color_scheme=scheme)
        assert page.title() == f"schema-guard {name}: {tmp_path / 'shop.db'}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []
        assert page.locator("main h1").count() == 1
        assert page.locator("svg").first.is_visible()
        if folder := os.environ.get("SCHEMA_GUARD_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"html-{name}-{width}-{scheme}.png", full_page=True)
        assert faults == []
        page.context.close()


def test_foreign_names_do_nothing_and_steps_can_be_copied(browser: Browser, pages: dict[str, str]) -> None:
    page, faults = opened(browser, pages["plan"], permissions=["clipboard-read", "clipboard-write"])
    assert page.locator("img, b[onclick], svg[onload]").count() == 0
    step = page.locator("article", has_text="ADD COLUMN").first
    step.locator("button.copy").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == step.locator("pre").first.text_content()
    assert copied.startswith("ALTER TABLE ")
    assert step.locator("button.copy").first.text_content() == "Copied"
    page.locator("a", has_text="step").first.click()
    assert "#step-" in page.url
    # a script that somebody got into the page would not run
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))")
    assert page.title().startswith("schema-guard plan")
    assert all("Content Security Policy" in fault for fault in faults)
    page.context.close()


def test_without_a_script_and_on_paper_all_is_there(browser: Browser, pages: dict[str, str]) -> None:
    page, _ = opened(browser, pages["plan"], java_script_enabled=False)
    assert page.locator("button.copy:visible").count() == 0
    assert page.locator("article", has_text="ADD COLUMN").first.is_visible()
    page.locator("summary").first.click()
    assert page.locator("details[open] pre").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("details").last.locator("pre, .card").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.context.close()


def test_an_error_is_a_page_as_well(browser: Browser, command: Command, application: Path) -> None:
    ran = command("check", "shop:Base", "--url", "postgresql://127.0.0.1:1/x", "--format", "html")
    assert ran.code == 3
    (application / "error.html").write_text(ran.out, encoding="utf-8")
    page, faults = opened(browser, (application / "error.html").as_uri())
    assert "No answer" in str(page.locator("h1").text_content())
    assert faults == []
    page.context.close()
