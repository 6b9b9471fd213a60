"""A Request of a command line: settings are read, the application is imported, the database is found."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from schema_guard.address import Address
from schema_guard.cli import logs, telemetry
from schema_guard.cli.bind_urls import with_databases
from schema_guard.cli.choices import PROGRAM, chain_words, chosen_bind_urls, chosen_binds, chosen_scope
from schema_guard.cli.env_py import without_left_out
from schema_guard.cli.output import log
from schema_guard.cli.recalled import expectations_of
from schema_guard.cli.request import Request, is_frozen
from schema_guard.config import Settings, load_settings, normalise, unknown_variables
from schema_guard.dialects import is_in_memory
from schema_guard.errors import ConfigurationError
from schema_guard.guard import Guard
from schema_guard.many.member import MAIN, Member, acquainted, chosen
from schema_guard.scope import Scope
from schema_guard.sources.frozen import FrozenSource, release_of
from schema_guard.target.loading import Loaded, load
from schema_guard.target.own_database import factory_named, refuse_adrift

if TYPE_CHECKING:
    pass

__all__ = ["guard_of", "request"]


def request(target: str | None, **arguments: object) -> Request:
    """Collect settings, import the models, find the database.

    Args:
        target: the argument TARGET, None when it was not given.
        arguments: the options by their settings' names, None for those not given.

    Raises:
        ConfigurationError, TargetError: as `load_settings`, `load_target` and `normalise` do.
    """
    arguments = {**chosen_scope(), **arguments}
    loaded, settings = guard_of({"target": target, **arguments})
    context = click.get_current_context(silent=True)
    program = (context and context.obj) or PROGRAM
    own_program = program == PROGRAM
    typed = (str(target),) if target is not None and own_program else ()
    options = tuple(_options(arguments, own_program))
    if loaded.members:
        every = [_of_bind(member, settings, typed, program, options) for member in with_databases(loaded, settings)]
        asked = _lasting(every)
        return replace(without_left_out(asked[0]), further=tuple(asked[1:]))
    settings, engine = _with_database(loaded, settings)
    return without_left_out(replace(_request(loaded.guard, settings, typed, program, options), engine=engine))


def _request(
    guard: Guard,
    settings: Settings,
    typed: tuple[str, ...],
    program: tuple[str, ...],
    options: tuple[tuple[str, str], ...],
) -> Request:
    if settings.beside is not None:
        try:
            release = release_of(settings.beside, edited=bool(settings.allow_edited))
        except ConfigurationError as error:
            raise ConfigurationError(f"{settings.origins['beside']}: {error.message}") from None
        guard = guard.beside(release, release.path)
    elif settings.remember:
        source = guard.source
        known = expectations_of(source.document.digest, settings) if isinstance(source, FrozenSource) else ""
        guard = guard.remembering(known)
    address = settings.database_address(quickest=is_frozen(guard))
    return Request(guard, address, settings, typed, program, options)


def _of_bind(
    member: Member,
    settings: Settings,
    typed: tuple[str, ...],
    program: tuple[str, ...],
    options: tuple[tuple[str, str], ...],
) -> Request:
    """Of one bind; what is wrong with its URL keeps no other from being looked at."""
    urls = (("--bind-url", text) for text in chosen_bind_urls() if text.startswith(f"{member.name}="))
    options = (*options, *urls, ("--bind", member.name))
    origins = {**settings.origins, "url": f"bind {member.name}"}
    ddl_url = settings.ddl_url if member.name == MAIN else None
    try:
        if member.url is None:
            raise ConfigurationError(f"bind {member.name}: {member.problem}")
        own = settings._replace(url=member.url, ddl_url=ddl_url, origins=origins)
        return replace(_request(member.guard, own, typed, program, options), bind=member.name, engine=member.engine)
    except ConfigurationError as error:
        return Request(member.guard, Address(""), settings, typed, program, options, member.name, error=error)


def _lasting(every: Sequence[Request]) -> Sequence[Request]:
    """Without those in memory, where there are others: such a one is empty in every process until the application
    itself makes its tables, whatever is done here."""
    kept = [one for one in every if one.engine is None or not is_in_memory(one.address)]
    for one in every if kept else ():
        if one not in kept:
            log(
                f"bind {one.bind} is a database in memory, of which every process has an empty one of its own: it is "
                "left out; its tables are there where the application makes them as it starts"
            )
    return kept or every


def _with_database(loaded: Loaded, settings: Settings) -> tuple[Settings, Any]:
    """The settings with the application's own database and its engine, where TARGET knows it; else the one set."""
    engine = None
    frozen = is_frozen(loaded.guard)
    if loaded.own is None and not frozen and settings.url is not None:
        refuse_adrift(settings.database_url(), loaded.around, settings.origins.get("url", ""))
    elif loaded.own is None and not frozen and (factory := factory_named(loaded.around)):
        told = f"The application knows its own: name it as TARGET, for example {factory}"
        raise ConfigurationError(f"{settings.missing_url}. {told}")
    if loaded.own is not None:
        given = None if settings.url is None else settings.database_url()
        url = loaded.own.chosen(given, settings.url, settings.origins.get("url", ""))
        engine = loaded.own.engine_for(url)
        if url != given:
            settings = settings._replace(url=url.render_as_string(hide_password=False))
    for note in normalise(settings.url, quickest=frozen).notes if settings.url else ():
        log(note)
    return settings, engine


def _options(arguments: Mapping[str, object], own_program: bool) -> Iterator[tuple[str, str]]:
    """Those that a person typed and that the next command needs as well."""
    for key in ("url", "ddl_url", "accept", "include", "exclude", "beside"):
        value = arguments.get(key)
        if key == "url" and not own_program and not any(word.startswith("--url") for word in sys.argv):
            continue  # the application said it
        for item in value if isinstance(value, tuple) else (value,):
            if item is not None:
                yield f"--{key.replace('_', '-')}", str(item)
    yield from chain_words()


def guard_of(given: Mapping[str, object]) -> tuple[Loaded, Settings]:
    """The guard that TARGET names, with the policy and what is accepted as the settings have it; and these.

    Args:
        given: as `load_settings` takes them. They are read again once the application is imported, which may have read
            its .env file.
    """
    given = {**chosen_scope(), **given}
    settings = load_settings(given)
    logs.use(settings.log_format)
    loaded = load(settings.required_target(), edited=bool(settings.allow_edited))
    settings = load_settings(given)
    telemetry.use(settings.telemetry)
    for line in unknown_variables(os.environ):
        log(line)

    def changed(guard: Guard) -> Guard:
        policy = replace(guard.policy, **settings.policy)  # type: ignore[arg-type] # load_settings checked the types
        guard = guard.changed(policy=policy, accept=settings.accept, scope=Scope(settings.include, settings.exclude))
        return guard.recording(settings.release) if settings.history else guard

    if not loaded.members:
        if names := chosen_binds():
            raise ConfigurationError(f"--bind {names[0]}: the application has only one database")
        return replace(loaded, guard=changed(loaded.guard)), settings
    wanted = chosen(acquainted(loaded.members), chosen_binds())
    members = tuple(replace(each, guard=changed(each.guard)) for each in wanted)
    own = loaded.own if members[0].name == loaded.members[0].name else None
    return replace(loaded, guard=members[0].guard, own=own, members=members), settings
