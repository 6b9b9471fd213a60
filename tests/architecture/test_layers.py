"""The rooms and their order: who may import whom."""

from __future__ import annotations

import sys

from tests.architecture.imports import SOURCE, imports, modules

LAYERS = (
    ("__main__",),
    ("cli",),
    ("alembic", "pytest"),
    ("render.several", "render.fleet"),
    ("render.many", "render.masked"),
    ("render.formats",),
    ("compat",),
    ("render.chain",),
    ("revision.write",),
    ("chain",),
    ("chain.faults",),
    ("chain.sandbox",),
    ("chain.reading",),
    ("chain.env_urls", "chain.identity", "chain.live"),
    ("chain.systems",),
    ("chain.version_table",),
    ("chain.commands", "chain.fault", "chain.history", "chain.location"),
    ("revision", "revision.run", "integrations"),
    ("target", "demo", "fleet", "tried_on_sqlite"),
    ("guard",),
    ("configured",),
    ("many",),
    ("rounds",),
    ("beside", "by_digests", "events", "remembering"),
    ("by_definitions",),
    ("by_text",),
    ("look",),
    ("sources",),
    ("execute", "render"),
    ("history",),
    ("dialects",),
    ("dialects.postgresql", "dialects.sqlite"),
    ("dialects.survey", "dialects.stands_on", "dialects.unknown_rules"),
    (
        "dialects.bridge",
        "dialects.conditions",
        "dialects.deadline",
        "dialects.watch",
        "dialects.definitions",
        "dialects.labels",
        "dialects.stop",
        "dialects.translation",
        "dialects.violators",
    ),
    ("dialects.renames",),
    ("compare", "sources.sqlalchemy"),
    ("dialects.judge",),
    ("dialects.base", "readiness"),
    ("dialects.inquiry",),
    ("dialects.encodable", "dialects.terms"),
    ("exit_codes",),
    ("report",),
    ("scope",),
    ("planner",),
    ("plan",),
    ("difference",),
    ("schema",),
    ("table_facts",),
    ("key",),
    ("code_of_others", "column", "fill", "index", "published", "denied", "refused_write"),
    ("declared", "need"),
    ("names", "unread"),
    ("accepted_file",),
    ("config",),
    ("acceptance", "database_url"),
    ("selector",),
    ("errors", "remembered", "requirements"),
    ("address",),
    ("bind", "counted", "fit", "frozen_text", "hidden", "impact", "name_length", "pattern", "shadowing", "toml_text"),
)
"""From top to bottom. A room imports from rooms below, not from above and not from beside it."""

PURE = (
    "compare",
    "planner",
    "difference",
    "plan",
    "report",
    "remembered",
    "schema",
    "table_facts",
    "fill",
    "column",
    "index",
    "key",
    "need",
    "names",
    "published",
    "unread",
    "acceptance",
    "bind",
    "counted",
    "declared",
    "errors",
    "fit",
    "hidden",
    "impact",
    "name_length",
    "pattern",
    "scope",
    "selector",
    "toml_text",
)
"""Rooms without any database: neither SQLAlchemy nor a driver."""

FOREIGN = {
    "sqlalchemy": {"dialects", "dialects.postgresql", "dialects.sqlite", "dialects.bridge", "dialects.base"}
    | {"guard", "target", "cli", "demo", "address", "database_url", "integrations", "chain", "compat", "revision"}
    | {"fleet", "pytest", "sources.sqlalchemy"},
    "pytest": {"pytest"},
    "alembic": {"integrations", "chain", "revision"},
    "flask": {"integrations", "chain", "cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "opentelemetry": {"integrations", "cli"},
}
"""What is not in the standard library, and the rooms (with those inside them) that may import it."""

LONGEST = 400
"""Lines of a source file."""

FRONT = "the package itself"
ROOMS = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}


def room_of(module: str) -> str:
    """The longest name of a room that the module lies in."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in ROOMS), FRONT if module == "" else module)


def test_every_module_lies_in_a_room() -> None:
    """A new room has to be given its place in the order."""
    assert {room_of(module) for module in modules()} - {FRONT} <= set(ROOMS)


def test_imports_go_downwards_only() -> None:
    wrong = []
    for found in imports():
        package, _, inner = found.imported.partition(".")
        if package != SOURCE.name or found.for_types:
            continue
        importer, imported = room_of(found.importer), room_of(inner)
        if FRONT in (importer, imported):
            # only the command line may ask the package itself, for its version
            if imported == FRONT and importer != "cli":
                wrong.append(f"{found.importer}:{found.line} imports {found.imported}")
        elif importer != imported and ROOMS[importer] >= ROOMS[imported]:
            wrong.append(f"{found.importer}:{found.line} imports {found.imported}")
    assert wrong == []


def test_foreign_packages_stay_in_their_rooms() -> None:
    """compare and planner know neither SQLAlchemy nor a driver; only the command line knows Click and Rich."""
    wrong = []
    for found in imports():
        package = found.imported.partition(".")[0]
        if package in sys.stdlib_module_names or package == SOURCE.name or found.for_types:
            continue
        room = room_of(found.importer)
        if room in PURE or not {room, room.partition(".")[0]} & FOREIGN.get(package, {room}):
            wrong.append(f"{found.importer}:{found.line} imports {found.imported}")
    assert wrong == []


def test_files_are_short() -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values()}
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}
