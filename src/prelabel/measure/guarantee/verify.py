"""Work a certificate out again from the records of an export alone, and say what does not match."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prelabel.errors import InputError, LabelError
from prelabel.measure.guarantee.certificate import Certificate, certify
from prelabel.measure.guarantee.judging import accepted_ids, pools
from prelabel.measure.guarantee.terms import Record
from prelabel.schema import LabelSchema

CLOSE = 1e-9


@dataclass(frozen=True)
class Mismatch:
    """What does not match: in the record `id`, or in the certificate where that is empty."""

    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.id}: {self.what}" if self.id else self.what


def verify(records: Sequence[Record], certificate: Certificate) -> list[Mismatch]:
    """Everything that does not match; nothing where the certificate holds for these records."""
    faults = list(_unfit(records, certificate))
    if faults:
        return faults
    try:
        expected = certify(records, certificate.terms, certificate.reviewers)
    except InputError as error:
        return [Mismatch("", str(error))]
    return [*_differences(certificate, expected), *_misplaced(records, expected)]


def _unfit(records: Sequence[Record], certificate: Certificate) -> Iterable[Mismatch]:
    """Labels that are missing, or that the schema does not know."""
    schema = LabelSchema.model_validate(certificate.terms.label_schema)
    for record in records:
        if record.is_unlabelable:
            continue
        if record.label is None or record.source is None:
            yield Mismatch(
                record.id, "has no label: a certificate holds for a dataset that is settled as a whole"
            )
            continue
        try:
            schema.validate_label(record.label, record.content)
            if record.draft is not None:
                schema.validate_label(record.draft, record.content)
        except LabelError as error:
            yield Mismatch(record.id, f"does not fit the schema: {error}")


def _differences(certificate: Certificate, expected: Certificate) -> Iterable[Mismatch]:
    for name in Certificate.model_fields:
        said, found = getattr(certificate, name), getattr(expected, name)
        if name == "chance" and abs(said - found) <= CLOSE:
            continue
        if said != found:
            yield Mismatch("", f"the certificate says {name} = {said}, the records give {found}")


def _misplaced(records: Sequence[Record], expected: Certificate) -> Iterable[Mismatch]:
    """Records that are not where the cut puts them."""
    drawn_from = pools(records, expected.terms)
    audited = {pool.records[at].id for pool in drawn_from for at in pool.sample}
    accepted = accepted_ids(drawn_from, expected.cuts())
    for record in records:
        if record.audited != (record.id in audited):
            yield Mismatch(
                record.id,
                "the seed draws it for the audit"
                if record.id in audited
                else "the seed does not draw it for the audit",
            )
        if record.id in accepted:
            if record.source == "auto" and record.label != record.draft:
                yield Mismatch(record.id, "was accepted without review but its label is not its draft")
        elif record.source == "auto":
            yield Mismatch(
                record.id, "was accepted without review although the cut or the audit sends it to people"
            )
