"""Annotations of GitHub Actions: a line for each finding (GitHub Docs: workflow commands for GitHub Actions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.render.formats import Shown


def compat(found: Compatibility, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.compat import advice

    lines = [_command("error", found.release, reason) for reason in found.collisions]
    for broken in found.breaks:
        text = "\n".join((f"{broken.what}: {broken.effect}", *advice(broken, found.release)))
        lines.append(_command("error", broken.object, text))
    lines += [_command("warning", doubt.object, f"{doubt.what}: {doubt.effect}") for doubt in found.doubts]
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_escaped(title, of_property=True)}::{_escaped(message)}"


def _escaped(text: str, *, of_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text
