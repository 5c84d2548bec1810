"""The flat run in its short form, and its judgement of curves that are not flat."""

import pytest
from attrs import evolve

from iso_alert.service.metrics import Metrics
from tests.endurance import flat_leak
from tests.endurance.flat import FLAT, FULL, Point, grown, judged, run
from tests.endurance.gauge import Look, chart, growth

POINT = Point(Look(0.0, 140.0, 16, 3), 2 * FULL, 100, 60.0, 100, 0, 0, 2.0, 9.0)


def curve(*memory: float) -> list[Point]:
    """A point a minute."""
    return [evolve(POINT, look=Look(60.0 * n, each, 16, 3)) for n, each in enumerate(memory, 1)]


def test_some_seconds_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is answered, written and delivered; the curve is printed, a line a point."""
    report = run(seed=1, minutes=0.05, rate=100, every=1.5, full=0.0)
    lines = capsys.readouterr().out.splitlines()

    report.check()
    assert lines[0].startswith("seconds,memory_mb,")
    assert [line.count(",") for line in lines[:3]] == [14, 14, 14]


def test_a_leak_has_a_slope() -> None:
    """Half a megabyte a minute is thirty an hour, however it wavers; a level line has none."""
    leaking, level = ([point.look for point in curve(*memory)] for memory in ([140, 140.5, 141, 141.5], [140] * 4))

    assert growth(leaking) == pytest.approx(30.0)
    assert growth(level) == 0.0


def test_the_page_cache_may_fill_first() -> None:
    """Where the warm-up did not fill it, only that is judged which came after."""
    points = curve(80, 100, 120, 140, 140, 140)
    young = [evolve(point, store=FULL / 2) for point in points[:4]]

    assert judged([*young, *points[4:]]) == points[4:]
    assert judged(points) == points


def test_each_process_is_judged_by_itself() -> None:
    """The writer gives back a megabyte a minute; the service takes it, and is not excused."""
    points = [evolve(POINT, look=Look(60.0 * n, 140.0, 16, 3, 80.0 - n)) for n in range(6)]

    assert grown(points) == {"the service": pytest.approx(5.0), "the writer": pytest.approx(-5.0)}


def test_a_hundred_bytes_a_message_are_a_leak() -> None:
    """At 300 messages a second, four minutes are enough to see it, also when the points waver."""
    kept = [100 * 300 * 60 * n / 1e6 for n in range(5)]
    points = curve(*(140 + each + waver for each, waver in zip(kept, (0.0, 0.4, -0.4, 0.3, -0.3), strict=True)))

    assert grown(points)["the service"] > FLAT
    assert grown(points[:1] * 2)["the service"] == 0.0


def test_the_planted_leak_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the campaign plants keeps so many bytes of every message, and counts it as before."""
    monkeypatch.setattr(Metrics, "answered", Metrics.answered)  # to have it back afterwards
    monkeypatch.setattr(flat_leak, "KEPT", kept := list[bytes]())
    metrics = Metrics()
    flat_leak.plant(100)
    metrics.answered("switch", "0210", "00")
    counted = metrics.registry.get_sample_value(
        "iso_alert_messages_total", {"link": "switch", "mti": "0210", "answer": "00"}
    )

    assert [bytes(100)] == kept
    assert counted == 1


def test_a_chart_shows_the_highest_point() -> None:
    """The most stands at the top left, the time below; a leak climbs to the right."""
    rows = chart([point.look for point in curve(10, 50, 100)])

    assert rows[0] == "  100 MB │  █"
    assert rows[-1].endswith("3.0 min")
