"""TARGET in all its forms, and what a person is told when it leads nowhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schema_guard.errors import TargetError
from schema_guard.target.loading import load_target

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""

FLASK = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
import sqlalchemy as sa

db = SQLAlchemy()

class User(db.Model):
    id = sa.Column(sa.Integer, primary_key=True)

def create_app(config=None, *, debug=False):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    return app
"""

Write = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Write]:
    """Writes files of an application; sys.path is as before afterwards."""
    path = list(sys.path)

    def write(**files: str) -> Path:
        for name, content in files.items():
            file = tmp_path / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return tmp_path

    yield write
    sys.path[:] = path


def tables(text: str, directory: Path) -> list[str]:
    return sorted(table.name for table in load_target(text, directory).models.tables)


def message(text: str, directory: Path) -> str:
    with pytest.raises(TargetError) as caught:
        load_target(text, directory)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("attribute", ["Base", "Base.metadata", "User", "User.__table__", "Base.registry"])
def test_an_attribute_of_a_module(project: Write, attribute: str) -> None:
    assert tables(f"shop_models:{attribute}", project(shop_models=MODELS)) == ["users"]


def test_a_module_alone_with_one_candidate(project: Write) -> None:
    assert tables("shop_models", project(shop_models=MODELS)) == ["users"]


def test_a_module_that_is_an_attribute(project: Write) -> None:
    folder = project(shop_models=MODELS, shop_all="import shop_models as models")
    assert tables("shop_all:models", folder) == ["users"]


def test_a_guard_is_returned_as_it_is_and_wins_over_models(project: Write) -> None:
    source = "from shop_models import Base, User\nfrom schema_guard import Guard\nguard = Guard(Base, name='shop')"
    folder = project(shop_models=MODELS, shop_guard=source)
    assert load_target("shop_guard", folder).name == "shop"
    assert load_target("shop_guard:guard", folder).name == "shop"


@pytest.mark.parametrize(
    "text",
    ["shop_app:db", "shop_app:create_app()", "shop_app:create_app('x', debug=True)", "shop_app:db.Model", "shop_app"],
)
def test_flask_sqlalchemy(project: Write, text: str) -> None:
    assert tables(text, project(shop_app=FLASK)) == ["user"]


def test_a_flask_application_itself(project: Write) -> None:
    assert tables(
        "shop_wsgi:app", project(shop_app=FLASK, shop_wsgi="import shop_app\napp = shop_app.create_app()")
    ) == ["user"]
    assert tables("shop_wsgi", project()) == ["user"]


def test_sqlmodel(project: Write) -> None:
    source = (
        "from sqlmodel import Field, SQLModel\nclass Hero(SQLModel, table=True):\n    id: int = Field(primary_key=True)"
    )
    folder = project(shop_heroes=source)
    assert "hero" in tables("shop_heroes:SQLModel", folder)
    assert "hero" in tables("shop_heroes:Hero", folder)
    assert "hero" in tables("shop_heroes", folder)


def test_a_file(project: Write) -> None:
    folder = project(shop_models=MODELS)
    assert tables("shop_models.py:Base", folder) == ["users"]
    assert tables(f"{folder}/shop_models.py", folder) == ["users"]


def test_a_file_in_a_package_belongs_to_the_package(project: Write) -> None:
    folder = project(**{"shop/__init__": "", "shop/base": MODELS, "shop/models": "from .base import Base, User"})
    assert tables("shop/models.py:Base", folder) == ["users"]


def test_a_file_named_like_a_module_of_the_standard_library(project: Write) -> None:
    assert tables("code.py:Base", project(code=MODELS)) == ["users"]


def test_what_the_application_prints_goes_to_standard_error(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    load_target("shop_models:Base", project(shop_models="print('hello')\n" + MODELS))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def test_an_application_that_reads_the_command_line_sees_no_arguments_of_ours(
    project: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["schema-guard", "check", "shop_models:Base"])
    source = "import argparse\nargparse.ArgumentParser().parse_args()\n" + MODELS
    assert tables("shop_models:Base", project(shop_models=source)) == ["users"]
    assert sys.argv[1] == "check"


def test_a_module_that_is_not_there(project: Write) -> None:
    folder = project()
    assert message("nothing:here", folder) == (
        f"cannot import 'nothing' (looked in {folder} and sys.path). "
        "A target is module:attribute, for example app.models:db"
    )


def test_a_submodule_that_is_not_there(project: Write) -> None:
    told = message("shop_models.db:Base", project(shop_models=MODELS))
    assert told.startswith("cannot import 'shop_models.db'")


MEANT = {
    "shop_model:Base": "shop_models",
    "SHOP_MODELS:Base": "shop_models",
    "shop_mdoels:Base": "shop_models",
    "shop.modles:Base": "shop.models",
    "shpo.models:Base": "shop.models",
    "Shop.Models:Base": "shop.models",
    "shop.parts.modles:Base": "shop.parts.models",
    "shop.models.Base": "shop.models:Base",
    "shop.models.Bsae": "shop.models:Base",
    "shop:Base": "shop.models:Base",
    "shop:Bsae": "shop.models:Base",
    "shop": "shop.models:Base",
    "shop_model.py:Base": "shop_models.py",
    "shop/modles.py:Base": "shop/models.py",
    "shop.models:Bsae": "Base",
    "sqlalchmey:MetaData": "sqlalchemy",
}


@pytest.mark.parametrize("target", MEANT)
def test_what_was_meant_is_named(target: str, project: Write) -> None:
    """Nothing is imported to find it; a package without `__init__.py` is one, too."""
    folder = project(
        **{"shop_models": MODELS, "shop/__init__": "", "shop/models": MODELS, "shop/parts/models": MODELS},
        **{"shop/broken": "raise SystemExit('imported')", "shop/worse": "def ("},
    )
    assert f"did you mean {MEANT[target]!r}?" in message(target, folder)


def test_what_is_only_imported_was_not_meant(project: Write) -> None:
    told = message(
        "shop_models:n", project(shop_models="from typing import Any\nfrom sqlalchemy import inspect\n" + MODELS)
    )
    assert told == "shop_models:n: shop_models has no attribute 'n'; it has Base"


def test_a_file_that_is_not_there(project: Write) -> None:
    folder = project()
    assert f"there is no file {folder}/shop/app.py" in message("shop/app.py:db", folder)


def test_an_import_that_fails_inside_tells_the_inner_error_with_file_and_line(project: Write) -> None:
    folder = project(shop_app="import shop_inner", shop_inner="\nimport not_installed_anywhere")
    told = message("shop_app:db", folder)
    assert told.startswith("importing shop_app failed: ModuleNotFoundError: No module named 'not_installed_anywhere'")
    assert f"({folder}/shop_inner.py, line 2)" in told


def test_a_factory_that_fails_in_an_installed_package_is_told_with_the_place_in_the_package(project: Write) -> None:
    """Not with the place where the guard called it."""
    folder = project()
    installed = folder / "site-packages"
    installed.mkdir()
    (installed / "shop_app.py").write_text("def create_app():\n    import not_installed_anywhere\n")
    assert f"({installed}/shop_app.py, line 2)" in message("shop_app:create_app()", installed)


def test_a_driver_that_is_not_installed(project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a URL without a driver takes depends on SQLAlchemy's version: an upgrade may ask for another one."""
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    folder = project(
        shop_app="from sqlalchemy import create_engine\nengine = create_engine('postgresql+psycopg2://h/d')"
    )
    told = message("shop_app:db", folder)
    assert (
        f"({folder}/shop_app.py, line 2); install the driver, or name another in the URL: postgresql+psycopg://" in told
    )


def test_a_url_of_a_host_that_sqlalchemy_does_not_take(project: Write) -> None:
    """The guard takes it in DATABASE_URL; the application itself does not start with it."""
    folder = project(shop_app="from sqlalchemy import create_engine\nengine = create_engine('postgres://me@h/d')")
    told = message("shop_app:db", folder)
    assert f"({folder}/shop_app.py, line 2); SQLAlchemy takes postgresql:// only: the application has to" in told


def test_a_syntax_error_is_told_with_its_line(project: Write) -> None:
    folder = project(shop_app="x = 1\ndef :")
    assert message("shop_app:db", folder) == (
        f"importing shop_app failed: SyntaxError: invalid syntax ({folder}/shop_app.py, line 2)"
    )


def test_an_application_that_ends_the_program(project: Write) -> None:
    folder = project(shop_app="import sys\nsys.exit('no config')")
    assert message("shop_app:db", folder) == (
        f"importing shop_app ended the program: sys.exit('no config') ({folder}/shop_app.py, line 2)"
    )


def test_an_application_that_ends_the_process_at_once(project: Write) -> None:
    """By os._exit nothing else would be said, and 0 would mean that all is well."""
    folder = project(shop_app="import os\ndef create_app():\n    os._exit(0)")
    really = os._exit
    assert message("shop_app:create_app()", folder) == (
        f"calling create_app() ended the program: os._exit(0) ({folder}/shop_app.py, line 3)"
    )
    assert os._exit is really


def test_an_application_that_needs_an_environment_variable(project: Write) -> None:
    told = message("shop_app:db", project(shop_app="import os\nkey = os.environ['SHOP_SECRET']"))
    assert "KeyError: 'SHOP_SECRET'" in told
    assert told.endswith("set that environment variable")


def test_a_password_in_an_inner_error_is_not_shown(project: Write) -> None:
    told = message("shop_app:db", project(shop_app="raise RuntimeError('postgresql://me:geheim@host/db')"))
    assert "geheim" not in told


def test_a_missing_attribute_names_the_nearest(project: Write) -> None:
    told = message("shop_models:Bas", project(shop_models=MODELS))
    assert told == "shop_models:Bas: shop_models has no attribute 'Bas'; did you mean 'Base'?"


def test_a_missing_attribute_names_what_holds_models(project: Write) -> None:
    assert message("shop_models:xyzzy", project(shop_models=MODELS)).endswith("it has Base")


def test_a_missing_attribute_that_is_a_submodule(project: Write) -> None:
    folder = project(**{"shop/__init__": "", "shop/models": MODELS})
    assert message("shop:models", folder).endswith("there is a module shop.models: write shop.models:ATTRIBUTE")


def test_a_factory_without_its_parentheses(project: Write) -> None:
    assert message("shop_app:create_app", project(shop_app=FLASK)).endswith("write shop_app:create_app()")


def test_a_module_with_only_a_factory_names_it(project: Write) -> None:
    assert "write shop_app:create_app()" in message("shop_app", project(shop_app="def create_app():\n    pass"))


def test_an_imported_function_of_a_library_is_no_factory(project: Write) -> None:
    """A web application with an engine alone: its models are in another module."""
    told = message(
        "shop_app", project(shop_app="from sqlalchemy import create_engine\nengine = create_engine('sqlite://')")
    )
    assert told.startswith("shop_app has no models; it has create_engine, engine.")


def test_a_factory_that_fails(project: Write) -> None:
    told = message("shop_app:create_app()", project(shop_app="def create_app():\n    return 1 / 0"))
    assert told.startswith("calling create_app() failed: ZeroDivisionError")
    assert "shop_app.py, line 2" in told


def test_a_factory_that_wants_arguments(project: Write) -> None:
    told = message("shop_app:create_app()", project(shop_app="def create_app(config):\n    pass"))
    assert "missing 1 required positional argument: 'config'; give it literal arguments" in told


def test_a_factory_that_returns_nothing(project: Write) -> None:
    assert "is None" in message("shop_app:create_app()", project(shop_app="def create_app():\n    pass"))


@pytest.mark.filterwarnings("error")
def test_a_factory_that_is_async(project: Write) -> None:
    """Nothing awaits it, and nothing warns of that beside the error."""
    text = message("shop_app:create_app()", project(shop_app="async def create_app():\n    pass"))
    assert text.startswith("shop_app:create_app() is an async function")


def test_something_else_says_what_it_is(project: Write) -> None:
    told = message("shop_app:engine", project(shop_app="engine = 5"))
    assert "an object of type builtins.int holds no models" in told


def test_beside_something_else_the_models_are_named(project: Write) -> None:
    """FastAPI's `app`, say."""
    text = "from sqlalchemy import Column, Integer, MetaData, Table\nmetadata = MetaData()\napp = object()\n"
    text += "Table('t', metadata, Column('id', Integer))\n"
    told = message("shop_app:app", project(shop_app=text))
    assert told.endswith("; did you mean 'shop_app:metadata'?")


def test_no_table_registered(project: Write) -> None:
    source = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass"
    told = message("shop_models:Base", project(shop_models=source))
    assert told.startswith("shop_models:Base knows no table")
    assert "Import them in shop_models" in told


def test_several_candidates_are_listed(project: Write) -> None:
    source = MODELS + MODELS.replace("class Base", "class Other").replace("User(Base)", "Client(Other)")
    told = message("shop_models", project(shop_models=source))
    assert told == "shop_models has models in several places: name one of shop_models:Base, shop_models:Other"


def test_a_flask_application_without_models(project: Write) -> None:
    told = message("shop_app:app", project(shop_app="from flask import Flask\napp = Flask('x')"))
    assert "an application without Flask-SQLAlchemy" in told


@pytest.mark.parametrize(
    "text", ["", ":", ":db", "shop:", "sh op:db", "shop_models:1+1", "shop_models:Base[0]", "shop_models:x(y)"]
)
def test_what_is_no_target(project: Write, text: str) -> None:
    message(text, project(shop_models=MODELS + "\nx = dict"))


STRANGE = """
class Unsayable(Exception):
    def __str__(self):
        raise ValueError

class Failing:
    @property
    def metadata(self):
        raise ValueError("not now")

class Own(BaseException):
    pass

def unsayable():
    raise Unsayable

def own():
    raise Own("no")

def without_end():
    return without_end()

def memory():
    raise MemoryError

failing = Failing()
"""


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ("unsayable()", "calling unsayable() failed: Unsayable: its text cannot be read (ValueError)"),
        ("own()", "calling own() failed: Own: no"),
        ("without_end()", "calling without_end() failed: RecursionError: maximum recursion depth exceeded"),
        ("memory()", "calling memory() failed: MemoryError ("),
        ("failing", "reading the models of shop_app:failing failed: ValueError: not now"),
        ("a." * 5000 + "b", "in 'shop_app:a.a."),
        ("a" + ".b" * 500, "shop_app has no attribute 'a'"),
        ("(" * 300, "is neither an attribute nor a call"),
        ("x" + "\0", "is neither an attribute nor a call"),
    ],
)
def test_whatever_fails_is_one_target_error(project: Write, attribute: str, says: str) -> None:
    """Also an error that cannot say what it is, one that is no Exception, and an expression without end."""
    assert says in message(f"shop_app:{attribute}", project(shop_app=STRANGE))
