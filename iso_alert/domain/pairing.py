"""Request and response of a mirrored feed, made one: the request says what was bought, the response what came of it."""

from attrs import evolve

from iso_alert.domain.transaction import Transaction

PAIRED_CLASSES = "12"  # a reversal undoes what was decided, whatever is answered to it
WAITS = 60.0  # seconds for the other half; then the message is decided on alone
_PARTIAL = "10"


def is_response(of: Transaction) -> bool:
    """0110, 0130, 0210, 0230: the issuer's word."""
    return of.mti[2] in "13"


def pair(one: Transaction, other: Transaction) -> Transaction:
    """The transaction that two halves tell, in either order.  What the response leaves out stands in the request."""
    request, response = (other, one) if is_response(one) else (one, other)
    approval_code = response.approval_code or request.approval_code
    facts = evolve(request.facts, approved=response.facts.approved, approval_code="yes" if approval_code else "no")
    decided = response.amount if response.response_code.lstrip("0") == _PARTIAL and response.amount.minor else None
    return request.but(
        facts=facts,
        arrived_at=max(request.arrived_at, response.arrived_at),
        approval_code=approval_code,
        rrn=response.rrn or request.rrn,
        response_code=response.response_code,
        amount=decided or request.amount,
        balances=response.balances or request.balances,
    )
