"""Schemas and domains that are missing. Nothing locks a table."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import Difference, DomainMissing, Holder, SchemaMissing
from schema_guard.need import Need
from schema_guard.plan import Lock, Phase, Refusal
from schema_guard.schema import Domain, Name, Sequence

__all__ = ["domain_missing", "held", "homeless", "needs_schema", "put_aside", "refused_object", "schema_missing"]

_KINDS = (
    ("index", "INDEX"),
    ("materialized view", "MATERIALIZED VIEW"),
    ("view", "VIEW"),
    ("type", "TYPE"),
    ("domain", "TYPE"),
)
"""By a word of what holds a name: what ALTER calls it. ALTER TABLE takes all others."""


def schema_missing(difference: SchemaMissing, context: Context) -> Repairs:
    return [
        context.step(
            difference,
            "create-schema",
            [f"CREATE SCHEMA {context.quote(difference.name)}"],
            probes.schema_absent(difference.name),
            Phase.SCHEMA,
            lock=Lock.NONE,
            provides=frozenset({Need.schema(difference.name)}),
        )
    ]


def domain_missing(difference: DomainMissing, context: Context) -> Repairs:
    domain = difference.domain
    if difference.holder is not None:
        return held(difference, difference.holder, domain.name, context)
    return (
        refused_object(difference, domain, context)
        or homeless(difference, domain.name, context)
        or [
            context.step(
                difference,
                "create-domain",
                [domain.ddl],
                probes.type_absent(context.quote(domain.name)),
                Phase.TYPE,
                provides=frozenset({Need.type(domain.name)}),
                requires=needs_schema(domain.name) | context.types_needed(domain.type),
            )
        ]
    )


def refused_object(difference: Difference, noun: Domain | Sequence, context: Context) -> Repairs:
    """A refusal of what the server refused when it was tried."""
    rejection = context.survey.rejections.get((noun.name, noun)) if context.survey.rejections else None
    return [Refusal(difference, rejection.said, rejection.advice)] if rejection is not None else []


def needs_schema(name: Name) -> frozenset[Need]:
    return frozenset({Need.schema(name.schema)}) if name.schema else frozenset()


def held(difference: Difference, holder: Holder, name: Name, context: Context) -> Repairs:
    """Nothing can be created under a name that something else holds, which may be in use: a person decides."""
    advice = f"{put_aside(name, holder, context)} -- or name another one in the models"
    return [Refusal(difference, f"the name is held by {holder}", (advice,))]


def put_aside(name: Name, holder: Holder, context: Context) -> str:
    """The statement that gives another name to what holds this one."""
    kind = next((keyword for word, keyword in _KINDS if word in holder.kind), "TABLE")
    return f"ALTER {kind} {context.quote(name)} RENAME TO {context.aside(name)};"


def homeless(difference: Difference, name: Name, context: Context) -> Repairs:
    """A refusal when the search_path leads to no schema in which the unqualified name could be created."""
    if name.schema is not None or context.offline:
        return []
    return [
        Refusal(
            difference,
            "the search_path leads to no schema that exists and that the role may use: nowhere to create it",
            context.facts.leading_somewhere,
        )
    ]
