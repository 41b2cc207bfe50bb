"""Support tickets of a web shop, made from a seed: 15 categories, typos, several wishes in one, vague ones, wrong gold."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
VAGUE = 0.06
"""Share of tickets that could belong to either of two categories."""
SECOND_WISH = 0.22
"""Share that go on to ask for something of another category; the first wish decides."""
FOREIGN_SENTENCE, FOOTER, SLOPPY, EMOJI = 0.05, 0.07, 0.3, 0.06
GOLD = 0.04
"""Share that comes with a known label."""
WRONG_GOLD = 0.02
"""Share of the gold that is wrong, as in any real dataset."""


@dataclass(frozen=True)
class Ticket:
    """A ticket and its true category; `gold` is what the dataset claims to know of it, if anything."""

    id: str
    subject: str
    body: str
    truth: str
    vague: bool
    gold: str | None

    def row(self) -> dict[str, str]:
        """The ticket as a row to import; the truth stays behind."""
        row = {"id": self.id, "subject": self.subject, "body": self.body}
        return row | {"gold": self.gold} if self.gold else row


def tickets(count: int = 10_000, seed: int = 7) -> Iterator[Ticket]:
    """So many tickets; the same seed makes the same ones everywhere."""
    maker = _Maker(random.Random(seed))
    for number in range(count):
        yield maker.ticket(f"T-{number:06d}")


def schema_path() -> Path:
    """The label schema that the tickets are to be labeled by."""
    return HERE / "schema.yaml"


@cache
def _parts() -> Mapping[str, Any]:
    parts: Mapping[str, Any] = yaml.safe_load((HERE / "tickets.yaml").read_text(encoding="utf-8"))
    return parts


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._parts = _parts()
        self._categories = list(self._parts["categories"])
        self._weights = [category["weight"] for category in self._parts["categories"].values()]

    def ticket(self, ticket_id: str) -> Ticket:
        chance = self._chance
        truth = chance.choices(self._categories, self._weights)[0]
        sentence, vague = self._wish(truth)
        sentences = [self._opening(), sentence, *self._rest(truth, vague)]
        body = self._fill(" ".join(part for part in sentences if part))
        subject = self._fill(
            chance.choice(self._parts["categories"][self._subject_of(truth, vague)]["subjects"])
        )
        if chance.random() < SLOPPY:
            body, subject = self._sloppy(body), subject.lower()
        if chance.random() < EMOJI:
            body += chance.choice([" 😡", " 🙏", " 😅", " :(", " 🙂"])
        return Ticket(ticket_id, subject, body, truth, vague, self._gold(truth))

    def _wish(self, truth: str) -> tuple[str, bool]:
        """What is asked for, and whether it could be another category."""
        shared = [line for first, second, line in self._parts["vague"] if truth in (first, second)]
        if shared and self._chance.random() < VAGUE * 1.2:
            return self._chance.choice(shared), True
        return self._chance.choice(self._parts["categories"][truth]["asks"]), False

    def _rest(self, truth: str, vague: bool) -> list[str]:
        chance, parts = self._chance, self._parts
        rest = (
            [chance.choice(parts["categories"][truth]["details"])]
            if not vague and chance.random() < 0.5
            else []
        )
        rest += chance.sample(parts["fillers"], chance.choice([0, 0, 1, 1, 2, 3]))
        chance.shuffle(rest)
        if chance.random() < SECOND_WISH:
            other = chance.choice(self._categories)
            link = chance.choice(
                ["Also,", "And by the way:", "One more thing.", "Besides,", "While I am at it:"]
            )
            rest += [link, chance.choice(parts["categories"][other]["asks"])]
        rest += [chance.choice(parts["foreign"])] if chance.random() < FOREIGN_SENTENCE else []
        rest += [chance.choice(parts["closings"])]
        rest += [chance.choice(parts["footers"])] if chance.random() < FOOTER else []
        return rest

    def _subject_of(self, truth: str, vague: bool) -> str:
        """Whose subjects to draw from: people also write under the subject of something else."""
        return str(self._chance.choice(self._categories)) if vague or self._chance.random() < 0.3 else truth

    def _opening(self) -> str:
        return str(self._chance.choice(self._parts["openings"]))

    def _fill(self, text: str) -> str:
        chance = self._chance
        values = {
            "product": chance.choice(self._parts["products"]),
            "order": f"{chance.choice('ABKX')}{chance.randrange(10**5, 10**6)}",
            "days": str(chance.randrange(2, 20)),
            "date": f"{chance.randrange(1, 29)} {chance.choice(['Jan', 'Feb', 'March', 'April', 'June', 'Sept', 'Nov'])}",
            "amount": f"{chance.choice(['€', '$', '£'])}{chance.randrange(5, 400)}.{chance.choice(['00', '50', '99'])}",
            "code": f"{chance.choice(['SAVE', 'E', 'HELLO', 'X-'])}{chance.randrange(10, 999)}",
            "city": chance.choice(self._parts["cities"]),
            "name": chance.choice(self._parts["names"]),
        }
        return text.format_map(values)

    def _sloppy(self, text: str) -> str:
        """As typed on a phone: lower case, lost full stops, letters swapped, left out or doubled."""
        chance = self._chance
        text = text.lower() if chance.random() < 0.6 else text
        text = text.replace(". ", " ").replace("'", "") if chance.random() < 0.5 else text
        letters = list(text)
        for _ in range(len(letters) // 45 + 1):
            at = chance.randrange(len(letters) - 1)
            kind = chance.randrange(3)
            if kind == 0:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            elif kind == 1:
                letters[at] = ""
            else:
                letters[at] *= 2
        return "".join(letters)

    def _gold(self, truth: str) -> str | None:
        if self._chance.random() >= GOLD:
            return None
        return str(self._chance.choice(self._categories)) if self._chance.random() < WRONG_GOLD else truth
