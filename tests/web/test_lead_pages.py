"""The pages of leads and admins: what is wrong is said where it is wrong, and who may not see them sees none."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.running import Running
from tests.web.conftest import People
from tests.web.filling import queue_up
from tests.web.filling import tickets as drafted_tickets
from tests.web.lead import SCHEMA, file_of, make_project, tickets, upload

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>x</b>"
LEADS = [
    *("/examples", "/runs", "/runs/1", "/runs/1/figures", "/new", "/compare"),
    *("/projects/p", "/projects/p/new", "/projects/p/prompt", "/projects/p/schema", "/projects/p/figures"),
]
ADMINS = ["/people"]


def test_bad_rows_are_shown_with_field_and_reason(people: People, tmp_path: Path) -> None:
    rows = [*tickets(3, gold=0), '{"id": "none"}', "no json", {"text": "x", "gold": "spam"}]
    with people.person(role="lead") as lead:
        make_project(lead, "bad_rows")
        upload(lead, file_of(tmp_path, rows))
        expect(lead.page.locator(".upload .report")).to_contain_text("3 of 6 rows added")
        bad = lead.page.get_by_role("table", name="Bad rows").locator("tbody tr")
        assert [row[:1] for row in bad.all_inner_texts()] == ["4", "5", "6"]
        expect(bad.nth(2)).to_contain_text('"spam" is not one of the 2 options')


def test_a_bad_schema_says_where_and_makes_no_project(service: Running, people: People) -> None:
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/new")
        page.get_by_label("Name").fill("bad_schema")
        page.get_by_label("Schema", exact=True).fill(SCHEMA + "  mood: {kind: rating, mn: 2}\n")
        fault = page.locator(".faults li")
        expect(fault).to_have_text("Line 7fields.mood.mn: is not known here; did you mean 'min'?")
        expect(page.locator(".code .wrong")).to_have_text(
            "  mood: {kind: rating, mn: 2}", use_inner_text=False
        )
        expect(page.get_by_role("button", name="Create project")).to_be_disabled()
        fault.get_by_role("button").click()
        assert page.evaluate("getSelection().toString()") == "  mood: {kind: rating, mn: 2}"
    assert "bad_schema" not in [one["name"] for one in service.client.items("/projects")]


def test_a_name_that_is_taken_gets_no_other_schema(service: Running, people: People) -> None:
    service.client.define_project("taken", {"fields": {"a": ["x", "y"]}})
    with people.person(role="lead") as lead:
        lead.page.goto(f"{lead.base}/new")
        lead.page.get_by_label("Name").fill("Taken")
        lead.page.get_by_role("button", name="Create project").click()
        expect(lead.page.get_by_role("alert").filter(has_text="taken")).to_have_text(
            'There is a project "taken" already.'
        )
    assert list(service.client.get("/projects/taken")["schema"]["fields"]) == ["a"]


def test_a_field_of_each_kind_is_added_and_shown_as_reviewers_will_see_it(people: People) -> None:
    with people.person(role="lead") as lead:
        page = lead.page
        page.goto(f"{lead.base}/new")
        kinds = page.get_by_role("group", name="Add a field").get_by_role("button")
        expect(kinds).to_have_count(10)
        for kind in kinds.all():
            kind.click()
        expect(page.locator(".faults li")).to_have_count(0)
        preview = page.get_by_test_id("preview")
        expect(preview.get_by_role("heading")).to_have_count(10)  # one choice was there, boxes have no panel
        expect(preview).to_contain_text("objects: boxes of car, person, sign")
        preview.get_by_text("Billing", exact=True).first.click()
        page.get_by_text("As it is stored").click()
        expect(preview.locator("pre")).to_contain_text('"category": "billing"')


def test_a_reviewer_sees_none_of_it_and_a_lead_no_people(people: People) -> None:
    for role, closed in (("reviewer", LEADS + ADMINS), ("lead", ADMINS)):
        with people.person(role=role) as person:
            links = person.page.get_by_role("navigation").get_by_role("link")
            assert ("Runs" in [one.get_attribute("aria-label") for one in links.all()]) == (role == "lead")
            for path in closed:
                person.page.goto(person.base + path)
                expect(person.page).to_have_url(f"{person.base}/")
                expect(person.page.get_by_role("heading", name="Review", exact=True)).to_be_visible()


def test_hostile_names_show_as_text(service: Running, people: People, tmp_path: Path) -> None:
    service.client.post("/users", {"name": HOSTILE, "role": "reviewer"})
    drafts = [{"model": HOSTILE, "label": "billing", "confidence": 0.5}]
    rows = [
        {"id": HOSTILE, "text": "x", "gold": HOSTILE},
        {"id": f"{HOSTILE}2", "text": "y", "drafts": drafts},
    ]
    with people.person(role="admin") as admin:
        page = admin.page
        make_project(admin, "hostile")
        upload(admin, file_of(tmp_path, rows, "<b>tickets<b>.jsonl"))
        expect(page.get_by_role("table", name="Bad rows")).to_contain_text(HOSTILE[:9])
        page.get_by_text("Drafts of the file").click()
        page.get_by_role("button", name="Start the run").click()
        expect(page.get_by_label("How it is done")).to_contain_text(HOSTILE)
        page.goto(f"{admin.base}/people")
        expect(page.get_by_role("rowheader", name=HOSTILE)).to_be_visible()
        assert page.title() == "Prelabel"
        assert page.locator("img").count() == 0


def test_an_invitation_is_shown_once_and_lets_one_person_in(service: Running, people: People) -> None:
    with people.person(role="admin") as admin:
        admin.page.goto(f"{admin.base}/people")
        admin.page.get_by_label("Invite as").select_option("senior")
        admin.page.get_by_role("button", name="Make a link").click()
        link = admin.page.get_by_label("Link of the invitation").input_value()
        admin.page.reload()
        expect(admin.page.get_by_role("table", name="Open invitations")).to_contain_text("One senior")
        assert link.rpartition("/")[2] not in admin.page.content()
        admin.page.goto(link)
        admin.page.get_by_label("Name").fill("invited")
        admin.page.get_by_label("Password").fill("a password that is long")
        admin.page.get_by_role("button", name="Come in").click()
        expect(admin.page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
    assert {one["name"]: one["role"] for one in service.client.items("/users")}["invited"] == "senior"


def test_an_admin_changes_a_role_and_closes_an_account(service: Running, people: People) -> None:
    service.client.post("/users", {"name": "leaver", "role": "reviewer"})
    with people.person(role="admin") as admin:
        admin.page.goto(f"{admin.base}/people")
        row = admin.page.get_by_role("row", name=re.compile("^leaver"))
        row.get_by_label("Role of leaver").select_option("lead")
        row.get_by_role("button", name="Close").click()
        expect(row).to_contain_text("(closed)")
        row.get_by_role("button", name="Open again").click()
        expect(row.get_by_role("button", name="Close")).to_be_visible()
    assert {one["name"]: one["role"] for one in service.client.items("/users")}["leaver"] == "lead"


def test_everyone_makes_and_revokes_tokens_of_their_own(people: People) -> None:
    with people.person() as person:
        page = person.page
        page.goto(f"{person.base}/me")
        page.get_by_label("What for").fill("notebook")
        page.get_by_role("button", name="Make a token").click()
        expect(page.get_by_label("Token", exact=True)).to_have_value(re.compile("^pl_"))
        page.get_by_role("button", name="Revoke notebook").click()
        expect(page.get_by_role("button", name="Revoke notebook")).to_have_count(0)
        page.get_by_label("New password").fill("a password that is long")
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_text("Your password is set")).to_be_visible()
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(service: Running, people: People, scheme: str) -> None:
    name = f"axe_{scheme}"
    run_id = queue_up(
        service, name, {"intent": {"kind": "choice", "options": ["age_limit", "change_pin"]}}, _two()
    )
    with people.person(role="admin", scheme=scheme) as admin:
        paths = [
            "/runs",
            f"/runs/{run_id}",
            "/new",
            f"/projects/{name}",
            f"/projects/{name}/new",
            "/people",
            "/me",
        ]
        for path in paths:
            admin.page.goto(admin.base + path)
            admin.page.wait_for_load_state("networkidle") if path != f"/runs/{run_id}" else None
            admin.page.wait_for_timeout(300)
            found = Axe().run(admin.page).response["violations"]
            serious = [one for one in found if one["impact"] in ("serious", "critical")]
            assert not [(path, one["id"], one["nodes"][0]["html"]) for one in serious]


def _two() -> list[dict[str, object]]:
    return [row | {"drafts": [{"model": "small", "label": "age_limit"}]} for row in drafted_tickets(2)]
