"""The examples browser in a real browser: first rows, frames while scrolling over all of them, jumps, a search, memory.

    python -m benchmarks.browser
    python -m benchmarks.browser --examples 10000

Service, worker, database (SQLite) and Chromium are on this machine. It scrolls by a screen and more in each frame, from the first
row to the last, then jumps about, and searches for a text that nothing but a look at every example can find.
"""

import statistics
import time

from playwright.sync_api import Page, expect
from rich.console import Console
from rich.table import Table

from benchmarks._sitting import arguments, held, sitting

FRAMES = 2_000
SCROLL = """
async (frames) => {
  const grid = document.querySelector('.grid'), took = []
  const step = (grid.scrollHeight - grid.clientHeight) / frames
  let most = 0, before = performance.now()
  for (let at = 1; at <= frames; at++) {
    grid.scrollTop = at * step
    await new Promise(requestAnimationFrame)
    const now = performance.now()
    took.push(now - before)
    before = now
    most = Math.max(most, grid.querySelectorAll('.grid-rows > *').length)
  }
  return { took, most }
}
"""
ROW = ".grid-row[data-example]"


def jump(page: Page, share: float) -> float:
    """Go to a place in the list; milliseconds until the row that is there then is drawn with what it says."""
    started = time.perf_counter()
    index = page.evaluate(
        "share => { const grid = document.querySelector('.grid'); grid.scrollTop = share * grid.scrollHeight;"
        " return Math.round(share * (grid.getAttribute('aria-rowcount') - 1)) }",
        share,
    )
    page.locator(f"#row-{min(index, 10**9)}[data-example], #row-{index - 1}[data-example]").first.wait_for()
    return (time.perf_counter() - started) * 1000


def opened(page: Page, url: str) -> float:
    """Seconds from nothing to the first row."""
    page.goto(url)
    page.locator(ROW).first.wait_for()
    return float(page.evaluate("performance.now()")) / 1000


def searched(page: Page, text: str, found: int) -> tuple[float, float]:
    """Seconds until the first row of a search is there, and until it is known how many there are."""
    started = time.perf_counter()
    page.get_by_label("Text", exact=True).fill(text)
    page.keyboard.press("Enter")
    page.locator(f"{ROW} >> text={text}").first.wait_for(timeout=120_000)
    first = time.perf_counter() - started
    expect(page.get_by_test_id("count")).to_have_text(f"{found:,} found", timeout=120_000)
    return first, time.perf_counter() - started


def measure(page: Page, url: str, count: int) -> Table:
    """Everything, as a table."""
    first = opened(page, url)
    expect(page.get_by_test_id("count")).to_have_text(f"{count:,} examples", timeout=60_000)
    before = held(page)
    scrolled = page.evaluate(SCROLL, FRAMES)
    jumps = [jump(page, share) for share in (0.1, 0.9, 0.5, 0.25, 0.75)]
    after = held(page)
    to_first, to_all = searched(page, f"number {count}", 1)
    cuts = statistics.quantiles(scrolled["took"], n=100)
    table = Table("", "seen", "wanted")
    table.add_row("load to first row", f"{first:.2f} s", "< 1 s")
    table.add_row("frame while scrolling, p50", f"{cuts[49]:.1f} ms", "")
    table.add_row("p95", f"{cuts[94]:.1f} ms", "< 50 ms")
    table.add_row("rows drawn at once, most", f"{scrolled['most']}", "< 100")
    table.add_row("jump to any row, median", f"{statistics.median(jumps):.0f} ms", "< 500 ms")
    table.add_row("held before and after", f"{before:.1f} -> {after:.1f} MB", "< 20 MB more")
    table.add_row("search for the last one: shown, all counted", f"{to_first:.1f} s, {to_all:.1f} s", "")
    return table


def main() -> None:
    """Measure and print the table."""
    asked = arguments(__doc__).parse_args()
    with sitting(asked.examples) as (person, run_id):
        table = measure(person.page, f"{person.base}/examples?run={run_id}", asked.examples)
    Console().print(table)


if __name__ == "__main__":
    main()
