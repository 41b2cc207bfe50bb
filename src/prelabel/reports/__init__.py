"""Step 5, measure: the rows behind every figure, read from the database. What is computed from them is pure, and in `prelabel.measure`."""
