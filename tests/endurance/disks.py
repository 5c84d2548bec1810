"""Full, read-only, locked and slow disks under load."""

from tests.endurance.report import Report


def run(*, seed: int, share: float = 1.0) -> Report:
    """Nothing yet."""
    report = Report()
    report.figure("share", share)
    return report
