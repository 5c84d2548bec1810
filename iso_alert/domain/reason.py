"""Why something was told or not: a closed list, in words that a person can read out to the cardholder."""

from enum import Enum


class Reason(Enum):
    """The name stands in the store and on metric labels; `words` is what people read."""

    words: str
    told: bool  # whether an SMS goes for it

    def __new__(cls, name: str, words: str = "") -> "Reason":
        member = object.__new__(cls)
        member._value_ = name
        member.words = words
        member.told = name.endswith("told") and name not in ("original_not_told", "completion_told")
        return member

    TOLD = "told", "the policy promises an SMS for this"
    FOREIGN_TOLD = "foreign_told", "no amount in baht: told with the foreign amount, whatever the threshold"
    CANCELLATION_TOLD = "cancellation_told", "the cardholder was told of the payment, so of its cancellation too"
    UNMATCHED_TOLD = "unmatched_told", "a cancellation of a payment we never saw; the policy says to tell it"
    RESTORED_TOLD = "restored_told", "the cancellation was taken back after it was told: the payment stands again"
    OVERTAKEN_TOLD = "overtaken_told", "the cancellation came first and waited; both are told in order"
    BURST_TOLD = "burst_told", "many small purchases, told together"

    NOT_FINANCIAL = "not_financial", "not a financial message"
    CHARGEBACK = "chargeback", "a chargeback between banks"
    UNDECIDED = "undecided", "the issuer's decision did not come"
    DECLINED = "declined", "the issuer declined it"
    NO_CARD = "no_card", "the message names no card"
    NOT_PROMISED = "not_promised", "the policy has no row for this kind of card, channel and event"
    SWITCHED_OFF = "switched_off", "the policy's row for this is switched off"
    BELOW_THRESHOLD = "below_threshold", "below the policy's amount"
    NOT_SUBSCRIBED = "not_subscribed", "nobody subscribed for this card"
    NOT_ACTIVE = "not_active", "the subscription is not active"
    SUSPENDED = "suspended", "the subscription is suspended"
    STOPPED = "stopped", "the bank has stopped the service for everybody"
    ORIGINAL_NOT_TOLD = "original_not_told", "the payment was not told, so its cancellation is not either"
    ALREADY_CANCELLED = "already_cancelled", "the payment was cancelled before"
    NOTHING_TO_RESTORE = "nothing_to_restore", "the void that is taken back had cancelled nothing that was told"
    CANCEL_WITHDRAWN = "cancel_withdrawn", "the cancellation still waited and was withdrawn: the payment stands as told"
    TAKEN_BACK_BEFORE = "taken_back_before", "this void was taken back before it came"
    FORCE_POSTED = "force_posted", "the slip of a telephone approval that was told already"
    COMPLETION_TOLD = "completion_told", "the pre-authorisation was told already"
    COMPLETED_ALREADY = "completed_already", "only the hold is released: its completion stands"
    UNMATCHED_SILENT = "unmatched_silent", "a cancellation of a payment we never saw; the policy says silent"
    OVERTAKEN_SILENT = "overtaken_silent", "its cancellation was handled before it came, and too long ago to tell both"
    IN_BURST = "in_burst", "below the policy's amount, and told later together with others"
    NO_AMOUNT = "no_amount", "neither it nor its original names an amount"
