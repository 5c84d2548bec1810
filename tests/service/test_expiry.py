"""Certificates that end: counted for those who watch, told to those who do not."""

from pathlib import Path

import structlog

from iso_alert.service.expiry import DAY, Wire, expiries, warn
from iso_alert.service.metrics import Metrics
from iso_alert.service.tls import listening
from tests.support.authority import authority
from tests.support.bank import NOW


def wires(directory: Path, days: float) -> list[Wire]:
    """A link whose certificate ends in so many days, and one without any."""
    certificate, key = authority().issue(directory, "localhost", ends=NOW + days * DAY)
    return [Wire("link", "switch", listening(certificate, key, authority().trust(directory))), Wire("link", "x", None)]


def test_every_file_of_every_wire(tmp_path: Path) -> None:
    """By side, name and what the file is for; a plain wire has none."""
    found = dict(expiries(wires(tmp_path, 100)))

    assert set(found) == {("link", "switch", "certificate"), ("link", "switch", "clients")}
    assert found["link", "switch", "certificate"] == NOW + 100 * DAY


def told(directory: Path, days: float) -> list[tuple[str, str, object]]:
    with structlog.testing.capture_logs() as lines:
        warn(expiries(wires(directory, days)), NOW)
    return [(line["log_level"], line["event"], line.get("days")) for line in lines]


def test_thirty_days_before_the_log_says_so(tmp_path: Path) -> None:
    """A day earlier it is quiet; when it has ended it is an error."""

    assert told(tmp_path, 30.5) == []
    assert told(tmp_path, 29.5) == [("warning", "a certificate ends soon", 29)]
    assert told(tmp_path, 0.5) == [("warning", "a certificate ends soon", 0)]
    assert told(tmp_path, -1) == [("error", "a certificate has ended: handshakes fail", None)]


def test_the_metric_forgets_what_is_not_used(tmp_path: Path) -> None:
    """After a SIGHUP only the files of now are shown."""
    metrics, labels = Metrics(), {"side": "link", "name": "switch", "file": "certificate"}
    name = "iso_alert_certificate_expiry_seconds"
    metrics.certificates(expiries(wires(tmp_path, 100)))

    assert metrics.registry.get_sample_value(name, labels) == NOW + 100 * DAY

    metrics.certificates([])

    assert metrics.registry.get_sample_value(name, labels) is None
