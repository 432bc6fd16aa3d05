"""A compiled stage called through the C interface of the library: nothing of torch's compiler is imported.

The library answers to `torch/csrc/inductor/aoti_runtime/interface.h` and tensors are handed over by
`torch/csrc/inductor/aoti_torch/c/shim.h`, both of which torch installs and keeps stable. Its loader in
Python, `torch._inductor.aoti_load_package`, does the same and imports the whole compiler first.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simulator.engine.library_cache import LOADED, BrokenLibraryError, whole_library
from simulator.engine.stage import StageProgram

Handle = ctypes.c_void_p
Memory = tuple[int, int, Tensor]
"""First address, the address behind the last, and the tensor."""
LAYOUTS = 4096
"""Sizes and strides that are remembered."""
TYPES = (torch.float64, torch.float32, torch.int64, torch.int32, torch.bool)
"""Number types of the tensors of stages."""
CREATE, RUN = "AOTInductorModelContainerCreateWithDevice", "AOTInductorModelContainerRun"
INPUTS, OUTPUTS = (f"AOTInductorModelContainerGetNum{what}" for what in ("Inputs", "Outputs"))
LAST_ERROR = "AOTInductorGetLastError"
FROM_MEMORY, DELETE = "aoti_torch_create_tensor_from_blob", "aoti_torch_delete_tensor_object"
ADDRESS, AXES, SIZES, STRIDES, TYPE = (
    f"aoti_torch_get_{what}" for what in ("data_ptr", "dim", "sizes", "strides", "dtype")
)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    CREATE: (ctypes.POINTER(Handle), ctypes.c_size_t, ctypes.c_char_p, ctypes.c_char_p),
    INPUTS: (Handle, ctypes.POINTER(ctypes.c_size_t)),
    OUTPUTS: (Handle, ctypes.POINTER(ctypes.c_size_t)),
    RUN: (
        Handle, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,
        ctypes.c_void_p,
    ),
    LAST_ERROR: (ctypes.POINTER(ctypes.c_char_p),),
    FROM_MEMORY: (
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32,
        ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(Handle),
    ),
    DELETE: (Handle,),
    ADDRESS: (Handle, ctypes.POINTER(ctypes.c_void_p)),
    AXES: (Handle, ctypes.POINTER(ctypes.c_int64)),
    SIZES: (Handle, ctypes.POINTER(ctypes.POINTER(ctypes.c_int64))),
    STRIDES: (Handle, ctypes.POINTER(ctypes.POINTER(ctypes.c_int64))),
    TYPE: (Handle, ctypes.POINTER(ctypes.c_int32)),
}  # fmt: skip
"""Of each function that is called; all return 0 for success."""


class MachineCode:
    """A stage as machine code for the processor: a function of all tensors it reads (see `StageProgram`).

    Args:
        library: made by torch's compiler.
        at_once: how many threads may call it side by side; others wait.

    Raises:
        OSError: for a file that is no library of this machine.
        AttributeError: for a library that has not the functions of a compiled stage.
        RuntimeError: if it cannot be set up.
    """

    def __init__(self, library: Path, at_once: int = 1) -> None:
        loaded = ctypes.CDLL(str(library))
        try:
            self._functions = {name: getattr(loaded, name) for name in ARGUMENTS}
        except AttributeError:
            ctypes.CDLL(None).dlclose(Handle(loaded._handle))  # else its path would stand for it from now on
            raise
        for name, arguments in ARGUMENTS.items():
            self._functions[name].argtypes, self._functions[name].restype = arguments, ctypes.c_int32
        words = [str(kind).removeprefix("torch.") for kind in TYPES]
        codes = [int(getattr(loaded, f"aoti_torch_dtype_{word}")()) for word in words]
        self._codes, self._types = dict(zip(TYPES, codes, strict=True)), dict(zip(codes, TYPES, strict=True))
        self._device = int(loaded.aoti_torch_device_type_cpu())
        self._stage = Handle()
        self._call(CREATE, ctypes.byref(self._stage), max(1, at_once), b"cpu", None)
        self._arguments, self._results = self._count(INPUTS), self._count(OUTPUTS)

    def __call__(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return what the stage gives.

        Args:
            tensors: contiguous, on the processor.

        Raises:
            RuntimeError: if the stage fails, or for another number of tensors.
        """
        if len(tensors) != self._arguments:
            raise RuntimeError(f"a compiled stage takes {self._arguments} tensors, not {len(tensors)}")
        given = (Handle * len(tensors))(*map(self._lent, tensors))
        found = (Handle * self._results)()
        self._call(RUN, self._stage, given, len(given), found, len(found), None, None)
        memory = [(part.data_ptr(), part.data_ptr() + max(1, part.nbytes), part) for part in tensors]
        taken = {handle: self._taken(handle, memory) for handle in dict.fromkeys(found)}
        return [taken[handle] for handle in found]  # a tensor that is given twice has one handle

    def _call(self, name: str, *arguments: Any) -> None:
        """Call a function of the library."""
        if self._functions[name](*arguments):
            said = ctypes.c_char_p()
            self._functions[LAST_ERROR](ctypes.byref(said))
            text = (said.value or b"").decode(errors="replace").strip()
            raise RuntimeError(f"a compiled stage failed in {name} ({text or 'no reason given'})")

    def _count(self, name: str) -> int:
        """Return how many tensors the stage takes or gives."""
        count = ctypes.c_size_t()
        self._call(name, self._stage, ctypes.byref(count))
        return count.value

    def _lent(self, tensor: Tensor) -> int | None:
        """Return a handle on the memory of a tensor; whoever gets it deletes it."""
        sizes, strides = _layout(tensor.shape, tensor.stride())
        made = Handle()
        self._call(
            FROM_MEMORY, tensor.data_ptr(), len(sizes), sizes, strides, 0, self._codes[tensor.dtype],
            self._device, 0, ctypes.byref(made),
        )  # fmt: skip
        return made.value

    def _taken(self, handle: int, lent: Sequence[Memory]) -> Tensor:
        """Return the tensor of a handle, whose memory is given back when nothing refers to it any more."""
        axes, kind = ctypes.c_int64(), ctypes.c_int32()
        address = ctypes.c_void_p()
        sizes, strides = ctypes.POINTER(ctypes.c_int64)(), ctypes.POINTER(ctypes.c_int64)()
        asked = ((AXES, axes), (TYPE, kind), (ADDRESS, address), (SIZES, sizes), (STRIDES, strides))
        for name, answer in asked:
            self._call(name, handle, ctypes.byref(answer))
        shape, steps = sizes[: axes.value], strides[: axes.value]
        dtype = self._types[kind.value]
        entries = 1 + sum((size - 1) * step for size, step in zip(shape, steps, strict=True))
        if 0 in shape or address.value is None:
            self._call(DELETE, handle)
            return torch.empty_strided(shape, steps, dtype=dtype, device="cpu")
        memory = (ctypes.c_char * (entries * dtype.itemsize)).from_address(address.value)
        owners = _owners(address.value, lent)
        weakref.finalize(memory, _given_back, self._functions[DELETE], handle, owners).atexit = False
        return torch.frombuffer(memory, dtype=dtype).as_strided(shape, steps)


def _given_back(delete: Callable[[int], int], handle: int, owners: list[Tensor]) -> None:
    """Delete a handle, and let go of those whose memory it refers to."""
    delete(handle)
    owners.clear()


def _owners(address: int, lent: Sequence[Memory]) -> list[Tensor]:
    """Return the tensors in whose memory an address lies: a result may be one that was handed in."""
    return [tensor for start, end, tensor in lent if start <= address < end]


@lru_cache(maxsize=LAYOUTS)
def _layout(*layout: tuple[int, ...]) -> tuple[Any, ...]:
    """Return sizes and strides of a tensor as a library takes them, which it reads only."""
    return tuple((ctypes.c_int64 * len(numbers))(*numbers) for numbers in layout)


@lru_cache(maxsize=LOADED)
def load(library: Path) -> StageProgram:
    """Return the program of an entry of the cache.

    Raises:
        FileNotFoundError: there is none.
        BrokenLibraryError: it is not what was written, or no compiled stage.
    """
    whole_library(library)
    try:
        return MachineCode(library, torch.get_num_threads())
    except (OSError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise BrokenLibraryError(f"it cannot be loaded ({reason})") from error
