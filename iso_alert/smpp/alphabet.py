"""The GSM 03.38 default alphabet, unpacked: one septet an octet, as SMPP carries it.

There is no Thai in it, nor a Thai shift table: Thai goes as UCS-2.
"""

# Position is the code; 0x1B is the escape and stands for no character of its own.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip

SEPTETS = {char: bytes((code,)) for code, char in enumerate(BASIC) if code != ESCAPE} | {
    char: bytes((ESCAPE, code)) for code, char in EXTENSION.items()
}


def encode(text: str) -> bytes:
    """KeyError for a character that the alphabet does not have."""
    return b"".join(map(SEPTETS.__getitem__, text))


def decode(octets: bytes) -> str:
    """Any octets become some text: the eighth bit is dropped, and what an escape does not explain reads without it.

    The standard (6.2.1.1) wants a receiver without the extension to show the basic character; an escape at the very
    end says nothing and is dropped.
    """
    found: list[str] = []
    escaped = False
    for octet in octets:
        code = octet & 0x7F
        if code == ESCAPE and not escaped:
            escaped = True
            continue
        found.append(_character(code, escaped))
        escaped = False
    return "".join(found)


def _character(code: int, escaped: bool) -> str:
    if code == ESCAPE:
        return " "  # a doubled escape is reserved for a further table, and is shown as a space
    return EXTENSION.get(code, BASIC[code]) if escaped else BASIC[code]
