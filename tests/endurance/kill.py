"""SIGKILL at random moments under load, and then count."""

from tests.endurance.report import Report


def run(*, seed: int, times: int = 300) -> Report:
    """Nothing yet."""
    report = Report()
    report.figure("kills", times)
    return report
