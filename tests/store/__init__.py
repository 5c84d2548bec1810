"""What the store promises, whichever engine keeps the promise."""
