"""Delivery receipts find the part they speak of: early or late, in another spelling, after a restart; or nothing."""

import pytest

from iso_alert.smpp.receipt import id_forms
from iso_alert.store.port import Confirmed, Lease, Settled, Taken, Untaken
from tests.support.bank import NOW, mobile, sale
from tests.support.engines import ROUTE, Kept


def taken(lease: Lease, message_id: str, n: int = 1, parts: int = 1, route: str = ROUTE) -> Taken:
    """As the courier tells it: the id in all the ways in which it may be written."""
    return Taken(lease.alert, n, parts, route, id_forms(message_id) or ("",), NOW + 1)


def receipt(message_id: str, state: str = "DELIVRD", at: float = NOW + 3, **changed: str) -> Confirmed:
    """As the courier tells it: the number without a plus sign, and not final states without a verdict."""
    number = changed.get("mobile", mobile(1).lstrip("+"))
    delivered = None if state in ("ENROUTE", "ACCEPTD", "SCHEDULED") else state == "DELIVRD"
    ids = id_forms(message_id) or ("",)
    return Confirmed(changed.get("route", ROUTE), ids, number, state, delivered, "000", at)


@pytest.fixture
def lease(kept: Kept) -> Lease:
    """One alert to C1, on its way."""
    kept.subscribe(1, 2)
    (lease,) = kept.lease(sale(1))
    return lease


@pytest.mark.parametrize(
    ("state", "becomes"),
    [("DELIVRD", "delivered"), ("UNDELIV", "undelivered"), ("EXPIRED", "undelivered"), ("REJECTD", "undelivered")],
)
def test_a_receipt_settles_its_alert(kept: Kept, lease: Lease, state: str, becomes: str) -> None:
    """What the phone said stands in the store, with the seconds since the message came in."""
    kept.store.settle([taken(lease, "0A1B")])

    assert kept.store.settle([receipt("0A1B", state)]) == Settled([(state, 3.0)])
    assert kept.states() == [becomes]


def test_an_interim_receipt_changes_nothing(kept: Kept, lease: Lease) -> None:
    """ENROUTE is a state, not an outcome: it is counted, and the alert stays accepted."""
    kept.store.settle([taken(lease, "0A1B")])

    assert kept.store.settle([receipt("0A1B", "ENROUTE")]) == Settled([("ENROUTE", None)])
    assert kept.states() == ["accepted"]


Said = list[Taken | Untaken | Confirmed]
BATCHES = {"later": [[0], [1]], "same batch": [[1, 0]]}  # of the answer (0) and the receipt (1)

# Answer, receipt.
SPELLINGS = [
    ("0A1B2C3D", "0A1B2C3D"),
    ("0A1B2C3D", "0a1b2c3d"),
    ("0A1B2C3D", "A1B2C3D"),
    ("0A1B2C3D", "169552957"),
    ("169552957", "0A1B2C3D"),
    ("169552957", "a1b2c3d"),
    ("0000000042", "42"),
    ("8f14e45f-ceea", "8F14E45F-CEEA"),
]


@pytest.mark.parametrize(("answered", "written"), SPELLINGS)
@pytest.mark.parametrize("order", ["later", "same batch", "first", "first, then a restart"])
def test_an_id_is_known_in_every_spelling(kept: Kept, lease: Lease, answered: str, written: str, order: str) -> None:
    """Hex or decimal, folded or bare, before or after the answer: the same message."""
    answer, told = taken(lease, answered), receipt(written)
    batches: list[Said] = [[told], [answer]]
    if order in BATCHES:
        batches = [[(answer, told)[n] for n in batch] for batch in BATCHES[order]]
    for batch in batches:
        kept.store.settle(batch)
        if "restart" in order:
            kept.reopen()

    assert kept.states() == ["delivered"]
    assert kept.count("early_receipt") == 0


def test_an_early_receipt_counts_as_a_stranger_only_until_its_answer(kept: Kept, lease: Lease) -> None:
    """It fits nothing when it comes, and is counted as confirmed when the answer is there."""
    first = kept.store.settle([receipt("0A1B")])
    second = kept.store.settle([taken(lease, "0A1B")])

    assert (first, second) == (Settled([], 1), Settled([("DELIVRD", 3.0)]))


@pytest.mark.parametrize("number", ["0810000001", "810000001"])
@pytest.mark.parametrize("early", [False, True])
def test_the_literal_id_needs_no_number(kept: Kept, lease: Lease, number: str, early: bool) -> None:
    """An SMSC that writes the phone's number as people do is still believed about its own id."""
    steps: Said = [taken(lease, "00AB12"), receipt("00AB12", mobile=number)]
    for step in reversed(steps) if early else steps:
        kept.store.settle([step])

    assert kept.states() == ["delivered"]


@pytest.mark.parametrize("early", [False, True])
def test_another_form_of_an_id_needs_the_number(kept: Kept, lease: Lease, early: bool) -> None:
    """12345678 may be hex or decimal: somebody else's receipt must not confirm this alert, nor be lost."""
    steps: Said = [taken(lease, "12345678"), receipt("305419896", mobile=mobile(2).lstrip("+"))]
    for step in reversed(steps) if early else steps:
        kept.store.settle([step])

    assert kept.states() == ["accepted"]
    assert kept.count("early_receipt") == 1


@pytest.mark.parametrize("early", [False, True])
def test_another_route_is_another_smsc(kept: Kept, lease: Lease, early: bool) -> None:
    """Ids are the SMSC's own: the same one on another route means nothing here."""
    steps: Said = [taken(lease, "0A1B"), receipt("0A1B", route="other")]
    for step in reversed(steps) if early else steps:
        kept.store.settle([step])

    assert (kept.states(), kept.count("early_receipt")) == (["accepted"], 1)


def test_a_receipt_told_twice_is_told_once(kept: Kept, lease: Lease) -> None:
    """Our acknowledgement was lost, so the SMSC repeats: nothing changes, and no second time is measured."""
    kept.store.settle([taken(lease, "0A1B")])
    kept.store.settle([receipt("0A1B")])
    second = kept.store.settle([receipt("0A1B", at=NOW + 99)])

    assert second == Settled([("DELIVRD", None)])
    assert kept.query("SELECT state, confirmed_at FROM alert WHERE id = (SELECT min(id) FROM alert)") == [
        ("delivered", NOW + 3)
    ]


@pytest.mark.parametrize(("first", "second"), [("UNDELIV", "DELIVRD"), ("DELIVRD", "UNDELIV")])
def test_delivered_has_the_last_word(kept: Kept, lease: Lease, first: str, second: str) -> None:
    """What has been on a phone was delivered, in whichever order the receipts come."""
    kept.store.settle([taken(lease, "0A1B")])
    kept.store.settle([receipt("0A1B", first)])
    kept.store.settle([receipt("0A1B", second)])

    assert kept.states() == ["delivered"]


@pytest.mark.parametrize(
    ("one", "other", "becomes"),
    [("DELIVRD", "DELIVRD", "delivered"), ("DELIVRD", "UNDELIV", "undelivered"), ("UNDELIV", "DELIVRD", "undelivered")],
)
def test_two_parts_are_as_good_as_the_worse(kept: Kept, lease: Lease, one: str, other: str, becomes: str) -> None:
    """Half a message is no message."""
    kept.store.settle([taken(lease, "a1", 1, 2), taken(lease, "a2", 2, 2)])
    kept.store.settle([receipt("a1", one)])
    between = kept.states()
    kept.store.settle([receipt("a2", other)])

    assert between == ["accepted" if one == "DELIVRD" else "undelivered"]
    assert kept.states() == [becomes]


def test_a_copy_counts_for_its_part(kept: Kept, lease: Lease) -> None:
    """A part that went twice, in doubt, is delivered when either copy is."""
    kept.store.settle([taken(lease, "a1", 1, 2), taken(lease, "copy", 1, 2), taken(lease, "a2", 2, 2)])
    kept.store.settle([receipt("a1", "EXPIRED"), receipt("copy"), receipt("a2")])

    assert kept.states() == ["delivered"]


def test_a_receipt_of_a_part_does_not_finish_the_rest(kept: Kept, lease: Lease) -> None:
    """Part 1 is on the phone and part 2 was not even sent: it still has to go."""
    kept.store.settle([taken(lease, "a1", 1, 2)])
    kept.store.settle([receipt("a1")])

    assert kept.states() == ["sending"]


@pytest.mark.parametrize("early", ["a1", "a2"])
def test_an_early_receipt_of_a_part_waits_with_it(kept: Kept, lease: Lease, early: str) -> None:
    """A receipt that comes while the other part is still on its way is not forgotten."""
    late = {"a1": "a2", "a2": "a1"}[early]
    kept.store.settle([taken(lease, early, int(early[1]), 2), receipt(early)])
    kept.store.settle([taken(lease, late, int(late[1]), 2)])
    kept.store.settle([receipt(late)])

    assert kept.states() == ["delivered"]


def test_an_id_that_is_used_again_means_the_newest(kept: Kept) -> None:
    """SMSCs count from one again after a restart; the receipt speaks of what is still waiting for one."""
    kept.subscribe(1)
    (first,) = kept.lease(sale(1, 1))
    kept.store.settle([taken(first, "1"), receipt("1")])
    (second,) = kept.lease(sale(1, 2))
    kept.store.settle([taken(second, "1")])
    kept.store.settle([receipt("1")])

    assert kept.states() == ["delivered", "delivered"]


def test_a_receipt_without_an_id_confirms_nobody(kept: Kept, lease: Lease) -> None:
    """Neither the alert that got no id, nor one whose id is 0."""
    kept.store.settle([taken(lease, "")])
    settled = kept.store.settle([receipt("")])

    assert (kept.states(), settled.unmatched) == (["accepted"], 1)


def test_a_receipt_settles_an_unknown_alert(kept: Kept, lease: Lease) -> None:
    """Written twice, answered never; and then the phone says that it came."""
    kept.store.settle([taken(lease, "a1", 1, 2)])
    kept.store.recover()
    kept.claim()
    kept.store.settle([taken(lease, "a2", 2, 2)])
    kept.store.settle([receipt("a1"), receipt("a2")])

    assert kept.states() == ["delivered"]
