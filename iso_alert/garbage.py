"""The garbage collector of a running service: it looks at what comes and goes, and not again and again at what stays.

A full collection walks everything there is.  With ten thousand links that took a third of a second and more, several
times a minute, in which nobody was answered.  Nearly all that a message or a connection leaves behind goes by itself,
without the collector: six storms of five thousand connections leave as much memory behind when it is off.
"""

import gc

# Of the youngest objects, so many; of their collections, so many; and of those again.  At 2,000 messages a second the
# three come round every two seconds, every twenty, and every few hours; the middle one has 50,000 objects to walk.
THRESHOLDS = (5_000, 10, 1_000)


def spare_what_stays() -> None:
    """What is here now will be here at the end: once the service is built, before its doors are open."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
