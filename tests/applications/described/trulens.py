"""TruLens: traces of language models; names with a prefix, that of the version table as well."""

from __future__ import annotations

from typing import Any

REQUIRES = ("trulens-core",)
OLDER = "4"


def models() -> Any:
    from trulens.core.database.orm import make_orm_for_prefix

    return make_orm_for_prefix(table_prefix="trulens_").metadata


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from trulens.core.database.migrations import upgrade_db

    upgrade_db(sa.create_engine(url), revision=revision)
