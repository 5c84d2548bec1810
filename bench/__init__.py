"""Figures instead of hopes: measure the parts and the whole, in a way that can be repeated and doubted.

The rules of this house.  Whoever sends stands in a process of its own; what shares the cores is shown beside the
figure, as CPU per cent.  The first seconds are thrown away; of the rounds after them the median is told, with the least
and the most.  A ratio is only ever taken of two figures of one run.  Latency counts from the moment at which a message
was due, not from when it could be sent, so that a pause of the service shows in every message that it held up.  Nothing
is printed that was not measured, and every answer is looked at: one that is not `00` is counted where it can be seen.
"""
