"""The commands about the guarantee: what it will cost, where it stands, and whether a file keeps it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from prelabel.cli import options, screen
from prelabel.cli.answering import answer
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.client import Client, Document
from prelabel.errors import InputError
from prelabel.figures import money
from prelabel.settings import settings

if TYPE_CHECKING:
    from prelabel.measure.guarantee.certificate import Certificate
    from prelabel.measure.guarantee.verify import Mismatch

MOST_SHOWN = 20


def certificate(
    run: RunId = 0,
    now: Annotated[bool, typer.Option("--now", help="End the audits of a run with several --looks at the last look that is answered.")] = False,
) -> None:  # fmt: skip
    """Show the certificate of a run, or what its guarantee still waits for and what could be certified right now."""
    with Client.from_settings(settings()) as client:
        run = newest(client, run)
        answer(client.certify_now(run) if now else client.certificate(run), _show_standing)


def _show_standing(found: Document) -> None:
    if found["certificate"]:
        out.print(f"run {found['run_id']}: {found['sentence']}", soft_wrap=True)
    else:
        waits = found["waits_for"] or "nothing: people gave all labels, so there is nothing to certify"
        out.print(
            f"run {found['run_id']} is {found['status']}: waits for {screen.plain(waits)}", soft_wrap=True
        )
        _show_audits(found)
    if found["slices"]:
        out.print(_slices(found))


def _show_audits(found: Document) -> None:
    if found["audits"]:
        out.print(
            f"  audits: {found['answered'] + found['failed']:,} of {found['audits']:,} answered, {found['errors']:,} drafts wrong"
            f"{_allowed(found)}; ranked by {found['ranked_by']} ({screen.plain(found['based_on'])})",
            soft_wrap=True,
        )
    if found["looks"] > 1 and found["saved"] is None:
        said = "nothing could be certified yet"
        if held := found["now"]:
            said = f"right now {held['saved']:,} labels ({held['saved_share']:.1%}) could be accepted without review, by look {held['look']}"
        out.print(
            f"  look {found['look']} of {found['looks']}, up to {found['audits_planned']:,} audits: {said}; in the end "
            f"{found['looks_cost']} fewer may be wrong before the cut than with one look alone",
            soft_wrap=True,
        )
    if found["saved"] is not None or found["expected"]:
        saved = found["expected"] if found["saved"] is None else found["saved"]
        said = "expected to be" if found["saved"] is None else "were"
        out.print(f"  {saved:,.0f} of {found['examples']:,} labels {said} accepted without review")


def _allowed(found: Document) -> str:
    if found["loss"] == "distance":
        return f", {found['lost']:,.2f} apart in all"
    if found["errors_allowed"] is None:
        return ""
    return f"; drafts are accepted up to the {max(found['errors_allowed'], 0) + 1:,}. wrong one"


def _slices(found: Document) -> Table:
    """How each slice stands."""
    by_distance = found["loss"] == "distance"
    table = Table(f"slice by {screen.plain(found['slices_by'])}", "drafts", "audits", "wrong")
    table.add_column("apart in all" if by_distance else "allowed before the cut")
    table.add_column("accepted")
    certified = (found["certificate"] or {}).get("slices", [])
    accepted = {one["name"]: f"{one['unreviewed']:,}" for one in certified}
    for one in found["slices"]:
        allowed = f"{one['lost']:,.2f}" if by_distance else f"{max(one['errors_allowed'], 0):,}"
        table.add_row(
            screen.plain(one["name"]), f"{one['pool']:,}", f"{one['audits']:,}", f"{one['errors']:,}", allowed,
            accepted.get(one["name"], ""),
        )  # fmt: skip
    level = 1 - found["slices"][0]["alpha"]
    table.caption = (
        f"each by itself with {level:.4g}, so that all together hold with {1 - found['alpha']:.4g}"
    )
    return table


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An export in JSONL, also gzipped.")],
    certificate: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Its certificate; without it, the file's last line, or FILE.certificate.json beside it.")] = None,
) -> None:  # fmt: skip
    """Check an export against its certificate, without any server: the audit sample, its errors, the cut and every label."""
    from prelabel.cli import certified
    from prelabel.measure.guarantee.verify import verify as check

    records, found = certified.read(file, certificate)
    mismatches = check(records, found)
    checked = {
        "records": len(records),
        "keeps_its_certificate": not mismatches,
        "mismatches": [str(mismatch) for mismatch in mismatches],
    }
    answer(checked, lambda _: _show_checked(file, found, len(records), mismatches))
    if mismatches:
        raise typer.Exit(1)


def _show_checked(file: Path, found: "Certificate", records: int, mismatches: "list[Mismatch]") -> None:
    if mismatches:
        out.print(
            f"[red]{file} does not keep its certificate[/] ({len(mismatches):,} mismatches):", soft_wrap=True
        )
        for mismatch in mismatches[:MOST_SHOWN]:
            out.print(f"  {screen.plain(str(mismatch)[:500])}", soft_wrap=True)
        if len(mismatches) > MOST_SHOWN:
            out.print(f"  and {len(mismatches) - MOST_SHOWN:,} more")
        return
    out.print(screen.plain(found.sentence()), soft_wrap=True)
    out.print(
        f"checked in {records:,} records: the seed draws these {found.audited:,} audits out of {found.pool:,} drafts, "
        f"{found.errors:,} of them are wrong, {_bound(found)}, "
        "what is before it carries its draft and all else a person's label, and the digest is that of the records",
        soft_wrap=True,
    )


def _bound(found: "Certificate") -> str:
    if found.slices:
        return f"each of {len(found.slices)} slices is cut where its own audits put it"
    if found.lost is not None:
        return f"{found.lost:.4g} apart in all, the cut lies at {found.cut:,}"
    return f"at most {found.allowed:,} may be before the cut, the cut lies at {found.cut:,}"


def plan(
    what: Annotated[str, typer.Argument(help="A dataset, as DATASET or PROJECT/DATASET, or the number of a run; without it, the newest run.")] = "",
    project: Annotated[str, typer.Option(help="Project of the dataset; without it, the only one there is.")] = "",
    at_most_wrong: Annotated[list[str] | None, typer.Option(metavar="SHARE", help="Share of the labels that may be wrong, as in 5%; may be given several times.")] = None,
    at_most_distance: Annotated[list[str] | None, typer.Option(metavar="DISTANCE", help="In place of it: mean distance from right labels; may be given several times.")] = None,
) -> None:  # fmt: skip
    """Say what a guarantee costs people, before a run or after it: audits, labels saved, hours and money at several shares."""
    asked = [options.share("--at-most-wrong", one) for one in at_most_wrong or []]
    apart = [options.share("--at-most-distance", one) for one in at_most_distance or []]
    if asked and apart:
        raise InputError("--at-most-wrong and --at-most-distance are two promises: plan one at a time")
    with Client.from_settings(settings()) as client:
        path = _planned(client, what, project)
        loss = "distance" if apart else "wrong" if asked else None
        answer(client.get(path, epsilon=asked or apart or None, loss=loss), show_plan)


def _planned(client: Client, what: str, project: str) -> str:
    if not what or what.isdecimal():
        return f"/runs/{newest(client, int(what or 0))}/plan"
    given, _, dataset = what.rpartition("/")
    if given and project and given != project:
        raise InputError(f"{what} is of project {given}, and --project says {project}: give one of them")
    return f"/projects/{given or options.project(client, project)}/datasets/{dataset}/plan"


def show_plan(found: Document) -> None:
    """A plan as a table."""
    table = Table(
        "at most apart" if found["loss"] == "distance" else "at most wrong",
        "audits",
        "labels saved",
        "90 % of draws",
        "labels people give",
        "hours",
        "price",
    )
    for line in found["lines"]:
        table.add_row(
            f"{line['epsilon']:.4g}"
            if line["epsilon"] < 0.001
            else f"{line['epsilon']:.3%}".replace(".000", ""),
            f"{line['audits']:,}",
            f"{line['saved']:,} ({line['saved_share']:.1%})",
            f"{line['saved_low']:,} to {line['saved_high']:,}",
            f"{line['labels']:,}",
            f"{line['hours']:,.1f}",
            money(line["dollars"]),
        )
    out.print(table)
    out.print(
        f"of {found['examples']:,} examples, sure with {1 - found['alpha']:.4g}; by hand all would take "
        f"{found['by_hand_hours']:,.1f} hours, {money(found['by_hand_dollars'])} ({screen.plain(found['seconds_from'])})",
        soft_wrap=True,
    )
    out.print(f"from {screen.plain(found['based_on'])}", soft_wrap=True)
