"""What endpoints that tell figures are given: those of the run or project that the path names, asked of what keeps them.

No session is open while a figure is awaited: another one may be needed to compute it.
"""

from typing import Annotated

from fastapi import Depends

from prelabel.reports.dashboard import OfProject, OfRun
from prelabel_api.deps import Id, StoreDep


def of_run(run_id: Id, store: StoreDep) -> OfRun:
    """The figures of the run. Raises NotFound."""
    with store.reading() as session:
        return OfRun(session, run_id)


def of_project(project: str, store: StoreDep) -> OfProject:
    """The figures of the project. Raises NotFound."""
    with store.reading() as session:
        return OfProject(session, project)


RunFigures = Annotated[OfRun, Depends(of_run)]
ProjectFigures = Annotated[OfProject, Depends(of_project)]
