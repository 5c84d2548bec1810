"""What is true of cards, money and alerts: pure values and functions."""
