"""Statuses, and the table that says what they ask of us."""

import pytest

from iso_alert import shipped
from iso_alert.service.route_config import load_statuses
from iso_alert.smpp.command import Action, Command, Status, command_name, status_name, status_table

SHIPPED = load_statuses(shipped.path("smpp-statuses.toml"))
NEITHER = "is neither a status of SMPP 3.4 nor a hex number"
TWICE = "message: ESME_RTHROTTLED stands twice"
EXPECTED = {
    Action.RETRY: "58 14 08 64",
    Action.RETRY_FEW: "45 FE FF",
    Action.REBIND: "04 05",
    Action.NEVER: "01 02 03 06 07 0A 0B 0C 11 13 15 33 34 40 42 43 44 48 49 50 51 53 54 55 61 62 63 65 66 67"
    " C0 C1 C2 C3 C4",
}  # fmt: skip


@pytest.mark.parametrize(("action", "statuses"), EXPECTED.items(), ids=lambda each: getattr(each, "value", ""))
def test_the_shipped_table(action: Action, statuses: str) -> None:
    """The statuses of each action are those that the wire notes name."""
    found = {status for status, does in SHIPPED.message.items() if does is action}

    assert found == {int(status, 16) for status in statuses.split()}


def test_bind_errors_call_for_a_person() -> None:
    """A wrong account is knocked at slowly, and said aloud; what may pass by itself is tried again."""
    alarming = {Status.ESME_RBINDFAIL, Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RINVSYSTYP}

    assert {status for status in Status if SHIPPED.bind_action(status) is Action.ALARM} == alarming
    assert SHIPPED.bind_action(0x4FF) is Action.RETRY


def test_every_status_has_an_action() -> None:
    """Also one that nobody has heard of; zero alone is a yes."""
    unlisted = [status.name for status in Status if status and status not in SHIPPED.message]

    assert unlisted == ["ESME_RBINDFAIL", "ESME_RINVPASWD", "ESME_RINVSYSID"]  # answers to a bind only
    assert [SHIPPED.action(status) for status in (0, 0x401)] == [Action.ACCEPTED, Action.RETRY_FEW]
    assert SHIPPED.bind_action(0) is Action.ACCEPTED


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({"massage": {}}, "no such table: ['massage']"),
        ({"message": {"never": {"ESME_RFUN": ""}}}, f"message: ESME_RFUN {NEITHER}"),
        ({"bind": {"alarm": {"0xZZ": ""}}}, f"bind: 0xZZ {NEITHER}"),
        ({"message": {"shrug": {"ESME_RSYSERR": ""}}}, "'shrug' is not a valid Action"),
        ({"message": {"never": {"0x58": ""}, "retry": {"ESME_RSYSERR": "", "ESME_RTHROTTLED": ""}}}, TWICE),
    ],
)  # fmt: skip
def test_faults_of_the_table_are_named(rows: dict[str, dict[str, dict[str, str]]], fault: str) -> None:
    """Before any port is opened."""
    with pytest.raises(ValueError) as caught:
        status_table(rows)

    assert str(caught.value) == fault


def test_a_vendors_status_may_be_listed() -> None:
    """By its number."""

    assert status_table({"message": {"retry": {"0x0401": "busy"}}}).action(0x401) is Action.RETRY


def test_names() -> None:
    """As the standard spells them; a label of a strange status stays in a closed set."""

    assert command_name(Command.SUBMIT_SM_RESP) == "submit_sm_resp"
    assert command_name(0x00010203) == "0x00010203"
    assert [status_name(each) for each in (0, 0x58, 0x401)] == ["ESME_ROK", "ESME_RTHROTTLED", "OTHER"]
