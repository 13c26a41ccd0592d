"""The machine and its user: terminal, files, folders, other programs, sizes, memory."""
