"""The README on the package index, where its links to files of the repository need whole addresses."""

from __future__ import annotations

import re

import hatch_build

from tests.architecture.docs import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGET = re.compile(r"\]\(([^)]+)\)")


def test_each_link_leads_to_a_file_of_the_version() -> None:
    written = hatch_build.with_addresses(README, "https://github.com/o/r", "v1.2.3")
    before, after = TARGET.findall(README), TARGET.findall(written)
    assert len(before) == len(after) > 10
    for target, address in zip(before, after, strict=True):
        if target.startswith(("https:", "#")):
            assert address == target
        else:
            assert (ROOT / target.partition("#")[0]).exists()
            assert re.fullmatch(rf"https://github\.com/o/r/(blob|raw)/v1\.2\.3/{re.escape(target)}", address)


def test_pictures_are_shown_and_other_links_stay() -> None:
    text = "![a](docs/a.svg) [b](https://b) [c](#c) [d](docs/d.md#e)"
    assert hatch_build.with_addresses(text, "https://h/o/r", "v1") == (
        "![a](https://h/o/r/raw/v1/docs/a.svg) [b](https://b) [c](#c) [d](https://h/o/r/blob/v1/docs/d.md#e)"
    )
