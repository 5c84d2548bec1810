"""The demo's rooms, by values."""
