"""What drafts cost: prices, tokens, quotes, and the ledger that keeps spending under its caps."""
