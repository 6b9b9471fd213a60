"""Tables that publications hold: where the server refuses UPDATE and DELETE, since it could not tell the rows apart."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import failing, writers
from schema_guard.difference import Impact, ReplicaIdentityUnfit
from schema_guard.published import Published
from schema_guard.schema import Table

__all__ = ["compare_published", "gets_identity", "refused_changes"]


def compare_published(table: Table, live: Table) -> Iterator[ReplicaIdentityUnfit]:
    for published in live.facts.unchangeable:
        if not gets_identity(table, live, published):
            yield ReplicaIdentityUnfit(
                table=table,
                published=published,
                impact=Impact.BREAKS,
                effect=refused_changes(table, [published]),
            )


def gets_identity(table: Table, live: Table, published: Published) -> bool:
    """Whether the primary key that the models have and the table lacks will be what tells the rows apart."""
    lacks_key = live.primary_key is None and table.primary_key is not None and bool(table.primary_key.columns)
    return (published.reason, published.kind) == ("none", "d") and lacks_key and not live.facts.inherited


def refused_changes(table: Table, some: list[Published]) -> str:
    """What fails, one clause."""
    verbs = [verb for verb, of in (("UPDATE", "updates"), ("DELETE", "deletes")) if any(getattr(p, of) for p in some)]
    parts = {str(published.member) for published in some if published.member != table.name}
    where = f" where they come to rows of {', '.join(sorted(parts))}" if parts else ""
    return f"{failing(verbs, writers(table))}{where}"
