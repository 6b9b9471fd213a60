"""Hooks of MkDocs: pages that lie outside docs/, and links that lead there.

A link is written as GitHub takes it, relative to its file. Here it leads to the same page of the site; a link to a file
that is no page of the site becomes its text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "examples/mdraft.md": "examples/mdraft/README.md",
}
"""Pages of the site, and their files in the repository."""
PAGES = {source: page for page, source in OUTSIDE.items()}

_LINK = re.compile(r"\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    for page, source in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001
    source = OUTSIDE.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    kept = _FENCE.findall(markdown)

    def led(link: re.Match[str]) -> str:
        return _led(link, source, page.file.src_uri, files)

    parts = [_LINK.sub(led, part) for part in _FENCE.split(markdown)]
    return "".join(part + fence for part, fence in zip(parts, [*kept, ""], strict=True))


def _led(link: re.Match[str], source: str, here: str, files: Files) -> str:
    target, hash_, anchor = link["target"].partition("#")
    if not target or "://" in target:
        return link[0]
    path = os.path.normpath(Path(source).parent / target)
    page = PAGES.get(path, path.removeprefix("docs/") if path.startswith("docs/") else "")
    if not page or files.get_file_from_path(page) is None:
        return link["text"]
    return f"[{link['text']}]({os.path.relpath(page, Path(here).parent)}{hash_}{anchor})"
