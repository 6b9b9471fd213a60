"""The commands about the migration chain: doctor, stamp, deploy. Each one returns its exit code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from schema_guard.cli.apply_options import apply_options
from schema_guard.cli.doctors import Place, doctor_of, place_of
from schema_guard.cli.options import (
    chain_file_options,
    database_options,
    format_option,
    lost_option,
    output_options,
    target_argument,
)
from schema_guard.cli.output import log, print_result
from schema_guard.dialects import SUPPORTED
from schema_guard.exit_codes import FAILED, LOCKED, OK, REMAINS, UNREACHABLE, USAGE, apply_code
from schema_guard.render.formats import Shown

if TYPE_CHECKING:
    from schema_guard.chain.deploy import Deployment
    from schema_guard.chain.diagnosis import Diagnosis
    from schema_guard.cli.request import Request

__all__ = ["chain_options", "deploy", "doctor", "stamp"]

Command = TypeVar("Command", bound=Callable[..., Any])


def chain_options(command: Command) -> Command:
    """The options of a Place, which the command gets as `place`."""

    @functools.wraps(command)
    def collected(*arguments: Any, x: tuple[str, ...], scratch_url: str | None, **others: Any) -> Any:
        return command(*arguments, place=place_of(x, scratch_url), **others)

    for option in (
        click.option(
            "--scratch-url",
            metavar="URL",
            help="A PostgreSQL server on which scratch databases may be created.  [default: the database's own server]",
        ),
        click.option("-x", "x", multiple=True, metavar="NAME=VALUE", help="For env.py, as Alembic's -x."),
        chain_file_options,
    ):
        collected = option(collected)
    return cast(Command, collected)


@click.command(short_help="Diagnose the connection and the Alembic chain.")
@target_argument
@database_options
@chain_options
@click.option("--replay", is_flag=True, help="Also run the chain on a scratch database of the database's own system.")
@click.option(
    "--replay-on",
    multiple=True,
    type=click.Choice(SUPPORTED),
    help="Also run the chain on a scratch database of this system; may be repeated.",
)
@format_option("doctor")
@output_options
def doctor(
    target: str | None,
    url: str | None,
    place: Place,
    replay: bool,
    replay_on: tuple[str, ...],
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Diagnose the connection and the Alembic chain: each fault with its file, its revision and its fix.

    Writes nothing to the database; a replay runs on a scratch database that is dropped afterwards. Exits with 1 on a
    fault that breaks the next deploy, with 2 when a replay was asked for and is not possible.
    """
    from schema_guard.cli.asking import request
    from schema_guard.cli.several import on_one

    asked = on_one(request(target, url=url), "doctor")
    doctor = doctor_of(asked, asked.url, place)
    systems = [*([asked.url.get_backend_name()] if replay else []), *replay_on]
    diagnosis = doctor.diagnose(replay_on=tuple(dict.fromkeys(systems)))
    code = _doctor_code(diagnosis)
    print_result(diagnosis, format_, Shown(command="doctor", exit_code=code, verbose=verbose), color=not no_color)
    return code


@click.command(short_help="Stamp the revision that a replay proves.")
@target_argument
@database_options
@chain_options
@click.option("--ddl-url", metavar="URL", help="The same database without the pooler that --url goes through.")
@click.option(
    "--revision",
    metavar="ID",
    help="Of several revisions that leave the same tables, stamp this one: you know that it ran.",
)
@lost_option
@click.option("--wait", metavar="TIME", help="How long to wait for another guard.  [default: 30s]")
@format_option("stamp")
@output_options
def stamp(
    target: str | None,
    url: str | None,
    place: Place,
    ddl_url: str | None,
    revision: str | None,
    lost: tuple[str, ...],
    wait: str | None,
    format_: str,
    no_color: bool,
    verbose: bool,  # noqa: ARG001 - the error handler reads it from the command line
) -> int:
    """Write into alembic_version the latest revision whose schema this database has, as a replay proves; else refuse.

    The chain is run on a scratch database, revision by revision, and the database compared with each state.
    """
    from schema_guard.chain.stamp import stamp as stamp_proved
    from schema_guard.cli.asking import request
    from schema_guard.cli.request import WAIT
    from schema_guard.cli.several import on_one

    asked = on_one(request(target, url=url, ddl_url=ddl_url, wait=wait), "stamp")
    patience = WAIT if asked.settings.wait is None else asked.settings.wait
    stamped = stamp_proved(doctor_of(asked, asked.ddl_url, place, lost), patience, revision)
    code = OK if stamped.proved else REMAINS
    print_result(stamped, format_, Shown(command="stamp", exit_code=code), color=not no_color)
    return code


@click.command(short_help="Run the Alembic chain, then apply.")
@apply_options
@chain_options
@click.option(
    "--repair-chain",
    is_flag=True,
    help="Where alembic_version is empty or wrong, stamp what a replay proves, and go on from there.",
)
@lost_option
@format_option("deploy")
@output_options
def deploy(
    asked: Request,
    place: Place,
    repair_chain: bool,
    lost: tuple[str, ...],
    format_: str,
    no_color: bool,
    verbose: bool,
) -> int:
    """Run the Alembic chain to its head under the guard's lock, then apply. Never stamps blindly, never autogenerates.

    Each revision runs in a transaction of its own, with a lock timeout, and again when a lock could not be acquired.
    The budget is for locks and for apply: a revision takes the time it takes. SIGINT and SIGTERM stop it gracefully.
    """
    from schema_guard.chain.deploy import deploy as run_deploy
    from schema_guard.cli.bind_chain import on_each_bind
    from schema_guard.cli.followed import followed
    from schema_guard.cli.progress import log_is_seen, log_step
    from schema_guard.cli.waiting import when_reachable
    from schema_guard.many.reports import named

    def on_chain(asked: Request) -> tuple[Deployment, Shown]:
        doctor = doctor_of(asked, asked.ddl_url, place, lost)
        deadline = asked.deadline()
        with followed() as stop:

            def upgrade() -> Deployment:
                return run_deploy(
                    doctor, asked.limits, repair_chain=repair_chain, on_step=log_step, stop=stop, deadline=deadline
                )

            deployment = when_reachable(upgrade, asked.wait, log, over=lambda: deadline.over, sleep=stop.sleep)
            code = 128 + stop.signal if stop.asked else _deploy_code(deployment)
        if deployment.report is not None:
            deployment.report = named(deployment.report, asked.bind)
        return deployment, Shown(command="deploy", exit_code=code, logged=log_is_seen(), verbose=verbose)

    return on_each_bind(asked, on_chain, format_, color=not no_color)


def _doctor_code(diagnosis: Diagnosis) -> int:
    """2 when a replay that was asked for was not possible."""
    if diagnosis.unreachable:
        return UNREACHABLE
    if diagnosis.breaks:
        return REMAINS
    return USAGE if diagnosis.unanswered else OK


def _deploy_code(deployment: Deployment) -> int:
    """What a script has to know: 0 the application can start; else why not."""
    from schema_guard.chain.sandbox.job import Failure

    failed = deployment.failed
    if failed is not None and failed.why is Failure.LOCK:
        return LOCKED
    if failed is not None and (failed.revision or failed.why is not Failure.OTHER):
        return FAILED
    if deployment.stopped or deployment.report is None:
        return REMAINS
    return apply_code(deployment.report)
