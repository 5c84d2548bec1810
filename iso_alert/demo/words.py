"""What there is to say, in words that an operator reads: facts of a label and a line, with no colour and no box."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote

from attrs import frozen

from iso_alert import shipped
from iso_alert.config import Config
from iso_alert.demo.play import Outcome, Scene
from iso_alert.demo.stage import Stage
from iso_alert.domain.decision import Decision
from iso_alert.domain.subscription import masked
from iso_alert.iso.tables import read_toml
from iso_alert.sim.smsc import Sms

ENCODINGS = {"gsm": "GSM 03.38", "ucs2": "UCS-2"}
REPEAT = "none: recorded before, answered as the first time, and nobody is told twice"
INTRODUCTION = (
    "Payment hosts send ISO 8583, the service decides, commits and answers, an operator's SMSC takes the SMS, and "
    "phones show them: all in this process, over real sockets. The cards are test cards. Everything lies in a "
    "temporary directory, which goes when this ends."
)


@frozen
class Fact:
    """One line.  `told` says whether a decision was to tell; None for all that is no decision."""

    label: str
    text: str
    told: bool | None = None


@frozen
class Words:
    """The words of the tables' rows: a rule is named with what it says."""

    rows: Mapping[str, str]

    def rule(self, name: str, known: str = "") -> str:
        """`C08: the card was read by a terminal`; what is no row stands as it is, what is known is not said again."""
        words = self.rows.get(name, known)
        return name if words == known else f"{name}: {words}"

    def scene(self, scene: Scene) -> Iterator[Fact]:
        """Everything of a scene but its SMS."""
        message, card, answer, decision = scene.message, scene.card, scene.answer, scene.decision
        asked = f"{message.mti} {message.link}, *{card.last4} {card.kind.value}, {message.currency} {message.amount}"
        said = f"{answer.mti} DE39 {answer.code} in {ms(answer.after)}" if answer else "no answer"
        yield Fact("message", f"{asked} → {said}")
        if decision:
            yield from self.decision(decision)
        elif scene.recorded:
            yield Fact("decision", REPEAT)
        yield from (Fact("WRONG", fault) for fault in scene.faults())

    def decision(self, decision: Decision) -> Iterator[Fact]:
        """What was used where, and what was decided and why."""
        channel = "/".join(filter(None, (decision.channel.value, decision.sub_channel)))
        event = decision.event.value.replace("_", " ")
        what = f"{event} ({self.rule(decision.event_rule, event)})"
        yield Fact("channel", f"{channel} ({self.rule(decision.channel_rule)}), {what}")
        told = decision.reason.told
        row = f" ({self.rule(decision.policy_row)})" if decision.policy_row else ""
        yield Fact("decision", f"{'told' if told else 'silent'}: {decision.reason.words}{row}", told)


def read_words(config: Config) -> Words:
    """The words of every row that can fire under this configuration."""
    rows: dict[str, str] = {}
    for tables in config.rulebook.profiles.values():
        rows |= {rule.id: rule.say for rule in (*tables.events.table.rules, *tables.channels.table.rules)}
    for version in read_toml(shipped.path("policy.toml"))["version"]:
        rows |= {row["id"]: row["say"] for row in version["row"]}
    return Words(rows)


def caption(sms: Sms, after: float | None = None) -> str:
    """What stands over an SMS; `after` counts from the message that caused it."""
    parts = "1 part" if sms.parts == 1 else f"{sms.parts} parts"
    made_of = f"{parts}, {ENCODINGS.get(sms.encoding, sms.encoding)}, {len(sms.text)} characters"
    since = "" if after is None else f" after {ms(after)}"
    return f"SMS to {masked('+' + sms.destination)}{since}: {made_of}"


def ms(seconds: float) -> str:
    """Milliseconds, with a tenth where that means something."""
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def summary(outcome: Outcome) -> Iterator[Fact]:
    """The day in figures."""
    answered = sum(1 for scene in outcome.scenes if scene.answer)
    yield Fact("messages", f"{len(outcome.scenes)} sent, {answered} answered")
    delivered = "all" if outcome.delivered == outcome.parts else f"{outcome.delivered}"
    yield Fact("SMS", f"{len(outcome.shown)} in {outcome.parts} parts, {delivered} reported as delivered")
    if times := sorted(shown.after for shown in outcome.shown):
        typical, worst = times[len(times) // 2], times[-1]
        yield Fact("speed", f"from message to phone: {ms(typical)} as a rule, {ms(worst)} at most, all on this machine")
    yield from (Fact("WRONG", fault) for fault in outcome.faults)
    if not outcome.faults:
        yield Fact("result", "every SMS that had to come came, no other did, and every silence has its reason", True)


def addresses(stage: Stage) -> Iterator[Fact]:
    """Where what stands can be reached."""
    for link in stage.config.links:
        host, port = stage.addresses.links[link.rules.name]
        profile, framing = link.dialect.profile.name, link.dialect.framing.name
        yield Fact("ISO 8583", f"{host}:{port}  link {link.rules.name}, {profile}, {framing}")
    yield Fact("pages", f"{pages(stage)}/status  also /metrics, /livez, /readyz")
    yield Fact("SMSC", "{}:{}  SMPP 3.4".format(*stage.smsc))
    yield Fact("files", f"{stage.config.path.parent}")


def pages(stage: Stage) -> str:
    """The address of the admin pages."""
    return "http://{}:{}".format(*stage.addresses.admin)


def to_try(stage: Stage, outcome: Outcome, program: str) -> Iterator[str]:
    """Lines that work in another terminal as they stand."""
    host, port = stage.addresses.links[stage.config.links[0].rules.name]
    yield f"{program} host {host}:{port} --count 10 --rate 2"
    for stan in _worth_explaining(outcome):
        yield f"{program} explain -c {quote(str(stage.config.path))} --stan {stan}"
    yield f"curl -s {pages(stage)}/status"


def _worth_explaining(outcome: Outcome) -> Sequence[str]:
    """The STAN of the first payment that was told and that later messages spoke of."""
    named = (scene for scene in outcome.scenes if scene.message.name and scene.shown)
    return [scene.answer.stan for scene in named if scene.answer][:1]
