"""`iso-alert subscriptions import`: who wants to be told."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from iso_alert.cli.common import import_into, tell_faults

if TYPE_CHECKING:
    from iso_alert.domain.command import Command, Record
    from iso_alert.domain.confirming import EnrolmentRules
    from iso_alert.store.files import SubscriberLine
    from iso_alert.store.sqlite import Sqlite


@click.group()
def command() -> None:
    """Who wants to be told."""


@import_into(command)
def import_(config: str | None, rejects: str | None, file: str) -> None:
    """Import subscriptions from FILE (`-`: standard input), a CSV with the columns customer, mobile, language.

    \b
    Examples:
      iso-alert subscriptions import subscriptions.csv --rejects bad-subscriptions.csv

    language is th or en.  Two more columns may be there: news (yes or no; empty leaves the consent as it is) and terms,
    the version that was agreed to.  New ones are active at once.  One that is there with other values is changed as
    the contact centre would change it, with its SMS.  One that has ended is not brought back by a file.  The
    customer's cards must have been imported before.
    """
    import time

    from iso_alert.cli.forms import subscriptions
    from iso_alert.cli.importing import import_file
    from iso_alert.cli.people import opened
    from iso_alert.config import ConfigError, find, load

    try:
        rules = load(find(config)).enrolment.rules
    except ConfigError as error:
        tell_faults(error.faults)
    with opened(config) as store:
        import_file(file, subscriptions(store, time.time, changing(store, rules, file)), store, rejects)


def changing(store: "Sqlite", rules: "EnrolmentRules", file: str) -> Callable[["SubscriberLine"], str | None]:
    """Carries out what a line says of a subscription that is there; the result is why it could not be."""
    import time

    def change(line: "SubscriberLine") -> str | None:
        standing = store.people.standing(customer=line.customer)
        if standing is None or standing.record is None:
            return "there is no such subscription"
        for command in commands(line, standing.record, file):
            answer = store.people.execute(command, rules, time.time())
            if not answer.result.good:
                return answer.words
        return None

    return change


def commands(line: "SubscriberLine", record: "Record", file: str) -> Iterator["Command"]:
    """What makes the record as the line says."""
    from attrs import evolve

    from iso_alert.cli.people import me
    from iso_alert.domain.command import Command, Operation, Via
    from iso_alert.iso.message import mask

    actor = evolve(me(), via=Via.FILE, origin=mask(file))
    language = Command(
        Operation.CHANGE_LANGUAGE, actor, customer=line.customer, language=line.language, terms=line.terms
    )
    if line.mobile != record.mobile:
        yield evolve(language, operation=Operation.CHANGE_NUMBER, mobile=line.mobile)
    elif line.language is not record.language:
        yield language
    if line.news is not None and line.news is not record.news:
        yield evolve(language, operation=Operation.NEWS_ON if line.news else Operation.NEWS_OFF)
