"""Rows whose images are named, written out or linked become rows that refer to images which are kept."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from prelabel.canonical import Json
from prelabel.errors import InputError
from prelabel.examples.content import SHA256, is_image
from prelabel.formats.base import Row
from prelabel.images import keeping
from prelabel.images.fetching import Fetcher
from prelabel.images.keeping import Reference
from prelabel.images.reading import Bounds, ImageFile, read, read_data_uri
from prelabel.kinds.base import shown
from prelabel.settings import Settings
from prelabel.store import Store

ROWS, CHARACTERS = 100, 16_000_000
"""Rows that are looked up together, and how much they may hold."""
FETCHED_AT_ONCE = 8
LONGEST_NAME = 100
LINKS = ("http://", "https://")


@dataclass(frozen=True)
class ImageRules:
    """What images may be, and whether they may be fetched from other servers."""

    bounds: Bounds = field(default_factory=Bounds)
    fetch: bool = False
    fetch_seconds: float = 10

    @classmethod
    def of(cls, settings: Settings) -> "ImageRules":
        """As the settings say."""
        bounds = Bounds(
            round(settings.image_megabytes * 1_000_000), round(settings.image_megapixels * 1_000_000)
        )
        return cls(bounds, settings.fetch_images, settings.fetch_seconds)


@dataclass
class _Found:
    """What became of the images that some rows speak of: a reference or a fault by what the row says."""

    references: dict[str, Reference] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


class Intake:
    """Puts references into the rows of one dataset; `needed` are the fields that must hold an image, `allowed` those that may.

    Besides, an object of the form of a reference, as our own export has, is looked up wherever it stands. A row whose image
    is not there, or is none, becomes a row with its fault.
    """

    def __init__(
        self,
        store: Store,
        dataset_id: int,
        needed: Collection[str],
        allowed: Collection[str],
        rules: ImageRules,
    ) -> None:
        self._store = store
        self._dataset_id = dataset_id
        self._needed = frozenset(needed)
        self._fields = self._needed | frozenset(allowed)
        self._rules = rules

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows in their order, in flat memory."""
        some: list[Row] = []
        held = 0
        for row in rows:
            content = _content(row)
            if not some and not self._speaks_of(content):
                yield self._checked(row, content)
                continue
            some.append(row)
            held += sum(len(value) for value in content.values() if isinstance(value, str))
            if len(some) == ROWS or held > CHARACTERS:
                yield from self._looked_up(some)
                some, held = [], 0
        yield from self._looked_up(some)

    def _looked_up(self, rows: Sequence[Row]) -> Iterator[Row]:
        said = {
            text
            for row in rows
            for value in self._speaks_of(_content(row)).values()
            if (text := _said(value))
        }
        found = self._find(said) if said else _Found()
        for row in rows:
            yield self._referring(row, found)

    def _find(self, said: Collection[str]) -> _Found:
        found = _Found()
        links = [text for text in said if text[:8].lower().startswith(LINKS)]
        written = [text for text in said if text[:5].lower() == "data:"]
        hashes = [text for text in said if SHA256.fullmatch(text)]
        names = set(said) - {*links, *written, *hashes}
        for text in written:
            self._take(found, text, partial(read_data_uri, text, self._rules.bounds), "")
        self._fetch(found, links)
        if hashes or names:
            with self._store.writing() as session:
                found.references |= keeping.want(session, self._dataset_id, hashes, names)
        return found

    def _fetch(self, found: _Found, links: Sequence[str]) -> None:
        if not self._rules.fetch:
            found.faults |= dict.fromkeys(
                links, "images are not fetched from other servers: upload it, or set PRELABEL_FETCH_IMAGES=1"
            )
            return
        fetcher = Fetcher(self._rules.bounds.most_bytes, self._rules.fetch_seconds)

        def fetched(url: str) -> bytes | InputError:
            try:
                return fetcher.fetch(url)
            except InputError as fault:
                return fault

        with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
            for start in range(0, len(links), FETCHED_AT_ONCE):  # so that no more than these are held
                some = links[start : start + FETCHED_AT_ONCE]
                for url, answer in zip(some, pool.map(fetched, some), strict=True):
                    if isinstance(answer, InputError):
                        found.faults[url] = f"cannot be fetched: {answer}"
                    else:
                        self._take(found, url, partial(read, answer, self._rules.bounds), _last(url))

    def _take(self, found: _Found, text: str, reading: Callable[[], ImageFile], name: str) -> None:
        """Keep what a row holds or leads to, at once: a few rows can hold more than fits the memory."""
        try:
            file = reading()
        except InputError as fault:
            found.faults[text] = str(fault)
            return
        with self._store.writing() as session:
            keeping.keep(session, [file])
        found.references[text] = keeping.reference(file.sha256, file.type, file.width, file.height, name)

    def _referring(self, row: Row, found: _Found) -> Row:
        """The row with references in it, or with the first fault."""
        content = _content(row)
        references: dict[str, Json] = {}
        for name, value in self._speaks_of(content).items():
            text = _said(value)
            if text not in found.references:
                return _bad(row, name, found.faults.get(text) or _missing(value))
            called = {"name": value["name"]} if is_image(value) and isinstance(value["name"], str) else {}
            references[name] = found.references[text] | called
        if not references or row.value is None:
            return self._checked(row, content)
        filled = content | references
        value = row.value | {"content": filled} if content is not row.value else filled
        return self._checked(replace(row, value=value), filled)

    def _checked(self, row: Row, content: Mapping[str, Json]) -> Row:
        lacking = [name for name in sorted(self._needed) if not is_image(content.get(name))]
        if row.value is None or not lacking:
            return row
        return _bad(row, lacking[0], "is missing: the schema has labels on this image")

    def _speaks_of(self, content: Mapping[str, Json]) -> dict[str, Json]:
        """The fields in which the row says which image is meant."""
        return {
            name: value
            for name, value in content.items()
            if (name in self._fields and value not in (None, "")) or is_image(value)
        }


def _content(row: Row) -> dict[str, Json]:
    """The part of a row that becomes the example's content."""
    if row.value is None:
        return {}
    inner = row.value.get("content")
    return inner if isinstance(inner, dict) else row.value


def _said(value: Json) -> str:
    """A SHA-256, a name, a data: URI or a URL; empty where it is none of them."""
    if isinstance(value, dict):
        value = value.get("sha256")
        return value if isinstance(value, str) and SHA256.fullmatch(value) else ""
    return value.strip() if isinstance(value, str) else ""


def _bad(row: Row, name: str, fault: str) -> Row:
    return replace(row, value=None, fault=fault, field=name)


def _missing(value: Json) -> str:
    text = _said(value)
    if not text:
        return f"must be an image's name, its SHA-256, a data: URI or a URL, not {shown(value)}"
    if SHA256.fullmatch(text):
        return f"there is no image {text[:12]}…: upload it first"
    return f"no image called {shown(text)} was uploaded to this dataset: upload it first (`--images FOLDER`)"


def _last(url: str) -> str:
    """The last part of a URL's path, which is what browsers would call the file."""
    return url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2][:LONGEST_NAME]
