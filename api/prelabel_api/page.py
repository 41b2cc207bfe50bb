"""Lists over HTTP: one generic page, by keyset."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some items in order; `next` goes into the parameter `after` of the following request, None at the end."""

    items: list[Item]
    next: int | None = None


After = Annotated[int, Query(ge=0, le=2**53, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="items on a page")]

Few = Annotated[int, Query(ge=1, le=20, description="so many at the most")]


def page(items: list[Item], ids: list[int], limit: int) -> Page[Item]:
    """A page of the first `limit` of items that were fetched with one more than that."""
    return Page(items=items[:limit], next=ids[limit - 1] if len(items) > limit else None)
