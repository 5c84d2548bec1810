"""The memory of a running service: the collector looks at what comes and goes, and large blocks go back at once.

A full collection walks everything there is.  With ten thousand links that took a third of a second and more, several
times a minute, in which nobody was answered.  Nearly all that a message or a connection leaves behind goes by itself,
without the collector: six storms of five thousand connections leave as much memory behind when it is off.

glibc takes large blocks from the system, one by one.  But the first of them that is freed teaches it to take all up to
that size from its heap from then on, among small ones that stay longer, and the holes between them are never quite
filled: at 300 messages a second the heap grew by half a megabyte a minute, while no byte more was in use.  Told once
what is large, it learns nothing, and the heap stays as it was after the first minute.
"""

import ctypes
import gc

# Of the youngest objects, so many; of their collections, so many; and of those again.  At 2,000 messages a second the
# three come round every two seconds, every twenty, and every few hours; the middle one has 50,000 objects to walk.
THRESHOLDS = (5_000, 10, 1_000)
LARGE = 512 * 1024  # bytes: more than a batch of messages as a parcel, which comes too often to be asked of the system
SPARE = 4 * LARGE  # bytes that the heap keeps at its end: given back after every batch, they would be asked for again
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def spare_what_stays() -> None:
    """What is here now will be here at the end: once the service is built, before its doors are open."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    keep_what_is_large_apart()


def keep_what_is_large_apart() -> bool:
    """Have large blocks apart from the heap, and given back when they are freed.

    False where there is no such allocator: musl's has neither these words nor a heap that grows so.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_MMAP_THRESHOLD, LARGE) == mallopt(_M_TRIM_THRESHOLD, SPARE) == 1
