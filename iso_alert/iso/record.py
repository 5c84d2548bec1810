"""The record of a file action (DE120, `kmalert-fa/1`): tag 2 digits, length 2 digits, value, and again.

Tags are a table; what is not in it, or does not look as it says, is a fault with the tag's name.
"""

import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

# What each tag of a request must look like.
TAGS: Mapping[str, re.Pattern[str]] = {
    tag: re.compile(pattern)
    for tag, pattern in {
        "01": r"\+?[0-9 -]{9,18}",  # mobile
        "02": r"TH|EN",  # language
        "03": r"Y|N",  # news
        "04": r"[0-9]",  # PIN result: 1 is verified by the switch
        "05": r"[\w./-]{1,20}",  # version of the terms
        "06": r"ATM|KCC",  # where the request was made
        "07": r"[\w./-]{1,20}",  # operator
        "08": r"[\w ./-]{1,20}",  # how the customer was verified
        "09": r"[\w./-]{1,40}",  # the switch's own reference of the request
    }.items()
}
LONGEST = 99  # characters of a value


@frozen
class BadRecord:
    """The record cannot be used: `tag` is at fault, or "" where it could not even be cut."""

    tag: str = ""


@frozen
class Cut:
    """The values of a record by their tags."""

    values: Mapping[str, str] = field(repr=False)  # a mobile number among them

    def get(self, tag: str) -> str:
        return self.values.get(tag, "")


def read_record(text: str) -> Cut | BadRecord:
    """What the record says."""
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not (head.isascii() and head.isdecimal()):
            return BadRecord()
        tag, end = head[:2], at + 4 + int(head[2:])
        value, at = text[at + 4 : end], end
        if end > len(text):
            return BadRecord()
        if tag in values or tag not in TAGS or not TAGS[tag].fullmatch(value):
            return BadRecord(tag)
        values[tag] = value
    return Cut(values)


def write_record(values: Iterable[tuple[str, str]]) -> str:
    """The record of an answer."""
    return "".join(f"{tag}{len(value[:LONGEST]):02d}{value[:LONGEST]}" for tag, value in values)
