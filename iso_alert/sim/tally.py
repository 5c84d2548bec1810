"""What came of a play: how many, how fast, how late, and what was wrong."""

from array import array
from collections import Counter

from attrs import Factory, define

SHOWN = 20  # faults that are kept in words; all are counted
PERCENTILES = (50.0, 95.0, 99.0, 99.9)


@define
class Tally:
    """Counts of one play.  Times are seconds of one clock."""

    sent: int = 0
    answered: int = 0
    wrong: int = 0
    missing: int = 0
    started: float = 0.0
    ended: float = 0.0
    kinds: Counter[str] = Factory(Counter)
    faults: list[str] = Factory(list)
    latencies: "array[float]" = Factory(lambda: array("d"))

    def fault(self, words: str) -> None:
        """Something was not as it should be."""
        self.wrong += 1
        if len(self.faults) < SHOWN:
            self.faults.append(words)

    @property
    def good(self) -> bool:
        """Whether every message had its answer, and the right one."""
        return not self.wrong and not self.missing

    @property
    def seconds(self) -> float:
        return max(self.ended - self.started, 1e-9)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def milliseconds(self) -> dict[str, float]:
        """Latencies by percentile, and the longest."""
        ordered = sorted(self.latencies)
        if not ordered:
            return {}
        at = {f"p{p:g}": ordered[min(int(len(ordered) * p / 100), len(ordered) - 1)] * 1000 for p in PERCENTILES}
        return {**at, "max": ordered[-1] * 1000}

    def row(self) -> dict[str, float | int]:
        """All of it as one row of a table."""
        counts = {"sent": self.sent, "answered": self.answered, "wrong": self.wrong, "missing": self.missing}
        times = {name: round(value, 3) for name, value in self.milliseconds().items()}
        return {**counts, "seconds": round(self.seconds, 3), "per_second": round(self.rate, 1), **times}
