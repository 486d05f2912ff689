"""Papers that people file and send: PDFs in Chinese and English, from plain blocks."""
