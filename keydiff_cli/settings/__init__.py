"""Settings: what they may be, and where their values come from."""
