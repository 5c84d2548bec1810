"""What pyiso8583 is too kind to notice, as tables made from a spec.

It takes `+5`, ` 5` and `1_0` for a length, skips blanks in a hex bitmap, follows bit 65 to fields that nobody defined,
and asks nothing of a field's content, not even of the MTI's.
"""

from collections.abc import Callable, Mapping

from attrs import frozen

from iso_alert.iso.message import Fault
from iso_alert.iso.spec import BCD, BINARY, CONTENT, Spec

_HEX_DIGITS = 16  # of one bitmap


@frozen
class Trouble:
    """What is wrong with a frame, and where."""

    fault: Fault
    field: str
    position: int


@frozen
class Checks:
    """The checks of one spec."""

    content: Mapping[str, Callable[[str], object]]
    digits: Mapping[str, bytes]  # of a field whose length is text: how its ten digits look on the wire

    @classmethod
    def of(cls, spec: Spec) -> "Checks":
        """The checks that this field table asks for."""
        content = {key: CONTENT[line.content] for key, line in spec.lines.items() if line.content}
        content |= {"p": str.isalnum, "1": str.isalnum}  # hex already; now without blanks
        text = {k: line for k, line in spec.lines.items() if line.len_type and line.len_enc not in (BINARY, BCD)}
        return cls(content, {key: "0123456789".encode(line.len_enc) for key, line in text.items()})

    def sound(
        self, plain: Mapping[str, str], encoded: Mapping[str, Mapping[str, bytes]]
    ) -> tuple[Mapping[str, str], Trouble | None]:
        """The fields that can be trusted, and the first trouble.

        After a wrong length or bitmap nothing more can be trusted; a wrong content harms its own field only.
        """
        bad: dict[str, Fault] = {}
        for key, value in plain.items():
            digits = self.digits.get(key)
            if digits and encoded[key]["len"].translate(None, digits):
                bad[key] = Fault.LENGTH
                break
            check = self.content.get(key)
            if check and not check(value):
                bad[key] = Fault.CONTENT
                if key in ("p", "1"):
                    break
        if not bad and len(plain.get("1", "")) <= _HEX_DIGITS:
            return plain, None
        return _without(bad, plain), _first(bad, encoded)


def _without(bad: Mapping[str, Fault], plain: Mapping[str, str]) -> Mapping[str, str]:
    sound = {}
    for key, value in plain.items():
        if key not in bad:
            sound[key] = value
        elif bad[key] is Fault.LENGTH or key in ("p", "1"):
            break
    return sound


def _first(bad: Mapping[str, Fault], encoded: Mapping[str, Mapping[str, bytes]]) -> Trouble:
    for key, fault in bad.items():
        at = _start(key, encoded)
        return Trouble(fault, key, at if fault is Fault.LENGTH else at + len(encoded[key]["len"]))
    return Trouble(Fault.UNKNOWN, "65", _start("1", encoded))


def _start(key: str, encoded: Mapping[str, Mapping[str, bytes]]) -> int:
    """Where a field begins; pyiso8583 lists them in the order of the wire."""
    before = list(encoded)[: list(encoded).index(key)]
    return sum(len(encoded[k]["len"]) + len(encoded[k]["data"]) for k in before)
