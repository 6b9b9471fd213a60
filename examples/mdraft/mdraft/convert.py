"""A document becomes Markdown, in a process of its own: a hostile file may crash it or take too long, and nothing else.

Run as `python -m mdraft.convert MIME SECONDS`: the document on standard input, Markdown on standard output.
"""

from __future__ import annotations

import io
import re
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mdraft.documents import DOCX, PDF
from mdraft.text import storable

__all__ = ["ConversionError", "to_markdown"]

HOME = Path(__file__).resolve().parent.parent
MEMORY_LIMIT = 1024 * 1024 * 1024
_BULLET = re.compile(r"^[•◦▪‣·*–-]\s+")


class ConversionError(Exception):
    """A sentence for the person who sent the document."""


def to_markdown(content: bytes, mime: str, seconds: int) -> str:
    """Convert within that time.

    Raises:
        ConversionError: the file is damaged, locked by a password, holds no text, or takes too long.
    """
    command = [sys.executable, "-m", "mdraft.convert", mime, str(seconds)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=seconds, cwd=HOME, check=False)
    except subprocess.TimeoutExpired:
        raise ConversionError(f"The document takes longer than {seconds} seconds to convert.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise ConversionError(
            "The document is locked by a password."
            if "Password" in said
            else "The document is damaged, it cannot be read."
        )
    markdown = storable(done.stdout.decode(errors="replace")).strip()
    if not markdown:
        raise ConversionError("The document holds no text; scanned pages would have to be recognised first.")
    return markdown + "\n"


def from_docx(content: bytes) -> str:
    import mammoth
    from markdownify import markdownify

    without_pictures = mammoth.images.img_element(lambda _: {})  # they would come as base64 in the text
    html = mammoth.convert_to_html(io.BytesIO(content), convert_image=without_pictures).value
    return str(markdownify(html, heading_style="ATX", bullets="-", strip=["img", "a"]))


def from_pdf(content: bytes) -> str:
    """The text in reading order; lines in larger letters than most of the text are headings."""
    lines = list(_lines(content))
    letters: Counter[float] = Counter()
    for text, size, _ in lines:
        letters[size] += len(text)
    body = letters.most_common(1)[0][0] if letters else 0.0
    larger = sorted((size for size in letters if size > body * 1.15), reverse=True)[:3]
    parts: list[str] = []
    paragraph: int | None = None
    for text, size, block in lines:
        if size in larger:
            parts.append(f"\n\n{'#' * (larger.index(size) + 1)} {text}")
            paragraph = None
        elif _BULLET.match(text):
            parts.append(f"\n- {_BULLET.sub('', text)}")
            paragraph = block
        else:
            parts.append(f" {text}" if paragraph == block else f"\n\n{text}")
            paragraph = block
    return "".join(parts)


def _lines(content: bytes) -> Iterator[tuple[str, float, int]]:
    """Each line of text, the size of its letters in points, and a number for the block it stands in."""
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LTChar, LTTextContainer, LTTextLine

    block = 0
    for page in extract_pages(io.BytesIO(content)):
        for container in page:
            if not isinstance(container, LTTextContainer):
                continue
            block += 1
            for line in container:
                text = " ".join(line.get_text().split()) if isinstance(line, LTTextLine) else ""
                if text:
                    sizes = Counter(round(char.size) for char in line if isinstance(char, LTChar))
                    yield text, float(sizes.most_common(1)[0][0]) if sizes else 0.0, block


def _main(mime: str, seconds: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    content = sys.stdin.buffer.read()
    try:
        markdown = {PDF: from_pdf, DOCX: from_docx}[mime](content)
    except Exception as error:  # whatever a damaged file provokes in a parser
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(markdown.encode(errors="replace"))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
