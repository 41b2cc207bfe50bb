"""The rule "guarantee" at work in a run: a pool of drafts, an audit sample, and the cut that it leads to.

While a run drafts, its drafts collect in the pool: they stay "drafted". Once nothing waits to be drafted, people settle what has
to be known beforehand (`drawing`), the audit sample is drawn, people answer it, and the pool is cut (`cutting`). Each step is
one transaction under the lock of the run's row, and asks first whether it was done: it may be tried by anyone at any time.
"""
