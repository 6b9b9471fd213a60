"""The process that runs a project's own env.py and revisions: `python -m schema_guard.chain.sandbox.project`.

The project's imports, logging and module state stay in it. It reads a Job from standard input and sends Events down the
pipe whose number is its only argument; what the project prints goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import alembic
from alembic import command
from alembic.config import CommandLine, Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError, load_python_file
from sqlalchemy import MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from schema_guard.chain.reading.revision_files import compiled_files, names_of, revision_files
from schema_guard.chain.sandbox.create_all import tell_of_create_all
from schema_guard.chain.sandbox.excluded import left_out
from schema_guard.chain.sandbox.failure import failed, place_of
from schema_guard.chain.sandbox.flask_application import application, asks_flask
from schema_guard.chain.sandbox.job import (
    Applied,
    Asked,
    Began,
    Described,
    Ended,
    Event,
    FileFailed,
    FileImported,
    Found,
    Job,
    Task,
)
from schema_guard.chain.sandbox.redirect import Blocked, install
from schema_guard.chain.sandbox.snapshot import Snapshots
from schema_guard.dialects import open_session
from schema_guard.errors import one_line
from schema_guard.shadowing import keep

__all__ = ["main"]

_CONFIGURES = re.compile(r"version_table|include_object|include_name|configure_args|conf_args|\*\*|create_all")
"""What may configure, or do, something else online than offline."""

_ENDS: tuple[type[BaseException], ...] = (Exception, SystemExit)
"""How an env.py ends that does not work in this mode; some say so by sys.exit()."""


class _Project:
    """A project's migrations, set up as its own command line would."""

    def __init__(self, job: Job, tell: Callable[[Event], None]) -> None:
        self.job = job
        self.connected = False
        self.lends = False
        self._send = tell
        self._way = install(job, self.tell)
        self._version = Described(None)
        self.file = ""
        self.folders: tuple[str, ...] = ()
        if job.task is Task.DESCRIBE or job.bare:
            tell_of_create_all(self.tell, lambda: self.folders[1:], skip=True)

    def tell(self, event: Event) -> None:
        self.connected = self.connected or isinstance(event, Asked)
        self._send(event)

    def work(self) -> None:
        with self._context() as config:
            if self.job.task is Task.DESCRIBE:
                self._describe(config)
            else:
                self._upgrade(config)
        self.tell(Ended(tuple(getattr(self._way, "made", ()))))

    @contextmanager
    def _context(self) -> Iterator[Config]:
        """The configuration, within Flask's application context where env.py asks for the application."""
        job = self.job
        os.chdir(job.directory)
        config = self._config()
        script = self._script(config)
        flask = asks_flask(Path(script.env_py_location))
        self.folders = (script.dir, *map(str, script._version_locations))
        if job.task is Task.DESCRIBE:
            self._find(script, flask)
        inside: AbstractContextManager[Any] = nullcontext()
        if flask:
            with _no_upgrade():
                app = application(job.target)
            inside = app.app_context()
        with inside:
            if flask:
                migrate = app.extensions["migrate"].migrate
                config = migrate.get_config(script.dir, x_arg=list(job.x))
                self._set_url(config)
            yield config

    def _config(self) -> Config:
        job = self.job
        options: dict[str, Any] = {"toml_file": job.toml} if job.toml else {}
        # as Alembic's own command line has it: an env.py may ask what was called, and with what
        given = ["--name", job.section, *(f"-x{argument}" for argument in job.x), "upgrade", "heads"]
        cmd_opts = CommandLine("alembic").parser.parse_args(given)
        config = Config(job.ini, ini_section=job.section, cmd_opts=cmd_opts, **options)
        if job.folder:
            config.set_main_option("script_location", job.folder.replace("%", "%%"))
        self._set_url(config)
        return config

    def _script(self, config: Config) -> ScriptDirectory:
        """A relative script_location begins where the command is run, which is beside the configuration for most."""
        try:
            return ScriptDirectory.from_config(config)
        except CommandError:
            file = self.job.ini or self.job.toml
            if file is None or Path(file).parent == Path.cwd():
                raise
            os.chdir(Path(file).parent)
            return ScriptDirectory.from_config(config)

    def _set_url(self, config: Config) -> None:
        """The URL with the driver that the configuration's own has, which is the one that env.py can work with."""
        if not self.job.url:
            return
        url = make_url(self.job.url)
        config.get_section_option(self.job.section, "")  # raises CommandError where there is no such section
        # as it is written: a % that is not doubled is of no matter to an env.py that does not read it
        written = config.file_config.get(self.job.section, "sqlalchemy.url", raw=True, fallback="")
        if written and "://" in written:
            own = written.partition("://")[0]
            if own.partition("+")[0] == url.get_backend_name() and "+" in own:
                url = url.set(drivername=own)
        text = url.render_as_string(hide_password=False).replace("%", "%%")
        config.set_section_option(self.job.section, "sqlalchemy.url", text)

    def _find(self, script: ScriptDirectory, flask: bool) -> None:
        """Tell where the revisions are, and import each for itself: one that fails must not hide the others."""
        versions = tuple(str(path) for path in script._version_locations)
        self.folders = (script.dir, *versions)
        self.tell(Found(script.dir, versions, script.recursive_version_locations, flask))
        for path in revision_files(map(str, script._version_locations), script.recursive_version_locations):
            try:
                self.tell(FileImported(str(path), names_of(load_python_file(path.parent, path.name))))
            except BaseException as error:
                _, line = place_of(error, (str(path),))
                self.tell(FileFailed(str(path), line, one_line(f"cannot be imported: {type(error).__name__}: {error}")))
        for path in compiled_files(map(str, script._version_locations)) if script.sourceless else ():
            self.tell(FileFailed(str(path), 0, "is compiled and without its source, so what it does cannot be read"))

    def _describe(self, config: Config) -> None:
        """First as `upgrade` runs it, to learn which database it asks for; then offline, for what it configures."""
        script = ScriptDirectory.from_config(config)
        metadata: Any = None
        try:
            self._run_env(config, script)
        except _ENDS as error:
            metadata = _metadata_of(error, script.env_py_location)
        text = Path(script.env_py_location).read_text("utf-8", "replace")
        if "open(" in text:
            # offline, a template for several databases writes a file for each; nothing is to be written here
            if not self._read_online(config, script):
                self.tell(Described(_tables(metadata)))
            return
        chosen = list(script.version_locations)
        try:
            self._run_env(config, script, as_sql=True)
        except _ENDS as error:
            if not self._read_online(config, script, error):
                raise
            return
        if _CONFIGURES.search(text):
            self._read_online(config, script)  # what it configures online alone
        if list(script.version_locations) != chosen:
            self._find(script, asks_flask(Path(script.env_py_location)))  # env.py itself says where they are

    def _read_online(self, config: Config, script: ScriptDirectory, offline: BaseException | None = None) -> bool:
        """Once more online, on connections that can only read.

        False where it does not get as far as to configure, or ends as it ended offline: then it works in neither mode.
        """
        if not isinstance(self._way, Blocked):
            return False
        told = self._version
        with self._way.reading():
            try:
                self._run_env(config, script, dont_mutate=True)
            except _ENDS as error:  # it writes, or the database does not answer: then only offline says something
                if repr(error) == repr(offline):
                    return False
                return self._version is not told
        return self._version is not told

    def _run_env(self, config: Config, script: ScriptDirectory, **options: Any) -> None:
        """env.py, without any revision."""

        def nothing(_revision: object, context: MigrationContext) -> list[Any]:
            opts = context.opts
            self._version = Described(
                _tables(opts.get("target_metadata")),
                str(opts.get("version_table") or "alembic_version"),
                opts.get("version_table_schema"),
                not context.as_sql,
                left_out(opts),
            )
            self.tell(self._version)
            return []

        upgrading = {"starting_rev": None, "destination_rev": "heads", "tag": None}
        with EnvironmentContext(config, script, fn=nothing, **upgrading, **options):
            script.run_env()

    def _upgrade(self, config: Config) -> None:
        replaying = self.job.task is Task.REPLAY
        snapshots: Snapshots | None = None
        if replaying:
            self._with_connection(config, lambda: self._run_env(config, ScriptDirectory.from_config(config)))
            snapshots = Snapshots(open_session(self.job.scratch), self.job.schemas, self._version.version_table)
            self.tell(Applied("", 0.0, *snapshots.take()))
        for revision in self.job.revisions:
            self.file = revision
            self.tell(Began(revision))
            started = time.monotonic()
            self._with_connection(config, lambda: command.upgrade(config, self.file))
            seconds = time.monotonic() - started
            self.tell(Applied(revision, seconds, *(snapshots.take() if snapshots else ())))
        if snapshots:
            snapshots.close()

    def _with_connection(self, config: Config, run: Callable[[], None]) -> None:
        """Some env.py take their connection from config.attributes and make none of their own."""
        if not self.lends:
            try:
                run()
                return
            except Exception:
                if self.connected:
                    raise
                self.lends = True
        engine = create_engine(self.job.scratch or self.job.real, poolclass=NullPool)
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            run()


@contextmanager
def _no_upgrade() -> Iterator[None]:
    """Some applications run their migrations as they are made; here nothing runs but what was asked for."""
    kept = command.upgrade, command.stamp
    command.upgrade = command.stamp = lambda *_, **__: None
    try:
        yield
    finally:
        command.upgrade, command.stamp = kept


def _metadata_of(error: BaseException, env: str) -> Any:
    """`target_metadata` of the env.py that ended with this error."""
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == Path(env).name:
            return trace.tb_frame.f_globals.get("target_metadata")
        trace = trace.tb_next
    return None


def _tables(metadata: Any) -> tuple[str, ...] | None:
    if metadata is None:
        return None
    if isinstance(metadata, Mapping):
        metadata = list(metadata.values())
    found = metadata if isinstance(metadata, (list, tuple, set)) else [metadata]
    return tuple(key for item in found if isinstance(item, MetaData) for key in item.tables)


def _end_with(asker: BinaryIO) -> None:
    """Its end of the pipe closes when it is killed, and the guard's lock goes with it: nothing may run without."""
    asker.read()
    os._exit(1)


def main() -> int:
    """Read the job, do it, tell what became of it."""
    asker = os.fdopen(os.dup(0), "rb")
    job: Job = pickle.load(asker)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_end_with, args=(asker,), daemon=True).start()
    sys.path[:] = [*dict.fromkeys((*job.path, *sys.path))]
    sys.dont_write_bytecode = True  # of a file that is edited within the second, what is kept would be the older text
    keep(Path.cwd())
    with os.fdopen(int(sys.argv[1]), "wb", buffering=0) as pipe:
        pickler = pickle.Pickler(pipe)  # one for all: what two snapshots share is sent once
        project = _Project(job, pickler.dump)
        os.dup2(2, 1)
        try:
            project.work()
        except BaseException as error:
            pickler.dump(failed(error, project.file, project.folders))
            return 1
    return 0


if __name__ == "__main__":
    assert alembic  # imported before the project's directory, which may hold a folder of that name, is on the path
    sys.exit(main())
