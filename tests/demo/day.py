"""The day that is shipped, and what several tests ask of it."""

import re

from iso_alert.demo.day import Message, read_day
from iso_alert.domain.card import luhn

DAY = read_day()
PUBLISHED = (
    "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ",
    "Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00",
    "คืนเงิน 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 16:00 เหลือ 450,000.00 บ",
    "Reversed THB 2,500.00 to card no. x-1234 @ COMPANY NAME 16:00 Balance THB 450,000.00",
)


def told(text: str) -> Message:
    """The message that this SMS is to come of."""
    return next(message for message in DAY.message if message.sms == text)


def card_numbers(text: str) -> list[str]:
    """Every run of 13 to 19 digits, blanks and hyphens between them, whose check digit is right."""
    runs = re.findall(r"\d(?:[ -]?\d){12,}", text)
    plain = ["".join(re.findall(r"\d", run)) for run in runs]
    windows = [digits[at : at + n] for digits in plain for n in range(13, 20) for at in range(len(digits) - n + 1)]
    return [digits[-4:] for digits in windows if luhn(digits)]
