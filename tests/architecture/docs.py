"""The documentation against the code: generated parts are up to date, links lead somewhere, codes are explained.

`python -m tests.architecture.docs` checks, with `--write` it writes the generated parts again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click

from schema_guard.cli.commands import group
from schema_guard.difference import Difference
from tests.architecture.first_look import first_look
from tests.architecture.python_api import python_api, undocumented
from tests.cli.readme import README, readme
from tests.scenarios.document import HERE as SCENARIOS
from tests.scenarios.document import documents

__all__ = ["documented_codes", "generated", "problems"]

ROOT = Path(__file__).resolve().parents[2]
CODES = ROOT / "docs" / "codes.md"
_CODE = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def documented_codes() -> frozenset[str]:
    """The codes of differences that docs/codes.md explains, each in a row of a table."""
    return frozenset(_CODE.findall(CODES.read_text(encoding="utf-8")))


def generated() -> dict[Path, str]:
    """The files that are written by a program, and what they have to hold."""
    return {
        ROOT / "docs" / "commands.md": _commands(),
        ROOT / "docs" / "python-api.md": python_api(),
        ROOT / "docs" / "images" / "first-look.svg": first_look(),
        SCENARIOS / "README.md": _scenarios(),
        README: readme(),
    }


def problems() -> Iterator[str]:
    """What is wrong, one line each."""
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(ROOT)} is not up to date: make docs"
    codes = {kind.code for kind in get_args(Difference)}
    for code in sorted(codes ^ documented_codes()):
        yield f"docs/codes.md: {code} is {'not documented' if code in codes else 'no code of a difference'}"
    yield from undocumented()
    yield from _not_in_menu()
    for path in _pages():
        for link in _LINK.finditer(_FENCED.sub("", path.read_text(encoding="utf-8"))):
            target = link["target"].partition("#")[0]
            if target and "://" not in target and not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: the link to {link['target']} leads nowhere"


def _not_in_menu() -> Iterator[str]:
    """A page of docs/ that the site's menu lacks; `make docs-site` would fail."""
    menu = (ROOT / "docs-site" / "mkdocs.yml").read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").glob("*.md")):
        if not re.search(rf"[ :]{re.escape(path.name)}$", menu, re.MULTILINE):
            yield f"docs/{path.name} is in no menu: name it under nav in docs-site/mkdocs.yml"


def _pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *SCENARIOS.rglob("*.md")]


def _commands() -> str:
    parts = ["# Commands\n\nWhat `schema-guard --help` prints, and each command's `--help`. Written by `make docs`.\n"]
    parts.extend(f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in _helps(group, "schema-guard", None))
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2],
        parent=parent,
        terminal_width=100,
        help_option_names=group.context_settings["help_option_names"],
    )
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _helps(found, f"{name} {inner}", context)


def _scenarios() -> str:
    lines = [
        "# Scenarios\n",
        "Each page is a behaviour: models, a database, what `check` and `plan` say, and what is there afterwards. Each",
        "is run as a test on every database it names; `make scenarios` writes anew what the tool says. This list is",
        "written by `make docs`.\n",
    ]
    lines.extend(f"- [{document.title}]({document.name}.md): {', '.join(document.codes)}" for document in documents())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        for path, text in generated().items():
            path.write_text(text, encoding="utf-8")
    found = list(problems())
    print("\n".join(found) or "the documentation agrees with the code")
    sys.exit(bool(found))
