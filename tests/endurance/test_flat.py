"""The flat run in its short form, and its judgement of curves that are not flat."""

import pytest
from attrs import evolve

from tests.endurance.flat import FULL, Point, judged, run
from tests.endurance.gauge import Look, chart, growth

POINT = Point(Look(0.0, 140.0, 16, 3), 2 * FULL, 100, 100, 0, 0, 2.0, 9.0)


def curve(*memory: float) -> list[Point]:
    """A point a minute."""
    return [evolve(POINT, look=Look(60.0 * n, each, 16, 3)) for n, each in enumerate(memory, 1)]


def test_some_seconds_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is answered, written and delivered; the curve is printed, a line a point."""
    report = run(seed=1, minutes=0.05, rate=100, every=1.5)
    lines = capsys.readouterr().out.splitlines()

    report.check()
    assert lines[0].startswith("seconds,memory_mb,")
    assert [line.count(",") for line in lines[:3]] == [10, 10, 10]


def test_a_leak_has_a_slope() -> None:
    """Half a megabyte a minute is thirty an hour, however it wavers; a level line has none."""
    leaking, level = ([point.look for point in curve(*memory)] for memory in ([140, 140.5, 141, 141.5], [140] * 4))

    assert growth(leaking) == pytest.approx(30.0)
    assert growth(level) == 0.0


def test_the_page_cache_may_fill_first() -> None:
    """What is judged is the second half, and of it only what came after the store outgrew the cache."""
    points = curve(80, 100, 120, 140, 140, 140)
    young = [evolve(point, store=FULL / 2) for point in points[:4]]

    assert judged([*young, *points[4:]]) == points[4:]
    assert judged(points) == points[2:]


def test_a_chart_shows_the_highest_point() -> None:
    """The most stands at the top left, the time below; a leak climbs to the right."""
    rows = chart([point.look for point in curve(10, 50, 100)])

    assert rows[0] == "  100 MB │  █"
    assert rows[-1].endswith("3.0 min")
