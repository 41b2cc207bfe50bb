"""Looks at an installation from within: what is wrong with it, and how each fault is mended.

It has to run with the settings of what it examines, keys included, so on the machine or in the container of a worker.
"""

from prelabel.doctor.finding import Finding, Patient
from prelabel.doctor.machine import MACHINE
from prelabel.doctor.services import DATABASE, SERVICES
from prelabel.doctor.values import misspelled, settings_of
from prelabel.doctor.work import WORK

__all__ = ["Finding", "Patient", "examine", "misspelled", "settings_of"]


def examine(patient: Patient) -> list[Finding]:
    """Everything there is to say, in the order in which one would mend it. What rests on a database that is away is left out."""
    found = [*misspelled(patient.environment)]
    for check in (*MACHINE, *SERVICES):
        found += check(patient)
    database = [finding for check in DATABASE for finding in check(patient)]
    found += database
    if not any(finding.state == "fault" for finding in database):
        for check in WORK:
            found += check(patient)
    return found
