"""The guard in front of every process: `python -m scripts.schema_guard && gunicorn ..`.

Makes the database that the application is about to use satisfy the application's models. Which database that is, the
application's own settings say: DATABASE_URL, or in development the SQLite file. It never skips: when there is nothing
to guard, that is an error.

    0  the application can start                            3  the database was not reachable in time
    1  something that breaks the application remains        4  could not acquire a lock in time; run it again
    2  a setting is missing or wrong                        5  a step failed

Whatever `schema-guard apply` takes may be given: --budget 30s, --required-only, --wait 60s, --format json.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
TARGET = "mdraft.guard:guard"


def main(arguments: list[str]) -> int:
    """Guard the application's database. Returns the exit code."""
    from mdraft.settings import SettingsError, settings
    from schema_guard.cli.main import guarded, run
    from schema_guard.errors import ConfigurationError

    def application_url() -> int:
        try:
            url = settings().database_url
        except SettingsError as error:
            raise ConfigurationError(f"{error}. Nothing was guarded") from None
        # In the environment and not among the arguments: there everybody on the machine could read the password.
        os.environ["SCHEMA_GUARD_URL"] = url.render_as_string(hide_password=False)
        return 0

    return guarded(application_url, arguments) or run(["apply", TARGET, *arguments])


def _from_home() -> None:
    """Started as a file, it finds its own directory first on the path, where it hides the package schema_guard."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(HOME), *(entry for entry in sys.path if Path(entry or ".").resolve() not in (here, HOME))]
    os.chdir(HOME)


if __name__ == "__main__":
    _from_home()
    sys.exit(main(sys.argv[1:]))
