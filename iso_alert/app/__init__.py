"""The one room that knows every other: it opens the store, builds the parts, and runs them in one nursery."""

from iso_alert.app.node import Addresses, Node

__all__ = ["Addresses", "Node"]
