"""SMPP 3.4 without I/O: PDUs, texts, receipts and the session."""
