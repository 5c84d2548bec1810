"""Peers to play against: a payment host and an SMSC."""
