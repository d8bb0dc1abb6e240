"""What several threads need is made once, by the first of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Made = TypeVar("Made")


class Once:
    """Remembers what was lately made of a few things, such as the pixels of a message, or the view of an image."""

    def __init__(self, kept: int = 8) -> None:
        """
        Args:
            kept: As many are remembered; what was made earlier is made again when it is asked for.
        """
        self._lock = threading.Lock()
        self._made: deque[tuple[object, object, Future]] = deque(maxlen=kept)

    def of(self, thing: object, how: object, make: Callable[[], Made]) -> Made:
        """What `make` makes of this very `thing` in this way; who asks while it is being made waits for it.

        Raises: what `make` raises, for all who ask.
        """
        with self._lock:
            found = [future for known, way, future in self._made if known is thing and way == how]
            future: Future[Any] = found[0] if found else Future()
            if not found:
                self._made.append((thing, how, future))
        if not found:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
        made: Made = future.result()
        return made
