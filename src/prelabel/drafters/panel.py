"""Several models that are asked the same: how far they agree is the confidence."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from prelabel.draft import Drafter, Ending, Keep, Outcome, Subject
from prelabel.drafters.votes import settle
from prelabel.schema import LabelSchema

GRAVEST: tuple[Ending, ...] = ("stopped", "postponed", "failed")
"""What becomes of an example for which no member has an answer: the first of these that one of them met."""


class PanelDrafter:
    """Drafts what most of its members do; at a tie the first one's draft holds. One that fails agrees with nobody."""

    def __init__(self, schema: LabelSchema, members: Sequence[Drafter]) -> None:
        self.name = " + ".join(member.name for member in members)
        self.together = max(member.together for member in members)
        self._schema = schema
        self._members = members

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Every member looks at them."""
        await asyncio.gather(*(member.prepare(subjects) for member in self._members))

    def most(self, subject: Subject) -> Decimal | None:
        """All members together; None where the price of one is not known."""
        costs = [member.most(subject) for member in self._members]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        for member in self._members:
            member.forget(subject)

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Ask all members at once, and count."""
        outcomes = await asyncio.gather(*(member.draft(subject, keep) for member in self._members))
        votes = [outcome.label for outcome in outcomes if outcome.label is not None]
        endings = {outcome.ending for outcome in outcomes}
        if "stopped" in endings or not votes:
            ending = next(grave for grave in GRAVEST if grave in endings)
            said = [f"{one.model}: {one.failure}" for one in outcomes if one.ending == ending]
            return Outcome(subject, ending, self.name, failure="; ".join(said))
        found = settle(self._schema, votes, len(outcomes), subject.content)
        return Outcome(subject, "drafted", self.name, found.label, found.confidences, found.alternatives)
