"""From the TARGET that a person writes to a Guard: imports the application.

    app.models:db              an attribute of a module        app.models            the only candidate in a module
    app:create_app()           an application factory          app.py:db             a file
    expected.json              what `schema-guard freeze` wrote: nothing is imported
    app:settings.models.Base   a dotted attribute              app:make("test", debug=True)

Whatever goes wrong is one TargetError that says what was looked for, and what was found instead.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import CoroutineType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from schema_guard.errors import TargetError
from schema_guard.guard import Guard
from schema_guard.many.group import Group
from schema_guard.many.member import Member
from schema_guard.shadowing import keep
from schema_guard.sources.frozen import is_frozen_file
from schema_guard.target.binds import elsewhere, members_of, models_of_session
from schema_guard.target.importing import FORM, first_on_path, import_by_name, import_file, is_file, running
from schema_guard.target.meant import defined_in
from schema_guard.target.own_database import OwnDatabase, is_factory, own_database

if TYPE_CHECKING:
    from sqlalchemy import MetaData

__all__ = ["Loaded", "load", "load_target"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a TARGET names: a guard, and the database that its application uses, where that is known.

    `members` are the application's databases where it has several; the guard is of the first. `around` is what TARGET
    names, and what else its module holds.
    """

    guard: Guard
    own: OwnDatabase | None = None
    members: tuple[Member, ...] = ()
    around: tuple[Any, ...] = ()


def load_target(text: str, directory: Path | None = None) -> Guard:
    """The guard of `load`. Raises as it does."""
    return load(text, directory).guard


def load(text: str, directory: Path | None = None, *, edited: bool = False) -> Loaded:
    """Import what a TARGET names and make a Guard of it; a Guard is returned as it is.

    The working directory comes first on sys.path and stays there, so that the application's later imports find it too.
    What the application prints while it is imported goes to standard error.

    Args:
        text: `module:attribute`, `module`, `module:factory()`, or a file in place of the module.
        directory: where relative names begin; default is the working directory.
        edited: take a frozen file although it was edited by hand.

    Raises:
        ConfigurationError: a frozen file cannot be used, as `Guard.frozen` says.
        TargetError: it does not import, names nothing, or names something without models.
    """
    directory = (directory or Path.cwd()).resolve()
    if is_frozen_file(text):
        return Loaded(Guard.frozen(directory / text, edited=edited))
    # an unsupported SQLAlchemy is told before all else
    importlib.import_module("schema_guard.sources.sqlalchemy.source")
    place, expression = _split(text.strip())
    first_on_path(directory)
    keep(directory, wanted=place)
    module = import_file(place, directory) if is_file(place) else import_by_name(place, directory)
    found = _evaluate(expression, module, text) if expression else module
    if isinstance(found, ModuleType):
        found = _only_candidate(found, text)
    own_names = vars(module)
    with running(f"reading the models of {text}"):
        guard = _guard_of(found, text, module)
        members = members_of(found, guard, own_names)
    around = (found, *own_names.values())
    own = None if isinstance(found, Guard | Group) else own_database(found, list(own_names.values()))
    if members:
        first = members[0].database
        engine = getattr(first, "sync_engine", first)
        own = own if first is None else OwnDatabase(engine.url, engine=engine) if hasattr(engine, "url") else None
        return Loaded(members[0].guard, own, members, around)
    if not guard.source.tables:
        raise TargetError(
            f"{text} knows no table: the modules that define the models were not imported. "
            f"Import them in {place}, or name a module that does"
        )
    return Loaded(guard, own, around=around)


def _split(text: str) -> tuple[str, str]:
    """Module or file, and the expression behind the colon; the colon of a Windows drive is part of the file."""
    drive = text[:2] if text[1:3] in (":\\", ":/") else ""
    place, colon, expression = text[len(drive) :].partition(":")
    if not place or (colon and not expression.strip()):
        raise TargetError(f"{text!r} is not a TARGET. {FORM}")
    return drive + place, expression.strip()


def _evaluate(expression: str, module: ModuleType, text: str) -> Any:
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        raise TargetError(f"{expression!r} in {text!r} is neither an attribute nor a call. {FORM}") from None
    try:
        return _value(tree, module, text)
    except RecursionError:
        raise TargetError(f"{expression!r} in {text!r} is nested too deeply. {FORM}") from None


def _value(node: ast.expr, module: ModuleType, text: str) -> Any:
    """Names, attributes and calls with literal arguments; nothing else is code that a target may hold."""
    match node:
        case ast.Name(id=name):
            return _attribute(module, name, text)
        case ast.Attribute(value=inner, attr=name):
            return _attribute(_value(inner, module, text), name, text)
        case ast.Call(func=inner, args=args, keywords=keywords):
            factory = _value(inner, module, text)
            called = ast.unparse(inner)
            if not callable(factory):
                raise TargetError(f"{text}: {called} is {_kind(factory)}, it cannot be called")
            try:
                positional = [ast.literal_eval(argument) for argument in args]
                named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg}
            except ValueError:
                raise TargetError(f"{text}: the arguments of {called}() have to be literals") from None
            with running(f"calling {called}()"):
                return factory(*positional, **named)
        case _:
            raise TargetError(f"{ast.unparse(node)!r} in {text!r} is neither an attribute nor a call. {FORM}")


def _attribute(owner: Any, name: str, text: str) -> Any:
    with running(f"reading {name}"):
        try:
            return getattr(owner, name)
        except AttributeError:
            pass
    place = owner.__name__ if isinstance(owner, ModuleType) else _kind(owner)
    raise TargetError(f"{text}: {place} has no attribute {name!r}{_instead(owner, name)}")


def _instead(owner: Any, name: str) -> str:
    if isinstance(owner, ModuleType) and hasattr(owner, "__path__"):
        try:
            if importlib.util.find_spec(f"{owner.__name__}.{name}") is not None:
                return f"; there is a module {owner.__name__}.{name}: write {owner.__name__}.{name}:ATTRIBUTE"
        except (ImportError, ValueError):
            pass
        if found := defined_in(owner.__name__, owner.__path__, [name]):
            return f"; did you mean {found[0]!r}?"
    names = [*_own_names(owner)]
    if close := get_close_matches(name, names, n=1, cutoff=0.5):
        return f"; did you mean {close[0]!r}?"
    if isinstance(owner, ModuleType) and (candidates := sorted(_candidates(owner))):
        return f"; it has {', '.join(candidates)}"
    return f"; it has {', '.join(sorted(names)[:8])}" if names else ""


def _own_names(owner: Any) -> Iterator[str]:
    """What somebody may have meant: not what a module imports from elsewhere, unless it holds models."""
    module = isinstance(owner, ModuleType)
    models = _candidates(owner) if module else {}
    for name, value in vars(owner).items() if hasattr(owner, "__dict__") else ():
        elsewhere = isinstance(value, ModuleType) or (
            isinstance(value, type | FunctionType)
            and value.__module__.partition(".")[0] != owner.__name__.partition(".")[0]
        )
        if not name.startswith("_") and (not module or name in models or not elsewhere):
            yield name


def _only_candidate(module: ModuleType, text: str) -> Any:
    """The one thing in a module that holds models: a Guard before all others, else what leads to one MetaData."""
    members = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    guards = {id(value): name for name, value in members.items() if isinstance(value, Guard | Group)}
    if len(guards) == 1:
        return members[next(iter(guards.values()))]
    if guards:
        raise TargetError(f"{text} has several guards: {_choices(text, guards.values())}")
    apart = elsewhere(members.values())
    candidates = {name: found for name, found in _candidates(module).items() if id(found) not in apart}
    filled = {name: metadata for name, metadata in candidates.items() if metadata.tables} or candidates
    if len({id(metadata) for metadata in filled.values()}) == 1:
        return members[next(iter(filled))]
    sessions = [name for name, value in members.items() if models_of_session(value)]
    if len(sessions) == 1:
        return members[sessions[0]]
    if filled:
        raise TargetError(f"{text} has models in several places: {_choices(text, filled)}")
    if hasattr(module, "__path__") and (below := defined_in(module.__name__, module.__path__, USUAL)):
        raise TargetError(f"{text} has no models; did you mean {below[0]!r}?")
    raise TargetError(f"{text} has no models{_what_else(text, members)}")


def _candidates(module: ModuleType) -> dict[str, MetaData]:
    """Names of a module that lead to a MetaData: bases and db before the models themselves."""
    from sqlalchemy import MetaData

    found: dict[str, MetaData] = {}
    models: dict[str, MetaData] = {}
    for name, value in list(vars(module).items()):
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        metadata = value if isinstance(value, MetaData) else _metadata_attribute(value)
        if metadata is None:
            continue
        (models if hasattr(value, "__table__") else found)[name] = metadata
    for name, metadata in models.items():
        if not any(metadata is other for other in found.values()):
            found[name] = metadata
    return found


def _metadata_attribute(value: Any) -> MetaData | None:
    from sqlalchemy.orm import registry

    from schema_guard.sources.sqlalchemy.models import models_of

    if not (isinstance(value, (type, registry)) or hasattr(type(value), "Model") or hasattr(value, "extensions")):
        return None
    try:
        metadatas = models_of(value).metadatas
    except Exception:  # an object whose attributes fail holds no models for us
        return None
    return metadatas[0] if metadatas else None


def _choices(text: str, names: Any) -> str:
    return "name one of " + ", ".join(f"{text}:{name}" for name in sorted(names))


USUAL = ("guard", "db", "Base", "metadata")
"""What is called so holds models, most often."""


def _what_else(text: str, members: dict[str, Any]) -> str:
    factories = [name for name, value in members.items() if is_factory(value)]
    if factories:
        return f"; for an application factory write {text}:{factories[0]}()"
    names = sorted(name for name in members if not name.startswith("_"))
    return f"; it has {', '.join(names[:8])}. {FORM}" if names else f"; it is empty. {FORM}"


def _guard_of(found: Any, text: str, module: ModuleType) -> Guard:
    if isinstance(found, Group):
        return found.members[0].guard
    if isinstance(found, Guard):
        return found
    of_session = models_of_session(found)  # what it names, and what its default engine is for
    try:
        return _guard([*of_session, *_candidates(module).values()] if of_session else found, text)
    except TargetError as error:
        names = [name for name, metadata in _candidates(module).items() if metadata.tables]
        place, _ = _split(text)
        beside = f"; did you mean {f'{place}:{names[0]}'!r}?" if len(names) == 1 and "()" not in error.message else ""
        raise TargetError(f"{error.message}{beside}") from None


def _guard(found: Any, text: str) -> Guard:
    if isinstance(found, FunctionType):
        raise TargetError(f"{text} is a function; for an application factory write {text}()")
    if isinstance(found, CoroutineType):
        found.close()
        raise TargetError(f"{text} is an async function: name the module that holds its models, or a plain factory")
    if found is None:
        raise TargetError(f"{text} is None: it holds no models")
    extensions = getattr(found, "extensions", None)
    if isinstance(extensions, dict) and "sqlalchemy" not in extensions:
        raise TargetError(f"{text} is an application without Flask-SQLAlchemy: name the module that holds its models")
    try:
        return Guard(found)
    except TargetError as error:
        raise TargetError(f"{text}: {error.message}") from None


def _kind(value: Any) -> str:
    return (
        f"the class {value.__qualname__}"
        if isinstance(value, type)
        else f"an object of type {type(value).__qualname__}"
    )
