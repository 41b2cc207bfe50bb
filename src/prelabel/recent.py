"""What is dear to make and large to keep: the few that were used last, in one process."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Keeps the `most` values that were used last; each is made by one thread while the others wait for it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Value] = OrderedDict()
        self._making = threading.Lock()

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """The value of this name, made now if it is not there."""
        with self._making:
            if key not in self._kept:
                self._kept[key] = make()
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return self._kept[key]
