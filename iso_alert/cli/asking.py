"""Ask at the terminal what the API can be asked, by the same operations; tell the answer, or why there is none."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from iso_alert.cli.common import FAILED, set_up_logs, tell_faults

if TYPE_CHECKING:
    from iso_alert.config import Config
    from iso_alert.service.desk import Desk
    from iso_alert.web.api.office import Dispatch
    from iso_alert.web.api.operations import Operation
    from iso_alert.web.api.problem import Problem

Tell = Callable[[Mapping[str, Any]], str]  # an answer as a person reads it
See = Callable[["Config", "Desk"], "Dispatch"]  # the routes, as they are seen from here


def answer(name: str, config: str | None, asked: Mapping[str, Any], *, as_json: bool, tell: Tell, see: See) -> None:
    """Carry an operation out and print what it tells; what cannot be done is told, and the exit code is 1."""
    from iso_alert.store.port import StoreUnavailable
    from iso_alert.web.api.answers import plain
    from iso_alert.web.api.operations import BY_NAME
    from iso_alert.web.api.problem import Problem, as_object

    set_up_logs("warning")
    try:
        told = plain(_ask(BY_NAME[name], config, asked, see))
    except Problem as it:
        click.echo(json.dumps(as_object(it)) if as_json else _words(it), err=not as_json)
        sys.exit(FAILED)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else tell(told))


def nothing_seen(_: "Config", __: "Desk") -> "Dispatch":
    """For operations that are not about routes."""
    from iso_alert.web.api.office import Dispatch

    return Dispatch()


def _ask(operation: "Operation", config: str | None, asked: Mapping[str, Any], see: See) -> Any:
    """What the operation tells.  Raises Problem, StoreUnavailable."""
    import time

    import trio

    from iso_alert.cli.people import me
    from iso_alert.config import ConfigError, find, load
    from iso_alert.domain.token import Role
    from iso_alert.service.desk import Desk
    from iso_alert.service.subscribing import Subscribing
    from iso_alert.store.hold import held
    from iso_alert.store.sqlite import Sqlite
    from iso_alert.web.api import reading
    from iso_alert.web.api.gate import Caller
    from iso_alert.web.api.office import Office

    try:
        good = load(find(config))
    except ConfigError as error:
        tell_faults(error.faults)
    request: Any = reading.value(asked, operation.takes)
    desk = Desk(Sqlite(good.store, checkpoints=not held(good.store)))
    try:
        subscribing = Subscribing(desk, good.enrolment.rules, lambda: None, time.time)
        texts = good.rulebook.texts
        office = Office(desk, subscribing, good.keyring, texts, time.time, routes=see(good, desk))
        # An agent's eyes: at a terminal too, a number is masked.
        return trio.run(operation.does, office, Caller(Role.AGENT, me()), request).told
    finally:
        desk.store.close()


def _words(it: "Problem") -> str:
    at_fault = "" if it.faults else it.field  # where there are several, the detail names them
    return ": ".join(filter(None, (it.title, at_fault, it.detail)))
