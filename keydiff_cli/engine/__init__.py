"""The two loops: reading block by block, and answering token by token."""
