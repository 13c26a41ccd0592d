"""Many documents and questions: a row of a table for each pair, by one process or by several."""
