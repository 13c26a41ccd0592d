"""Pages read as pictures, by OCR, where a PDF has no text for them."""
