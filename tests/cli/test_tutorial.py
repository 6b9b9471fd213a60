"""docs/tutorial.md, run from top to bottom: each line of output that it shows is one that the program prints."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from os import environ
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(?P<kind>python|console|sql)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r" (?:·)? ?[\d.]+ (?:ms|s)(?=,| ·|$)")


def lines(text: str) -> list[str]:
    """Without times, and without blanks that only align."""
    return [re.sub(r" +", " ", _TIMES.sub(" ", line).replace(" , ", " ")).strip() for line in text.splitlines()]


def test_the_tutorial(tmp_path: Path) -> None:
    for block in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        kind, body = block["kind"], block["body"]
        if kind == "python":
            with (tmp_path / "shop.py").open("a", encoding="utf-8") as file:
                file.write(body)
        elif kind == "sql":
            with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
                connection.executescript(body)
        else:
            command, _, output = body.partition("\n")
            ran = subprocess.run(
                [sys.executable, "-m", *command.removeprefix("$ ").replace("schema-guard", "schema_guard").split()],
                cwd=tmp_path,
                env={**environ, "DATABASE_URL": "sqlite:///shop.db"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            said = lines(ran.stdout)
            for line in lines(output):
                assert any(part == line or squeezed(part) == squeezed(line) for part in said), (line, said)


def squeezed(line: str) -> str:
    """Without the separators around what was taken out."""
    return re.sub(r"[ ·]+", " ", line).strip()
