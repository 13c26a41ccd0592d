"""The terminal: what goes on, tables, heat maps and JSON. The only package that imports Rich."""
