"""Mobile numbers: Thai ones, kept as E.164.  Which operator serves one cannot be told: numbers are portable."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_CAN_BE_TOLD = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class BadMobile(ValueError):
    """No SMS can reach this number.  The text says why and does not show it."""


def thai_mobile(text: str) -> str:
    """`081 234 5678` as `+66812345678`.  Raises BadMobile."""
    try:
        number = phonenumbers.parse(text, "TH")
    except NumberParseException:
        raise BadMobile("no telephone number") from None
    if number.country_code != 66:
        raise BadMobile("not a Thai number")
    if not phonenumbers.is_valid_number(number):
        raise BadMobile("no number that exists in Thailand")
    if phonenumbers.number_type(number) not in _CAN_BE_TOLD:
        raise BadMobile("not a mobile number")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
