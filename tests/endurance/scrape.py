"""What /metrics says, and sums over it: what became of every message that was sent."""

from collections.abc import Collection, Mapping

from attrs import define, field
from prometheus_client.parser import text_string_to_metric_families

_PREFIX = "iso_alert_"
Labels = Mapping[str, str]


@define
class Scrape:
    """One reading of the page."""

    _page: str = field(repr=False)
    _samples: dict[str, list[tuple[Labels, float]]] = field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        for family in text_string_to_metric_families(self._page):
            for sample in family.samples:
                name = sample.name.removeprefix(_PREFIX).removesuffix("_total")
                self._samples.setdefault(name, []).append((sample.labels, sample.value))

    def all(self, name: str) -> list[tuple[Labels, float]]:
        return self._samples.get(name, [])

    def total(self, name: str, **labels: str) -> float:
        """The sum over all samples that have these labels."""
        return sum(value for have, value in self.all(name) if labels.items() <= have.items())

    def fates(self, links: Collection[str]) -> dict[str, float]:
        """What became of the messages of these links."""
        names = ("messages", "unreadable", "ignored")
        return {name: sum(self.total(name, link=link) for link in links) for name in names} | {
            answer: sum(self.total("messages", link=link, answer=answer) for link in links)
            for answer in ("recorded", "none")
        }

    def unaccounted(self) -> float:
        """Messages that were neither decided on, nor repeats, nor about the link, nor unreadable, nor not ours.

        Below nothing: something was counted twice.
        """
        dealt_with = ("decisions", "repeats", "halves", "unreadable", "ignored")
        about_links = (n for have, n in self.all("messages") if have["answer"] == "recorded" and have["mti"][1] == "8")
        left = self.total("messages") - sum(map(self.total, dealt_with)) - sum(about_links)
        nameless = self.total("messages", answer="recorded", mti="other")  # mutants of the MTI; some are about links
        return max(0.0, left - nameless) if left > 0 else left
