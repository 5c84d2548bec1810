"""What several tests lean on: a small bank, a store to look into, a payment host, a running node."""
