"""What the tests of reading share: a fake llama.cpp, a document, and settings to read it by."""

from __future__ import annotations

from fake_readings import document, fake, settings

__all__ = ["document", "fake", "settings"]  # fixtures
