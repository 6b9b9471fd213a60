"""Settings of the connection under which statements of the application fail, as far as its models meet them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schema_guard.dialects.encodable import can_encode
from schema_guard.dialects.terms import Unfit
from schema_guard.difference import Impact, SettingUnfit
from schema_guard.schema import Schema

__all__ = ["compare_settings"]


def compare_settings(expected: Schema, unfit: Iterable[Unfit]) -> Iterator[SettingUnfit]:
    """One for each setting; of one that concerns some types only where the models have a column of them."""
    types = {column.type.name for table in expected.tables for column in table.columns}
    for each in unfit:
        names = _names(expected, columns_alone=each.parameters) if each.codec else ()
        unsaid = next((name for name in names if not can_encode(name, each.codec)), "")
        everywhere = not each.types and not each.codec
        if not expected.tables or not (everywhere or unsaid or types.intersection(each.types)):
            continue
        impact, effect = Impact.BREAKS, each.effect
        if unsaid and each.parameters:
            effect = f"statements that give {unsaid} a value fail (UnicodeDecodeError): {effect}"
        elif unsaid:
            effect = f"statements that name {unsaid} fail (UnicodeEncodeError): {effect}"
        elif each.codec:
            impact, effect = Impact.WEAKENS, f"not provable: {effect}"
        yield SettingUnfit(setting=each.setting, said=each.headline, advice=each.advice, impact=impact, effect=effect)


def _names(expected: Schema, *, columns_alone: bool) -> Iterator[str]:
    for table in expected.tables:
        if not columns_alone:
            yield from (table.name.schema or "", table.name.name)
        yield from (column.name for column in table.columns)
