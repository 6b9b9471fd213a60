"""What a stamped revision left and is gone, made again before the revisions that are still to run."""

from __future__ import annotations

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fix
from schema_guard.chain.history import Chain
from schema_guard.chain.sandbox.matching import Standing
from schema_guard.counted import first_of

__all__ = ["made_again"]


def made_again(own: Standing | None, chain: Chain, commands: Commands) -> Fix | None:
    """The statements, then deploy; None where nothing is still to run, or more than that is different.

    Apply is no way there: the models expect what the last revision leaves, not what this one does.

    Args:
        own: how the database stands to the state that alembic_version names.
        chain: the revisions.
        commands: what a person types.
    """
    if own is None or not own.lacks or own.early or set(own.heads) == set(chain.heads):
        return None
    deploy, left = commands("deploy"), ", ".join(own.heads)
    if own.makes:
        said = f"make again what {left} left: {'; '.join(own.makes)}; then {deploy}"
        return Fix(said, command=deploy, sql=";\n".join(own.makes))
    return Fix(f"make again by hand what {left} left, as its revisions do ({first_of(own.lacks)}), then {deploy}")
