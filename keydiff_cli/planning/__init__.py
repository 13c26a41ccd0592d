"""From a memory cap to budget, block and cells."""
