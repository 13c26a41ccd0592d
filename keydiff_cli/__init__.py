"""keydiff: ask questions of documents longer than the memory of the machine."""

__version__ = "0.1.0"
