"""Memory in disorder: so that what depends on where objects lie does not come out the same twice by luck.

A second run of the same code gets the memory that the first gave back, in much the same order. Then a set of
objects is iterated in the same order too, and `id` compares alike, though nothing says that they should.
"""

from collections.abc import Generator
from contextlib import contextmanager

from focus_signal.testing.keyed import generator

# CPython hands out small blocks in sizes that are multiples of 16, up to 512 bytes.
_STEP = 16
_LARGEST = 512
_BLOCKS = 200
_BYTES_OVERHEAD = b"".__sizeof__()


@contextmanager
def heap_noise(seed: int) -> Generator[None]:
    """Leave holes all over the heap, in an order of their own, to be filled by what the block creates.

    Args:
      seed: decides which holes, and in which order they were made.
    """
    random = generator(seed, "heap-noise")
    kept: list[bytes] = []
    for size in range(3 * _STEP, _LARGEST + 1, _STEP):
        blocks = [bytes(size - _BYTES_OVERHEAD) for _ in range(_BLOCKS)]
        random.shuffle(blocks)
        kept += blocks[: _BLOCKS // 2]
        del blocks[: _BLOCKS // 2]
        while blocks:
            blocks.pop()
    yield
