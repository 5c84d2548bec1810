"""The running parts: links, journal, courier."""
