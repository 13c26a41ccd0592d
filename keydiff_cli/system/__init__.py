"""The machine and its user: terminal, files, other programs, sizes, memory."""
