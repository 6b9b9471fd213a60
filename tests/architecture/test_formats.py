"""The formats are found by their files' names."""

from __future__ import annotations

import inspect
from pathlib import Path

import click
import pytest

from schema_guard.cli.commands import group
from schema_guard.render import formats
from schema_guard.render.formats import COMMANDS, formats_of, renderer

FILES = sorted(path.stem for path in Path(formats.__file__).parent.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", FILES)
def test_a_format_renders_commands_alike(name: str) -> None:
    """Each function of the file is a command, and is called with what it found and a Shown."""
    module = __import__(f"{formats.__name__}.{name}", fromlist=[name])
    functions = {key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")}
    assert functions, "the file renders nothing"
    assert functions <= set(COMMANDS)
    for command in functions:
        found = renderer(name, command)
        assert found is not None
        assert list(inspect.signature(found).parameters)[1:] == ["shown"]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "error"])
def test_a_command_offers_what_the_files_have(command: str) -> None:
    option = next(item for item in group.commands[command].params if item.name == "format_")
    offered = {name for name in FILES if renderer(name, command) is not None}
    assert isinstance(option.type, click.Choice)
    assert set(option.type.choices) == offered == set(formats_of(command))
    assert formats_of(command)[0] == "text"


def test_no_format_is_not_found() -> None:
    assert renderer("no such format", "check") is None
