"""`schema-guard revision`: a plan as a defensive Alembic revision in the project's own versions folder."""

from __future__ import annotations

import configparser
import textwrap
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, rev_id

from schema_guard.chain.location import Location, find_location
from schema_guard.dialects import SUPPORTED, offline_dialect, open_session
from schema_guard.dialects.definitions import is_rejected
from schema_guard.difference import BackfillPending, Difference, Impact, SequenceMissing, TableMissing
from schema_guard.errors import ConfigurationError, one_line
from schema_guard.guard import Guard
from schema_guard.plan import REFUSED
from schema_guard.revision.write.left import Left
from schema_guard.revision.write.text import Text, revision_text
from schema_guard.revision.write.types import Languages
from schema_guard.sources.sqlalchemy.filling import fill_of
from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["Written", "text_for", "text_for_everything", "write_revision"]

LONGEST_ID = 32
"""alembic_version.version_num is VARCHAR(32)."""

_NO_WAY_BACK = (
    "# Nothing to take back: the revision only added what the models of its time expect, and parts of it may have\n"
    "# been there before. Dropping them would destroy what they hold."
)


@dataclass(frozen=True, slots=True)
class Written:
    """A revision file. `left` names what the plan does and the revision does not."""

    path: Path
    revision: str
    down_revision: str | None
    operations: int
    left: tuple[str, ...]


def text_for(guard: Guard, database: Any) -> Text:
    """The revision that fixes what a database lacks. Raises as `guard.check` does."""
    with closing(open_session(database)) as session:
        session.locate(*guard.source.names(session.dialect))
        writer = Writer(session.dialect)
        plan = guard.plan(database)
    wanted = {key for step in plan.steps for key in step.resolves}
    # This database does not know what they name; another one, where the revision runs too, may.
    rejections = {
        definition: rejection for definition, rejection in plan.survey.rejections.items() if rejection.kind != REFUSED
    }
    wanted |= {
        difference.key
        for difference in plan.differences
        if not isinstance(difference, Left) and is_rejected(difference, rejections)
    }
    differences = [difference for difference in plan.differences if difference.key in wanted]
    differences += _of_missing_tables(guard, differences, writer)
    refusals = [refusal for refusal in plan.refusals if refusal.difference.key not in wanted]
    return revision_text(differences, refusals, guard, writer, _languages())


def _of_missing_tables(guard: Guard, differences: Sequence[Difference], writer: Writer) -> list[Difference]:
    """The declared backfills of tables that this database lacks: another one may have them, with rows."""
    missing = {
        difference.table.name: difference.table for difference in differences if isinstance(difference, TableMissing)
    }
    fills = (fill_of(backfill, writer) for backfill in guard.backfills)
    return [
        BackfillPending(impact=Impact.WEAKENS, table=missing[fill.table], fill=fill)
        for fill in fills
        if fill.table in missing
    ]


def text_for_everything(guard: Guard) -> Text:
    """The revision that holds all that the models expect, made without a database."""
    words = offline_dialect("postgresql")
    expected = guard.expected(words)
    tables = {table.name: table for table in expected.tables}
    differences: list[Difference] = [
        *(SequenceMissing(impact=Impact.BREAKS, sequence=sequence) for sequence in expected.sequences),
        *(TableMissing(impact=Impact.BREAKS, table=table) for table in expected.tables if table.ddl),
        *(
            BackfillPending(impact=Impact.WEAKENS, table=tables[fill.table], fill=fill)
            for fill in expected.fills
            if fill.table in tables
        ),
    ]
    return revision_text(differences, (), guard, Writer(words), _languages())


def _languages() -> Languages:
    return Languages({name: Writer(offline_dialect(name)) for name in SUPPORTED})


def write_revision(
    text: Text,
    message: str,
    *,
    config: str | None = None,
    section: str = "alembic",
    head: str | None = None,
    revision_id: str | None = None,
) -> Written | None:
    """Write the file as the project's own template has it.

    Args:
        text: of `text_for`.
        message: what `alembic history` shows.
        config: as --config: an alembic.ini, a pyproject.toml or the folder of env.py; None looks for one.
        section: of alembic.ini.
        head: the revision that it follows; None is the only head.
        revision_id: None makes one up as Alembic does.

    Returns:
        None when there is nothing to write.

    Raises:
        ConfigurationError: no migrations were found, they cannot be read or written, they have several heads, or their
            template drops what it is given.
    """
    if not text.operations:
        return None
    if revision_id is not None and len(revision_id) > LONGEST_ID:
        raise ConfigurationError(
            f"the revision id {revision_id} has {len(revision_id)} characters; alembic_version holds {LONGEST_ID}"
        )
    location = find_location(config, section)
    if location is None:
        raise ConfigurationError("no Alembic migrations here: name alembic.ini or the folder of env.py with --config")
    try:
        folder = ScriptDirectory.from_config(_config(location))
        _one_head(folder, head, location)
        script = folder.generate_revision(
            revision_id or rev_id(),
            _message(message),
            head=head or "head",
            upgrades=textwrap.indent(_upgrade(text, folder), "    ").lstrip(" "),
            downgrades=textwrap.indent(f"{_NO_WAY_BACK}\npass", "    ").lstrip(" "),
            imports=text.imports,
        )
    except CommandError as error:
        raise ConfigurationError(f"Alembic refuses: {one_line(str(error))}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{location} cannot be read: {one_line(str(error))}") from None
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be written: {error.strerror}") from None
    assert script is not None
    return _written(script, text)


def _config(location: Location) -> Config:
    toml: dict[str, Any] = {"toml_file": str(location.toml)} if location.toml else {}  # Alembic 1.16 and later know it
    config = Config(str(location.ini) if location.ini else None, ini_section=location.section, **toml)
    if location.folder is not None:  # Flask-Migrate's alembic.ini lies beside env.py and does not say so
        config.set_main_option("script_location", str(location.folder).replace("%", "%%"))
    return config


def _one_head(folder: ScriptDirectory, head: str | None, location: Location) -> None:
    heads = folder.get_heads()
    if head is None and len(heads) > 1:
        merge = f'{location.command} merge -m "merge heads" {" ".join(heads)}'
        raise ConfigurationError(
            f"the migrations have {len(heads)} heads ({', '.join(heads)}): merge them with `{merge}`, or name one"
            " with --head"
        )


def _upgrade(text: Text, folder: ScriptDirectory) -> str:
    """What upgrade() does; with its imports where the project's template has no place for them."""
    template = Path(folder.dir) / "script.py.mako"
    if not template.is_file() or "imports" in template.read_text(encoding="utf-8", errors="replace"):
        return text.upgrade
    return f"{text.imports}\n\n{text.upgrade}"


def _message(message: str) -> str:
    """Fit for the docstring that templates put it in."""
    return one_line(message).replace("\\", "/").replace('"""', "'''").strip('" ') or "defensive revision"


def _written(script: Script, text: Text) -> Written:
    path = Path(script.path)
    if "guarded(op" not in path.read_text(encoding="utf-8"):
        path.unlink()
        raise ConfigurationError(
            "the project's script.py.mako does not use ${upgrades}: a template for several databases, perhaps."
            " Nothing was written; --sql-preview shows what would be"
        )
    down = script.down_revision
    return Written(
        path, script.revision, down if isinstance(down, str) else _joined(down), text.operations, tuple(text.left)
    )


def _joined(down: Sequence[str] | None) -> str | None:
    return ", ".join(down) if down else None
