"""Imports an application's module or file, and turns every way in which that can fail into one TargetError."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from schema_guard.errors import TargetError
from schema_guard.shadowing import shadowing

__all__ = ["FORM", "first_on_path", "import_by_name", "import_file", "is_file", "noted", "running"]

FORM = "A target is module:attribute, for example app.models:db"

_DRIVERS = {
    "psycopg": "postgresql+psycopg2://.., which SQLAlchemy 2.0 takes for postgresql://",
    "psycopg2": "postgresql+psycopg://.., which SQLAlchemy 2.1 takes for postgresql://",
}
"""What a URL without a driver means depends on SQLAlchemy's version."""


_failed: dict[str, TargetError] = {}


def noted(name: str, error: TargetError) -> None:
    """Whoever imports that module next gets this error: its code, which may have taken long, is not run again."""
    _failed[name] = error


def is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place


def first_on_path(directory: Path) -> None:
    folder = str(directory)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)


def import_by_name(name: str, directory: Path) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(f"{name!r} is not a module name. {FORM}")
    if (error := _failed.pop(name, None)) is not None:
        raise error
    with running(f"importing {name}", missing=name, directory=directory):
        return importlib.import_module(name)


def import_file(place: str, directory: Path) -> ModuleType:
    path = (directory / place).resolve()
    if path.is_dir():
        path = path / "__init__.py"
    elif path.suffix != ".py":
        path = path.with_name(path.name + ".py")
    if not path.is_file():
        from difflib import get_close_matches  # only a mistake needs it

        files = sorted(file.name for file in path.parent.glob("*.py"))
        close = get_close_matches(path.name, files, n=1)
        hint = f"; did you mean {str(Path(place).with_name(close[0]))!r}?" if close else "."
        raise TargetError(f"cannot import {place!r}: there is no file {path}{hint} {FORM}")
    root, name = _module_name(path)
    first_on_path(root)
    with running(f"importing {place}", missing=name, directory=root):
        module = sys.modules.get(name)
        if module is None or not _comes_from(module, path):
            module = _load(path, name)
        return module


def _module_name(path: Path) -> tuple[Path, str]:
    """The directory to import from, and the dotted name: a file in a package belongs to that package."""
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _comes_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path


def _load(path: Path, name: str) -> ModuleType:
    """Import by name where the name leads to this file, else load the file itself (a `code.py` of one's own)."""
    spec = importlib.util.find_spec(name) if name.isidentifier() or "." in name else None
    if spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path:
        return importlib.import_module(name)
    own = name if name not in sys.modules and spec is None else f"schema_guard_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(own, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def running(doing: str, missing: str = "", directory: Path | None = None) -> Iterator[None]:
    """Run the application's code: its output goes to standard error, every way it can fail becomes a TargetError."""
    arguments, sys.argv = sys.argv, sys.argv[:1]  # an application that reads the command line while it is imported
    try:
        with redirect_stdout(sys.stderr), _exits_told():
            yield
    except TargetError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (missing == error.name or missing.startswith(error.name + ".")):
            what = f"cannot import {missing!r}"
            if error.name != missing:
                what += f": there is no {error.name!r}"
            from schema_guard.target.meant import meant

            other = meant(missing, directory) if directory is not None else ""
            hint = f"; did you mean {other!r}?" if other else "."
            raise TargetError(f"{what} (looked in {directory} and sys.path){hint} {FORM}") from None
        raise TargetError(_failure(doing, error)) from error
    except SystemExit as error:
        called = "os._exit" if isinstance(error, _AtOnce) else "sys.exit"
        raise TargetError(f"{doing} ended the program: {called}({error.code!r}){_where(error)}") from error
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise TargetError(_failure(doing, error)) from error
    finally:
        sys.argv = arguments


_MARK = "of_schema_guard"


class _AtOnce(SystemExit):
    """The application's code called os._exit."""


@contextmanager
def _exits_told() -> Iterator[None]:
    """os._exit would end the command without a word, and with the application's exit code: often 0, as if nothing were
    wrong. A process that the application forks, and another thread, end as they would."""
    if getattr(os._exit, _MARK, False):  # by a command that the application calls as it is imported
        yield
        return
    own, really = (os.getpid(), threading.get_ident()), os._exit

    def told(status: int) -> NoReturn:
        if os._exit is told and (os.getpid(), threading.get_ident()) == own:
            raise _AtOnce(status)
        (really if os._exit is told else os._exit)(status)  # it may be called later, by whoever has kept it

    setattr(told, _MARK, True)
    os._exit = told
    try:
        yield
    finally:
        os._exit = really


def _failure(doing: str, error: BaseException) -> str:
    hint = ""
    if isinstance(error, KeyError) and _last_line(error).find("environ") >= 0:
        hint = "; set that environment variable"
    said = _said(error)
    if isinstance(error, SyntaxError):
        said = error.msg  # its text repeats the place
    elif isinstance(error, ModuleNotFoundError) and error.name in _DRIVERS:
        hint = f"; install the driver, or name another in the URL: {_DRIVERS[error.name]}"
    elif type(error).__name__ == "NoSuchModuleError" and said.endswith("sqlalchemy.dialects:postgres"):
        hint = "; SQLAlchemy takes postgresql:// only: the application has to replace postgres:// of a host's URL"
    elif isinstance(error, TypeError) and "positional argument" in said and not _frames(error):
        hint = "; give it literal arguments, as in app:create_app('production')"
    return f"{doing} failed: {type(error).__name__}{said and f': {said}'}{_where(error)}{hint}{_shadowed(error)}"


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as own:  # an application's own class of errors
        return f"its text cannot be read ({type(own).__name__})"


def _shadowed(error: BaseException) -> str:
    """A file of the application's that stands in for a module of Python's own or of a library, where it had a part."""
    took_part = {Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)}
    if isinstance(error, ImportError) and error.path:
        took_part.add(Path(error.path))
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType) and getattr(error.obj, "__file__", None):
        took_part.add(Path(str(error.obj.__file__)))
    files = (path / "__init__.py" if path.is_dir() else path for path in shadowing(Path(sys.path[0])))
    found = [path for path in files if path in took_part]
    return f"; {found[0]} shadows the module of that name: rename it" if found else ""


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    passed_over = ("<", str(Path(__file__).parent))  # generated code; a checkout of the guard is in no site-packages
    return [frame for frame in frames if not frame.filename.startswith(passed_over)]


def _last_line(error: BaseException) -> str:
    return " ".join(frame.line or "" for frame in _frames(error))


def _where(error: BaseException) -> str:
    """The place in the application's code, where there is one: its last frame outside of installed packages."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = [frame for frame in _frames(error) if not frame.filename.startswith(importlib.__path__[0])]
    own = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    chosen = (own or frames)[-1:]
    return f" ({chosen[0].filename}, line {chosen[0].lineno})" if chosen else ""
