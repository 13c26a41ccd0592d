"""One reading of documents: prepared, resumed, read."""
