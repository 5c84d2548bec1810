"""A day to look at: the whole service between a simulated host and a simulated operator, in one process."""
