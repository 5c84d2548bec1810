"""Enrolment over ISO 8583: a file action of the ATM switch becomes a command, its answer DE39, a slip and a record.

What may be asked is a table (`OFFERS`).  A request with a PIN block is refused before anything looks at it: the PIN
ends at the switch.  The same request within 24 hours gets the same answer, and no second SMS.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog
from attrs import frozen

from iso_alert import shipped
from iso_alert.domain.command import Actor, Answer, Command, Operation, Record, Result, Standing, Via
from iso_alert.domain.subscription import masked
from iso_alert.domain.text import Language, Texts
from iso_alert.iso.dialect import Dialect
from iso_alert.iso.merchant import CHARSETS
from iso_alert.iso.reading import FileAction
from iso_alert.iso.record import BadRecord, Cut, read_record, write_record
from iso_alert.iso.tables import BadTable, read_toml
from iso_alert.service.subscribing import Subscribing

log = structlog.get_logger()
_O = Operation


@frozen
class Offer:
    """Something the ATM offers: what it does, and which tags it needs."""

    operation: Operation
    needs: tuple[str, ...]


ALERTS, NEWS = "KMALERT", "KMNEWS"
OFFERS: Mapping[tuple[str, str], Offer] = {  # by DE91 and DE101
    ("1", ALERTS): Offer(_O.APPLY, ("01", "02", "04", "05", "06")),
    ("2", ALERTS): Offer(_O.CHANGE_LANGUAGE, ("02", "04")),
    ("3", ALERTS): Offer(_O.CANCEL, ("04", "06")),
    ("5", ALERTS): Offer(_O.INQUIRE, ("04",)),
    ("1", NEWS): Offer(_O.NEWS_ON, ("04",)),
    ("3", NEWS): Offer(_O.NEWS_OFF, ("04",)),
}
NEW_NUMBER = Offer(_O.CHANGE_NUMBER, ("01", "04"))  # what ("2", ALERTS) means once it names a number
TAG_OF = {"mobile": "01", "language": "02", "terms": "05", "network": "01", "key": "09"}  # fields of a command
VERIFIED, KCC = "1", "KCC"
SHOWN_CARDS = 20  # that a value of 99 characters has room for
SLIPS = (*(operation.value for operation in _O if operation in {offer.operation for offer in OFFERS.values()}),
         _O.CHANGE_NUMBER.value, "waits", "failed")  # fmt: skip


@frozen
class Reply:
    """What goes back: DE39, and fields beside those that are echoed."""

    code: str
    more: Mapping[str, str] = {}


def read_slips(*before: Path) -> Texts:
    """The words on the slips.  Raises BadTable."""
    path = shipped.path("slips.toml", *before)
    words = read_toml(path)
    missing = [f"{path}: {key}: missing in th or en" for key in SLIPS if {"th", "en"} - set(words.get(key, ()))]
    if missing:
        raise BadTable(missing)
    return Texts(words)


@frozen
class Enrolment:
    """What the links hand file actions to.  `operators`: the contact centre's that may act; none named: all."""

    subscribing: Subscribing
    slips: Texts
    operators: frozenset[str] = frozenset()

    async def answer(self, request: FileAction, dialect: Dialect) -> Reply:
        """Do what is asked, once, and say what came of it.  Raises nothing but our own bugs."""
        said = Result.NOT_VERIFIED if request.has_pin else self._understand(request)
        if isinstance(said, Result):
            return self._refusal(said, "", dialect)
        if isinstance(said, BadRecord):
            return self._refusal(Result.BAD_FIELD if said.tag else Result.FORMAT_ERROR, said.tag, dialect)
        try:
            answer = await self.subscribing.do(said, self._key(request))
        except Exception as bug:  # ours; the other requests of the link must not suffer from it
            log.error("a file action could not be carried out: please report it", link=request.link, stan=request.stan,
                      fault=type(bug).__name__)  # fmt: skip
            answer = Answer(Result.INTERNAL)
        return self._reply(said, answer, dialect)

    def _understand(self, request: FileAction) -> Command | Result | BadRecord:
        offer = OFFERS.get((request.operation, request.file))
        if offer is None:
            return Result.UNKNOWN_COMBINATION
        cut = read_record(request.record)
        if isinstance(cut, BadRecord):
            return cut
        if request.card is None:
            return Result.NO_SUCH_CARD if request.names_card else Result.FORMAT_ERROR
        if offer.operation is _O.CHANGE_LANGUAGE and cut.get("01"):
            offer = NEW_NUMBER
        if lacking := [tag for tag in offer.needs if not cut.get(tag)]:
            return BadRecord(lacking[0])
        return self._command(offer.operation, request, cut)

    def _command(self, operation: Operation, request: FileAction, cut: Cut) -> Command:
        via = Via.CONTACT_CENTRE if cut.get("06") == KCC else Via.ATM
        return Command(
            operation=operation,
            actor=Actor(cut.get("07") or request.link, via, f"{request.terminal} STAN {request.stan}"),
            card=request.card,
            mobile=cut.get("01") or None,
            language=Language(cut.get("02").lower()) if cut.get("02") else None,
            news={"Y": True, "N": False}.get(cut.get("03")),
            terms=cut.get("05"),
            verified=cut.get("04") == VERIFIED and (via is Via.ATM or self._may_act(cut.get("07"))),
            reason=cut.get("08"),
        )

    def _may_act(self, operator: str) -> bool:
        return bool(operator) and (not self.operators or operator in self.operators)

    def _key(self, request: FileAction) -> str:
        """The same for a repeat: link, DE11, DE7, DE41 and card are in it; or the switch's own name for the request."""
        cut = read_record(request.record)
        own = cut.get("09") if isinstance(cut, Cut) else ""
        card = request.card.tokens[-1].hex() if request.card else ""
        return f"iso {request.link} {own} {card}" if own else f"iso {request.link} {request.key}"

    def _reply(self, command: Command, answer: Answer, dialect: Dialect) -> Reply:
        result, standing = answer.result, answer.standing
        record = standing.record if standing else None
        language = (record.language if record else None) or command.language or Language.TH
        if not result.good or standing is None or record is None:
            return self._refusal(result, TAG_OF.get(answer.field, ""), dialect, language)
        slip = "waits" if result is Result.WAITS else command.operation.value
        more = {"120": write_record(_state(standing, record))}
        return Reply(result.value, self._slip(slip, language, dialect, mobile=masked(record.mobile)) | more)

    def _refusal(self, result: Result, tag: str, dialect: Dialect, language: Language = Language.TH) -> Reply:
        more = {"120": write_record([("99", tag)])} if tag else {}
        return Reply(result.value, self._slip("failed", language, dialect) | more)

    def _slip(self, key: str, language: Language, dialect: Dialect, **places: str) -> dict[str, str]:
        """DE63 in the customer's language, or in English on a link whose characters have no Thai."""
        for tried in (language, Language.EN):
            if (text := on_wire(self.slips.notice(key, tried, **places), dialect)) is not None:
                return {"63": text}
        return {}


def _state(standing: Standing, record: Record) -> Iterator[tuple[str, str]]:
    yield "20", record.state.value.upper()
    yield "21", masked(record.mobile)
    yield "22", record.language.value.upper()
    yield "23", "Y" if record.news else "N"
    yield "24", ",".join(card.last4 for card in standing.cards[:SHOWN_CARDS])


def on_wire(text: str, dialect: Dialect) -> str | None:
    """The text as the codec writes it: bytes of the link's charset, a character each.  None: it has no such letters."""
    encoding = dialect.profile.spec.lines["63"].data_enc
    try:
        if encoding != "latin-1":
            text.encode(encoding)
            return text
        return text.encode(CHARSETS[dialect.charset]).decode("latin-1")
    except UnicodeEncodeError:
        return None
