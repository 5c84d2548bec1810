"""What is wrong with a route, said once, and not once an attempt."""

from typing import Any

from attrs import define


@define
class Complaints:
    """Told to the log as warnings; the same again is said only after it was `over`."""

    _log: Any
    _last: str = ""

    def say(self, what: str, **facts: str) -> None:
        if (trouble := f"{what} {facts}") != self._last:
            self._last = trouble
            self._log.warning(f"route.{what}", **facts)

    def over(self) -> None:
        """All is well."""
        self._last = ""
