"""Everything that the day needs, raised in an empty directory on free ports, and taken down again.

The parts are the real ones: a configuration in a file, read and judged as `iso-alert run` does it; a key made for this
one day; cards and subscriptions written by the store's own verbs; the node; and peers on real sockets.
"""

import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

import trio
from attrs import frozen

from iso_alert.app import Addresses, Node
from iso_alert.config import Config, load
from iso_alert.config.secrets import write_key
from iso_alert.demo.day import Customer, Day
from iso_alert.demo.ears import Ears, Overheard
from iso_alert.demo.host import Host, dial
from iso_alert.domain.card import Kind
from iso_alert.iso.codec import Codec
from iso_alert.sim.smsc import Smsc, SmscOptions
from iso_alert.sim.workload import card as guest
from iso_alert.sim.workload import read_workload
from iso_alert.store.port import CardLine, SubscriptionLine
from iso_alert.store.sqlite import Sqlite

LOCAL = "127.0.0.1"
SYSTEM_ID = "alerts"  # as the day's configuration has it
BIND_WITHIN = 10.0  # seconds


@frozen(eq=False)
class Stage:
    """What stands while the day is played."""

    day: Day
    config: Config
    addresses: Addresses
    smsc: tuple[str, int]
    heard: Overheard
    hosts: Mapping[str, Host]  # by link


@asynccontextmanager
async def raised(day: Day, directory: Path) -> AsyncIterator[Stage]:
    """The stage, in an empty directory.  Left, or cancelled, everything on it has ended; the node has drained."""
    heard = Overheard()
    async with trio.open_nursery() as nursery, AsyncExitStack() as hanging_up:
        password = secrets.token_hex(4)  # SMPP gives it eight characters
        operator = Smsc(SmscOptions(system_id=SYSTEM_ID, password=password), heard.arrived)
        port = await nursery.start(operator.serve, LOCAL, 0)
        config = configured(day, directory, port, password)
        subscribe(day, config)
        node = Node(config, metrics=Ears(heard))
        addresses = await nursery.start(node.run)
        with trio.move_on_after(BIND_WITHIN):
            await heard.bound.wait()
        try:
            yield Stage(day, config, addresses, (LOCAL, port), heard, await _dialled(config, addresses, hanging_up))
        finally:
            node.stop()
            await node.stopped()
            nursery.cancel_scope.cancel()


async def _dialled(config: Config, addresses: Addresses, hanging_up: AsyncExitStack) -> Mapping[str, Host]:
    hosts = {}
    for link in config.links:
        name = link.rules.name
        hosts[name] = await dial(addresses.links[name], Codec(link.dialect, config.keyring))
        await hanging_up.enter_async_context(hosts[name].stream)
    return hosts


def configured(day: Day, directory: Path, smsc_port: int, password: str) -> Config:
    """The day's configuration with all its files, read back as any other.  The user's environment has no say in it."""
    file = directory / "iso-alert.toml"
    file.write_text(day.configuration.format(smsc=smsc_port), encoding="utf-8")
    merchants = (f'{key} = "{name}"\n' for key, name in day.merchants.items())
    (directory / "merchants.toml").write_text("[merchant]\n" + "".join(merchants), encoding="utf-8")
    (directory / "smsc.password").write_text(password, encoding="utf-8")
    write_key(directory / "pan.key")
    return load(file, environ={})


def subscribe(day: Day, config: Config) -> None:
    """Import the cards and those who want to be told, as `iso-alert cards import` and `subscriptions import` do."""
    subscribers = [customer for customer in day.customer if customer.mobile]
    store = Sqlite(config.store)
    try:
        store.import_cards([*_guests(subscribers, config), *_cards(day, config)])
        store.import_subscriptions(
            (SubscriptionLine(one.name, f"+{one.phone}", one.language) for one in subscribers), time.time()
        )
    finally:
        store.close()


def _cards(day: Day, config: Config) -> Iterator[CardLine]:
    for card in day.card:
        credit = card.kind is Kind.CREDIT
        yield CardLine(card.customer, config.keyring.card(card.number()), card.kind, primary=credit)


def _guests(subscribers: Sequence[Customer], config: Config) -> Iterator[CardLine]:
    """The test cards of `iso-alert host`, so that whoever tries it sees SMS arrive."""
    numbers = range(read_workload().cards)
    for number, customer in zip(numbers, cycle(subscribers), strict=False):
        yield CardLine(customer.name, config.keyring.card(guest(number)), Kind.CREDIT, primary=False)
