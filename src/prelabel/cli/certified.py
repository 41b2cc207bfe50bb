"""Files with a certificate: an export in JSONL that ends with it, or has it in a file beside it."""

from pathlib import Path

from pydantic import ValidationError

from prelabel.errors import InputError
from prelabel.formats import jsonl
from prelabel.formats.base import lines, unpacked
from prelabel.measure.guarantee.certificate import Certificate
from prelabel.measure.guarantee.terms import Record

SUFFIX = ".certificate.json"


def beside(path: Path) -> Path:
    """Where the certificate of an export lies that does not hold it itself: labels.certificate.json beside labels.jsonl."""
    name = path.name.removesuffix(".gz")
    return path.with_name(name.removesuffix(f".{jsonl.SUFFIX}") + SUFFIX)


def read(path: Path, certificate: Path | None = None) -> tuple[list[Record], Certificate]:
    """The records of an export and its certificate: the one named, the last line, or the one beside it. Raises InputError."""
    records, inline = _lines(path)
    if certificate is None and inline is not None:
        return records, inline
    found = certificate or beside(path)
    if not found.is_file():
        raise InputError(
            f"{path} does not end with a certificate, and there is no {found} beside it: name one with --certificate FILE"
        )
    try:
        return records, Certificate.model_validate_json(found.read_bytes())
    except ValidationError as error:
        raise InputError(f"{found} is no certificate: {_first(error)}") from error


def _lines(path: Path) -> tuple[list[Record], Certificate | None]:
    records, found = list[Record](), list[Certificate]()
    with path.open("rb") as opened:
        for number, line in enumerate(lines(unpacked(opened)), 1):
            if line is not None and not line.strip():
                continue
            try:
                value = jsonl.object_in(line)
                if jsonl.is_certificate(value):
                    found.append(Certificate.model_validate(value["certificate"]))
                else:
                    records.append(Record.model_validate(value))
            except jsonl.JsonFault as fault:
                raise InputError(f"{path}, line {number}: {fault.reason}") from fault
            except ValidationError as error:
                raise InputError(f"{path}, line {number}: {_first(error)}") from error
    if len(found) > 1:
        raise InputError(f"{path} holds {len(found)} certificates: each file has one")
    return records, found[0] if found else None


def _first(error: ValidationError) -> str:
    """The first fault in words: where, and what."""
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else fault["msg"]
