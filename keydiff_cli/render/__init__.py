"""The terminal: all of Rich."""
