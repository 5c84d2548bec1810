"""Foreign SMPP clients in a measurement of ours: the same work for all, and a reason where one is not there."""

import pytest

from bench import foreign
from bench.process import child
from bench.smpp import CLIENTS, run

FOREIGN = ("node-smpp", "gosmpp")
WORKLOAD = {"pdus": 100, "rounds": 1, "windows": [5], "peers": ["raw"], "clients": ["session", "node-smpp"]}


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither node nor Go; gosmpp is looked for anew, before and after."""
    foreign.gosmpp.cache_clear()
    monkeypatch.setenv("PATH", "")


def test_a_foreign_client_pours_as_ours_does() -> None:
    """Told port, window, PDUs and rounds, it says the seconds of each round.  (gosmpp takes half a minute to build.)"""
    try:
        pour = foreign.node()
    except foreign.Missing as why:
        pytest.skip(str(why))
    with child("peer", ["-m", "bench.smpp", "raw"]) as peer:
        seconds = pour(int(peer.line()), 5, 50, 2)

    assert [0 < each < 60 for each in seconds] == [True, True]


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_installed_says_so(name: str) -> None:
    """A reason, not a traceback."""
    with pytest.raises(foreign.Missing, match="is not installed"):
        CLIENTS[name][0]()


@pytest.mark.usefixtures("nothing_installed")
def test_a_missing_client_leaves_the_others_their_rows() -> None:
    """Its own row has the reason in place of figures; a ratio stands beside every figure."""
    ours, theirs = run(WORKLOAD)

    assert ours["session_ratio"] == 1
    assert theirs == {"what": "node-smpp to raw", "window": 5, "skipped": "node is not installed"}
