"""The pages in a real browser: upload, conversion, proposal, login, claim."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mdraft.deployment import Deployment
from tests.mdraft.papers import docx, pdf

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery"

if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright  # noqa: E402


@pytest.fixture
def installed(sqlite_file: Path, tmp_path: Path) -> Deployment:
    """For development: without a proxy that ends TLS, so that cookies travel over http."""
    return Deployment(f"sqlite:///{sqlite_file}", tmp_path, production=False)


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a fresh browser; whatever goes wrong on it fails the test."""
    faults: list[str] = []
    size: ViewportSize = {"width": 1100, "height": 800}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        made = browser.new_context(viewport=size).new_page()
        made.on("pageerror", lambda error: faults.append(str(error)))
        made.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        yield made
        browser.close()
    assert [fault for fault in faults if "status of 401" not in fault] == []


def test_from_the_first_upload_to_the_account(installed: Deployment, page: Page, tmp_path: Path) -> None:
    request, annex = tmp_path / "rfp-bridge.docx", tmp_path / "annex.pdf"
    request.write_bytes(docx("2.1 Scope", "The contractor shall close the bridge at night only.", "Coffee is served."))
    annex.write_bytes(pdf("Annex", "Offers must arrive by noon."))
    assert installed.guard().returncode == 0
    with installed.worker(), installed.unguarded() as address:
        page.goto(f"http://{address}/")
        shoot(page, "1-start")
        page.set_input_files("input[type=file]", annex)
        page.click("text=Convert to Markdown")
        expect(page.locator("pre.markdown")).to_contain_text("# Annex", timeout=60_000)
        shoot(page, "2-converted")
        with page.expect_download() as download:
            page.click("text=Download .md")
        assert download.value.suggested_filename == "annex.md"

        page.click("nav >> text=Proposals")
        page.fill("input[name=name]", "Bridge repair <b>2025</b>")
        page.fill("textarea[name=description]", "Closed at night.\nOpen in the morning.")
        page.click("button:has-text('Start')")
        expect(page.locator("h1")).to_have_text("Bridge repair <b>2025</b>")
        page.set_input_files("input[type=file]", request)
        page.click("text=Convert to Markdown")
        expect(page.locator("td").nth(2)).to_have_text(
            "The contractor shall close the bridge at night only.", timeout=60_000
        )
        shoot(page, "3-proposal")

        page.click("text=Register")
        page.fill("input[name=email]", "anna@example.com")
        page.fill("input[name=password]", PASSWORD)
        shoot(page, "4-register")
        page.click("button:has-text('Register')")
        expect(page.locator(".flash")).to_have_text("What you made before you logged in is yours now.")
        expect(page.locator(".list li")).to_have_count(2)
        shoot(page, "5-claimed")
        page.click("text=anna@example.com")
        expect(page.locator("h1")).to_have_text("anna@example.com")

        page.click("text=Log out")
        expect(page.locator(".empty")).to_contain_text("Nothing yet")
        page.click("text=Log in")
        page.fill("input[name=email]", "anna@example.com")
        page.fill("input[name=password]", "wrong")
        with page.expect_response("**/login") as answer:
            page.click("button:has-text('Log in')")
        assert answer.value.status == 401
        expect(page.locator("[role=alert]")).to_contain_text("don't belong together")
        page.fill("input[name=password]", PASSWORD)
        page.click("button:has-text('Log in')")
        expect(page.locator(".list li")).to_have_count(2)

        page.set_viewport_size({"width": 390, "height": 780})
        shoot(page, "6-narrow")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.close()  # Before the server stops: what the page still asks for would be a fault.


def shoot(page: Page, name: str) -> None:
    """A picture for whoever looks: SCHEMA_GUARD_SCREENSHOTS names the folder."""
    folder = os.environ.get("SCHEMA_GUARD_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
