"""Reading scanned pages as the settings say."""

from __future__ import annotations

from keydiff_cli.documents.ocr.ocr import Ocr
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.folders import snapshots_folder


def ocr_of(settings: Settings, events: Events) -> Ocr:
    """What reads pages of documents; it keeps what it finds where what was read is kept."""
    folder = snapshots_folder(settings.cache_dir) if settings.cache else None
    return Ocr(settings.ocr, folder, settings.memory, settings.threads, events.recognising)
