"""Settings of the connection under which statements of the application fail, as far as its models meet them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schema_guard.dialects.terms import Unfit
from schema_guard.difference import Impact, SettingUnfit
from schema_guard.schema import Schema

__all__ = ["compare_settings"]


def compare_settings(expected: Schema, unfit: Iterable[Unfit]) -> Iterator[SettingUnfit]:
    """One for each setting; of one that concerns some types only where the models have a column of them."""
    types = {column.type.name for table in expected.tables for column in table.columns}
    for each in unfit:
        if expected.tables and (not each.types or types.intersection(each.types)):
            yield SettingUnfit(
                setting=each.setting,
                said=each.headline,
                advice=each.advice,
                impact=Impact.BREAKS,
                effect=each.effect,
            )
