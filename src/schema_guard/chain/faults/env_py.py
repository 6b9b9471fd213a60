"""What is wrong with env.py: whether it runs, which database it asks for, and which models it knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.sandbox.job import BARE_PERCENT, Described, Failed, Failure
from schema_guard.chain.sandbox.replay import Project
from schema_guard.counted import counted, first_of

__all__ = ["metadata_faults", "project_faults"]


def project_faults(project: Project, tables: Sequence[str]) -> Iterator[Fault]:
    """Faults of the project as it describes itself.

    Args:
        project: what env.py said.
        tables: keys of the models' tables.
    """
    if project.found is None:
        why = project.failed.message if project.failed else "it names no script folder"
        section = project.location.section
        named = "--name" if f"no '[{section}]' section" in why else "script_location"
        fix = f"correct {named}, or name the configuration with --config"
        if BARE_PERCENT in why:
            folder = project.location.ini.parent if project.location.ini else Path()
            fix = "write each % of a value as %%"
            if "%" in str(folder):  # %(here)s is that folder
                fix = f"a folder without % in its name: {folder}"
        yield Fault(
            "chain-unreadable",
            Severity.BREAKS,
            f"{project.location} leads to no chain: {why}",
            Fix(fix),
            str(project.location),
        )
        return
    env = str(Path(project.found.folder) / "env.py")
    # one that connects, or asks for its connection, and fails offline before it configures anything has no offline mode
    failed = project.failed
    if failed is not None and failed.why is Failure.READ_ONLY:
        yield Fault(
            "env-writes",
            Severity.NOTE,
            f"env.py writes to the database by a connection of its own. It was kept from that while it was read "
            f"({failed.message}), so what it configures is not known: alembic_version is looked for under its usual "
            "name",
            Fix(
                "let a revision do it, or env.py within context.begin_transaction() on the connection that it "
                "configures"
            ),
            failed.file or env,
            failed.line,
        )
    elif failed is not None and (project.described or not (project.asked or _asks_for_one(project.env_text, failed))):
        yield Fault(
            "env-fails",
            Severity.BREAKS,
            f"env.py does not run: {failed.message}",
            Fix(f"{_asks_for_x(project)}fix it, or what it imports; {project.location.on_database} current shows why"),
            failed.file or env,
            failed.line,
        )
    elsewhere = [asked for asked in project.asked if not asked.given]
    if elsewhere and len(elsewhere) == len(project.asked) and not project.several:
        yield Fault(
            "env-other-database",
            Severity.BREAKS,
            f"env.py connects to {elsewhere[0]}, whatever DATABASE_URL and sqlalchemy.url say: a deploy would "
            "migrate that database and not the one that is guarded",
            Fix(
                "read the URL where the application reads it: "
                'config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", "%%"))',
                file=env,
            ),
            env,
        )
    if project.several:
        yield Fault(
            "several-databases",
            Severity.NOTE,
            f"env.py works on several databases: only {project.url.database} is looked at, replayed against, proved "
            "and stamped. A deploy upgrades them all, each from where its own version table says it is",
            Fix(f"{project.location.on_database} current shows where each one is"),
            env,
        )
    if not (project.several and all(item.tables is None for item in project.described)):
        yield from metadata_faults(project.described, tables, env)  # each of several has a MetaData of its own there


def _asks_for_x(project: Project) -> str:
    asks = "get_x_argument" in project.env_text
    return "it reads arguments of -x: give them to this command too (-x NAME=VALUE); else " if asks else ""


def _asks_for_one(env: str, failed: Failed) -> bool:
    """Whether it failed for want of the connection that config.attributes holds only when revisions run."""
    said = failed.message.lower()
    takes = "attributes" in env and ('"connection"' in env or "'connection'" in env)
    return "no connection" in said or (takes and ("connection" in said or "nonetype" in said))


def metadata_faults(described: Sequence[Described], tables: Sequence[str], env: str) -> Iterator[Fault]:
    """What autogenerate would make of env.py's target_metadata."""
    if not described:
        return
    known = {key for item in described for key in item.tables or ()}
    if all(item.tables is None for item in described):
        yield Fault(
            "env-no-metadata",
            Severity.RISK,
            "env.py has no target_metadata: autogenerate cannot work, and `check` finds nothing",
            Fix("import the models' MetaData and give it to context.configure(target_metadata=..)", file=env),
            env,
        )
        return
    unregistered = sorted(set(tables) - known)
    if not unregistered:
        return
    yield Fault(
        "models-not-registered",
        Severity.RISK,
        f"env.py's target_metadata lacks {len(unregistered)} of the models' {counted(len(tables), 'table')}: "
        f"{first_of(unregistered)}. The next autogenerated revision would drop them with their rows",
        Fix("import the modules that define these models in env.py, before target_metadata is used", file=env),
        env,
    )
