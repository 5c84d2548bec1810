"""The words of an SMS: the published templates filled in, and a merchant's name made fit to be shown.

Nothing that leaves here may hold a link (Thai banks may not send any), a hidden character or a direction mark.  Thai is
never brought to NFKC: that would take the sara am of ชำระ apart.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from attrs import frozen

from iso_alert.domain.money import BAHT, Money


class Language(Enum):
    """The cardholder's choice."""

    TH = "th"
    EN = "en"


@frozen(eq=False)  # one a deployment: itself is what it equals
class Texts:
    """The templates of specs/texts.toml: key, then language, then words with {places} and an optional [clause]."""

    words: Mapping[str, Mapping[str, str]]

    def spending(self, key: str, language: Language, **places: object) -> str:
        """The text `key` (approval, cancel) with its places filled; `bal` None leaves its clause out."""
        return _fill(self.words[key][language._value_], places)

    def notice(self, key: str, language: Language, **places: object) -> str:
        """A text about the subscription itself, by SMS or on a slip."""
        return _fill(self.words[key][language.value], places)

    def amount(self, money: Money, language: Language) -> str:
        """A sum with its currency, as the language writes it: `THB 2,500.00`, `25.00 USD`."""
        code = money.currency.code
        return self.words["amount" if code == BAHT.code else "foreign"][language._value_].format(sum=money, code=code)


_CLAUSE = re.compile(r"\[([^]]*)]")
_PLACE = re.compile(r"{(\w+)}")


def places(template: str) -> set[str]:
    """What a template names."""
    return set(_PLACE.findall(template))


def _fill(template: str, places: Mapping[str, object]) -> str:
    absent = frozenset([name for name, value in places.items() if value is None])
    return _with_clauses(template, absent).format_map(places)


@lru_cache(maxsize=1024)  # there are a few dozen
def _with_clauses(template: str, absent: frozenset[str]) -> str:
    """The template with those of its clauses for which everything is there."""

    def clause(found: re.Match[str]) -> str:
        return found.group(1) if absent.isdisjoint(places(found.group(1))) else ""

    return _CLAUSE.sub(clause, template)


_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}  # controls, bidi and zero-width marks, what no phone shows
_SCHEME = re.compile(r"(?i)\b(?:https?|ftp|tel|sms|mailto|line|market)\b\s*:\s*/*")
_WWW = re.compile(r"(?i)\b(www)\.")
# A phone makes a link of word.word, user@host and of long runs of digits; what joins them is replaced by a blank.
_JOINED = re.compile(r"(?<=\S)[.@/\\:]+(?=\w)")
_DOTS = str.maketrans("。．｡․·", ".....")  # full stops that resolvers take for a dot
_LONG_DIGITS = re.compile(r"\d(?:[\W_]{0,3}\d){8,}")  # a telephone number, or worse, whatever stands in between


def clean_merchant(raw: str) -> str:
    """A merchant's name as one line without hidden characters, links or long numbers; `-` if nothing is left."""
    shown = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in raw if not _zero_width(c))
    dotted = _WWW.sub(r"\1 ", _SCHEME.sub("", shown.translate(_DOTS)))
    folded = " ".join(_JOINED.sub(" ", dotted).split())
    defused = _LONG_DIGITS.sub(lambda run: "".join(filter(str.isdecimal, run.group()))[-4:], folded)
    return " ".join(defused.split()) or "-"


def _zero_width(character: str) -> bool:
    return unicodedata.category(character) == "Cf"
