"""Somebody before the page: what they see and press."""

from playwright.sync_api import Page, expect


class Person:
    """A signed-in person, who looks at one page."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base, self.token = page, base, ""

    def sign_in(self, token: str) -> None:
        """With a token, at the page's gate."""
        self.token = token
        self.page.goto(self.base)
        self.page.get_by_role("button", name="Sign in with a token").click()
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("navigation")).to_be_visible()

    def review(self, run_id: int) -> None:
        """Open a run's queue and wait for the first example."""
        self.page.goto(f"{self.base}/review/{run_id}")
        expect(self.page.locator(".work")).to_be_visible()

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def types(self, text: str) -> None:
        """As on a keyboard."""
        self.page.keyboard.type(text)

    def example(self) -> str:
        """The id of the example that is shown."""
        return self.page.locator(".work .meta .num").inner_text()

    def goes_on(self, *keys: str) -> str:
        """Press keys that answer the example, wait for the next; the id of the one that was answered."""
        before = self.page.locator(".work").get_attribute("data-slot")
        example = self.example()
        self.press(*keys)
        expect(self.page.locator(f'.work[data-slot="{before}"]')).to_have_count(0)
        return example

    def goes_on_to_nothing(self, *keys: str) -> None:
        """Press keys that answer the last example there is."""
        self.press(*keys)
        expect(self.page.get_by_role("heading", name="All done here")).to_be_visible()

    def picked(self) -> str:
        """What the field holds, as the page says it."""
        return self.page.get_by_test_id("picked").first.inner_text()

    def is_saved(self) -> None:
        """All that was answered has arrived."""
        expect(self.page.get_by_test_id("saved")).to_have_text("Saved")
