"""The review page in a real browser: key to next example painted, first load, bytes, memory; 100,000 queued examples, 77 classes.

    python -m benchmarks.page
    python -m benchmarks.page --examples 10000 --answers 300

Service, worker, database (SQLite) and Chromium are on this machine. "Painted" is the task after the first animation frame that
shows the next example, from the time stamp of the key. Keys are pressed as fast as a quick person does, every 150 ms.
"""

import statistics

from playwright.sync_api import CDPSession, Page
from rich.console import Console
from rich.table import Table

from benchmarks._sitting import Memory, arguments, sitting

PACE_MS = 150
WARM_UP = 150
"""Answers before the clock runs: more than those that one can go back to, which are held with their examples."""
WATCH = """
() => {
  let pressed = 0
  addEventListener('keydown', (event) => { pressed = event.timeStamp }, true)
  const channel = new MessageChannel()
  channel.port1.onmessage = (event) => window.took.push(performance.now() - event.data)
  new MutationObserver(() => {
    const since = pressed
    if (since) requestAnimationFrame(() => channel.port2.postMessage(since))
    pressed = 0
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-slot'] })
}
"""


def first_load(page: Page, url: str) -> tuple[float, float]:
    """Seconds from nothing to the first example, and the bytes that went over the wire."""
    network: CDPSession = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[float] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(url)
    page.wait_for_selector(".work")
    took = page.evaluate("performance.now()") / 1000
    page.wait_for_timeout(500)
    network.detach()
    return float(took), sum(received)


def answer(page: Page, count: int) -> list[float]:
    """Press Enter so often; milliseconds to each next example."""
    page.evaluate("window.took = []")
    for _ in range(count):
        page.keyboard.press("Enter")
        page.wait_for_timeout(PACE_MS)
    return [float(one) for one in page.evaluate("window.took")]


def main() -> None:
    """Measure and print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--answers", type=int, default=1_000)
    asked = parser.parse_args()
    with sitting(asked.examples) as (person, run_id):
        loaded, received = first_load(person.page, f"{person.base}/review/{run_id}")
        person.page.evaluate(WATCH)
        answer(person.page, WARM_UP)
        before = Memory.of(person.page)
        took = answer(person.page, asked.answers)
        after = Memory.of(person.page)
        person.is_saved()
    cuts = statistics.quantiles(took, n=100)
    table = Table("", "seen", "wanted")
    table.add_row("key to next example painted, p50", f"{cuts[49]:.0f} ms", "")
    table.add_row("p95", f"{cuts[94]:.0f} ms", "< 50 ms")
    table.add_row("first load to first example", f"{loaded:.2f} s", "< 1 s")
    table.add_row("over the wire", f"{received / 1000:.0f} kB", "< 250 kB")
    more = f"after {len(took):,} more examples"
    table.add_row(f"the page's own objects {more}", f"{before.own:.2f} -> {after.own:.2f} MB", "no growth")
    table.add_row(f"nodes of its document {more}", f"{before.nodes:,} -> {after.nodes:,}", "no growth")
    table.add_row(f"listeners {more}", f"{before.listeners:,} -> {after.listeners:,}", "no growth")
    table.add_row(
        f"whole heap {more}, with code and what is held for developer tools",
        f"{before.heap:.2f} -> {after.heap:.2f} MB",
        "",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
