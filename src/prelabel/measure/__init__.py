"""Step 5, measure: figures from plain values; nothing here knows a database."""
