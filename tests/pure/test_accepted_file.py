"""Entries in pyproject.toml are added and taken out as text: what else stands there stays."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from schema_guard.acceptance import Acceptance, acceptances_of
from schema_guard.accepted_file import add, remove
from schema_guard.errors import ConfigurationError

NEW = (
    Acceptance("column-unknown a.b"),
    Acceptance('index-missing a.x"y\\z', 'say "no"\n\x7f', by="ops", expires=date(2999, 1, 31)),
)
OTHERS = '# top\n[project]\nname = "shop" # [tool.schema-guard]\ntext = """\naccept = [\n"""\n'

DOCUMENTS = {
    "empty": "",
    "no newline at its end": "[project]\nname = 'x'",
    "other tables": OTHERS,
    "its table": f"{OTHERS}\n[tool.schema-guard]\ntarget = 'x:y' # why\n\n# of ruff\n[tool.ruff]\nline-length = 3\n",
    "its table is empty": "[tool.schema-guard]\n[tool.ruff]\n",
    "a table below it": "[tool.schema-guard.policy]\ncomments = false\n",
    "an empty list": "[tool.schema-guard]\naccept = []\n",
    "a short list": "[tool.schema-guard]\naccept = ['old b.c', \"older b.c\"] # known\nbudget = 3\n",
    "a long list": '[tool.schema-guard]\naccept = [\n  # why, and how\n  "old b.c", # one, two\n'
    '  { key = "older b.c", expires = 2999-01-01 } # three]\n]\n',
    "a list with a bracket behind": "[tool.schema-guard]\naccept = [\n  'old b.c',\n  'older b.c']\n",
    "dotted": "[tool]\nschema-guard.accept = ['old b.c'\n, 'older b.c',]\n",
    "quoted": '[tool."schema-guard"]\n"accept" = [ "old b.c", "older b.c" ]\n',
    "blocks": "[[tool.schema-guard.accept]] # one\nkey = 'old b.c'\n\n[[tool.schema-guard.accept]]\n"
    "key = 'older b.c'\nreason = '''[[tool]]\n'''\n\n# ruff\n[tool.ruff]\nx = 1\n",
    "several keys in one text": "[tool.schema-guard]\naccept = ['old b.c, older b.c']\n",
    "Windows": "[tool.schema-guard]\r\naccept = [\r\n  'old b.c',\r\n  'older b.c' # x\r\n]\r\n# end\r\n",
}


def accepted(file: Path) -> list[tuple[str, str, date | None]]:
    found = tomllib.loads(file.read_bytes().decode())["tool"].get("schema-guard", {}).get("accept", [])
    return [(each.key, each.reason, each.expires) for each in acceptances_of(found)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_added_comes_last_and_is_taken_out_again(name: str, tmp_path: Path) -> None:
    text = DOCUMENTS[name]
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text.encode())
    file.chmod(0o640)
    add(file, NEW)
    written = file.read_bytes().decode()
    for key, reason in (("column-unknown a.b", ""), (NEW[1].key, NEW[1].reason.strip())):
        assert key in [each[0] for each in accepted(file)][-2:]
        assert reason in [each[1] for each in accepted(file)][-2:]
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert [line.partition("#")[2] for line in written.splitlines() if "#" in line] == comments
    assert ("\r\n" in text) == ("\r\n" in written)
    assert "\n" not in written.replace("\r\n", "") if "\r\n" in text else True
    assert file.stat().st_mode & 0o777 == 0o640
    remove(file, {each.key for each in NEW})
    assert [each[0] for each in accepted(file)] == (["old b.c", "older b.c"] if "b.c" in text else [])
    if "b.c" in text:
        remove(file, {"older b.c"})
        assert [each[0] for each in accepted(file)] == ["old b.c"]
        remove(file, {"old b.c"})
        assert accepted(file) == []
    assert list(tmp_path.iterdir()) == [file]


def test_the_rest_of_the_text_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    for name in ("its table", "blocks", "a long list", "Windows"):
        text = DOCUMENTS[name]
        file.write_bytes(text.encode())
        add(file, NEW)
        new = iter(file.read_bytes().decode().replace(",", "").splitlines(keepends=True))
        assert all(line in new for line in text.replace(",", "").splitlines(keepends=True)), "in this order"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.schema-guard\n", "is not valid TOML"),
        ("[tool.schema-guard]\naccept = 'a b'\n", "has to be a list"),
        ("[tool]\nschema-guard = { accept = [] }\n", "written in a form that is not edited"),
        ("tool = { schema-guard = {} }\n", "written in a form that is not edited"),
    ],
)
def test_what_is_not_understood_is_not_written(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        add(file, NEW)
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_text_that_no_file_can_hold(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not valid text"):
        add(tmp_path / "pyproject.toml", [Acceptance("a b", "\udc80")])
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("# real\n")
    (tmp_path / "pyproject.toml").symlink_to("real.toml")
    add(tmp_path / "pyproject.toml", NEW)
    assert (tmp_path / "pyproject.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text().startswith("# real\n")
