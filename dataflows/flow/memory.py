"""Keep freed memory for the next batch, and let the garbage collector ignore what is loaded once.

Every batch needs scratch arrays of some hundred KiB. By default glibc returns each such block to
the system, and the page faults of the next batch cost more than its work. Python's collector runs
after every few hundred new objects; without this module it would scan all loaded modules again and
again.
"""

import ctypes
import gc

import pyarrow as pa

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
KEPT_BYTES = 16 << 20
LARGE_BYTES = 4 << 20
COLLECT_AFTER_OBJECTS = 50_000


def settle() -> None:
    """Set up the process for steady work: call it when all is loaded, before threads begin.

    glibc keeps up to 16 MiB that are free, in one arena for all threads; Arrow uses it too. Only
    blocks of 4 MiB or more, such as the bytes of a batch, are returned at once; kept between
    smaller blocks they would leave gaps that fit nothing. With another C library only the collector
    is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        pa.set_memory_pool(pa.system_memory_pool())
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
