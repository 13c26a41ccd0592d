"""Office documents: Word, PowerPoint, Excel and OpenDocument, read from their XML."""
