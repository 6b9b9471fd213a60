"""Which statements of another release would fail, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema_guard.counted import counted
from schema_guard.render.json import VERSION, text_of
from schema_guard.render.line import Line, Span, Style, blank, line, words

if TYPE_CHECKING:
    from schema_guard.compat.compatibility import Break, Compatibility

__all__ = ["advice", "compat_json", "compat_lines"]


def compat_lines(found: Compatibility, exit_code: int) -> list[Line]:
    """What was done on the scratch database, what fails, what may fail, the verdict."""
    lines = [line(Span(f"{found.release} on what this release leaves behind", Style.BOLD), f" · {found.system}")]
    lines += [line(words(f"  {done}")) for done in found.done]
    if found.collisions:
        lines += [blank, line(Span("the chains collide", Style.BREAKS))]
        lines += [line(Span("  ✗ ", Style.BREAKS), words(reason)) for reason in found.collisions]
    if found.breaks:
        lines += [blank, line(Span("statements of that release that fail", Style.BREAKS))]
    for broken in found.breaks:
        lines.append(line(Span(f"  ✗ {broken.object}", Style.BREAKS), f"  {broken.what}"))
        lines.append(line(words(f"      {broken.effect}")))
        lines += [line(words(f"      {text}")) for text in advice(broken, found.release)]
    if found.doubts:
        lines += [blank, line(Span("what of it may be refused", Style.WEAKENS))]
    for doubt in found.doubts:
        lines.append(line(Span(f"  ! {doubt.object}", Style.WEAKENS), f"  {doubt.what}"))
        lines.append(line(words(f"      {doubt.effect}")))
    lines.append(blank)
    verdict = f"rolling back to {found.release} is {'safe' if found.safe else 'not safe'}"
    count = f" · {counted(len(found.breaks), 'break')}" if found.breaks else ""
    lines.append(line(Span(verdict, Style.GOOD if found.safe else Style.BREAKS), f"{count} · exit {exit_code}"))
    return lines


def advice(broken: Break, release: str) -> tuple[str, ...]:
    """The order that avoids it, a line for each of expand, deploy and contract; empty where nobody can say."""
    if broken.order is None:
        return ()
    return (
        f"expand: in this release {broken.order.expand}",
        f"deploy: until no process of {release} runs any more",
        f"contract: in a revision of the next release {broken.order.contract}",
    )


def compat_json(found: Compatibility, exit_code: int) -> str:
    """The document of `schema-guard compat --format json`."""
    return text_of(
        {
            "version": VERSION,
            "command": "compat",
            "exit_code": exit_code,
            "release": found.release,
            "scratch": found.system,
            "safe": found.safe,
            "done": list(found.done),
            "collisions": list(found.collisions),
            "breaks": [
                {
                    "object": broken.object,
                    "code": broken.code,
                    "what": broken.what,
                    "effect": broken.effect,
                    "expand": None if broken.order is None else broken.order.expand,
                    "contract": None if broken.order is None else broken.order.contract,
                }
                for broken in found.breaks
            ],
            "doubts": [
                {"object": doubt.object, "code": doubt.code, "what": doubt.what, "effect": doubt.effect}
                for doubt in found.doubts
            ],
        }
    )
