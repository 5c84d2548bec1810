"""Worker threads for tests whose clock jumps: it would jump while a real thread is at work."""

from collections.abc import Callable
from typing import Any

import pytest
import trio


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would run in a thread runs here and now."""

    async def here(function: Callable[..., Any], *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return function(*arguments)

    monkeypatch.setattr(trio.to_thread, "run_sync", here)
