"""What an ISO 8583 message says."""
