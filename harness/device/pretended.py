"""A CUDA device that is not there, pretended to torch's compiler and Triton: code is made for it, never run.

It changes torch in the whole process; only a process that does nothing else may pretend.
"""

from __future__ import annotations

import contextlib
import importlib.util
from typing import Any

CAPABILITY = (9, 0)
SHARED_BYTES = 232_448
"""Of a block of threads, at most."""


class Properties:
    """What the compiler asks of a device: those of an H100 of 80 GB."""

    name = "NVIDIA H100"
    major, minor = CAPABILITY
    gcnArchName = ""
    multi_processor_count = 132
    max_threads_per_multi_processor = 2048
    max_threads_per_block = 1024
    regs_per_multiprocessor = 65_536
    warp_size = 32
    total_memory = 80 << 30
    L2_cache_size = 50 << 20
    shared_memory_per_block = 49_152
    shared_memory_per_block_optin = SHARED_BYTES
    shared_memory_per_multiprocessor = 233_472
    clock_rate = 1_980_000
    memory_clock_rate = 2_619_000
    memory_bus_width = 5120


class Nothing(contextlib.nullcontext[None]):
    """Stands for choosing a device."""

    def __init__(self, *_: object) -> None:
        super().__init__()


class Driver:
    """Stands for the driver that Triton asks for its target."""

    def __init__(self) -> None:
        self.utils = self

    def get_device_properties(self, _: int) -> dict[str, int]:
        """Return what Triton asks of a device."""
        found = Properties
        return {
            "max_shared_mem": SHARED_BYTES,
            "multiprocessor_count": found.multi_processor_count,
            "warpSize": found.warp_size,
            "max_num_regs": found.regs_per_multiprocessor,
        }

    def get_current_target(self) -> Any:
        """Return the target that kernels are compiled for."""
        from triton.backends.compiler import GPUTarget  # type: ignore[import-not-found]

        return GPUTarget("cuda", 10 * CAPABILITY[0] + CAPABILITY[1], Properties.warp_size)

    def get_active_torch_device(self) -> Any:
        """Return the device."""
        import torch

        return torch.device("cuda", 0)

    def get_current_device(self) -> int:
        """Return its number."""
        return 0

    def get_current_stream(self, _: int | None = None) -> int:
        """Return a stream that nothing runs on."""
        return 0

    def is_active(self) -> bool:
        """Return that there is a device."""
        return True


def can_pretend() -> bool:
    """Return whether Triton is there, without which no code for a device can be made."""
    return importlib.util.find_spec("triton") is not None


def pretend() -> None:
    """Let torch and Triton of this process find the device."""
    import torch
    from torch._dynamo import device_interface
    from torch._inductor.runtime import triton_helpers, triton_heuristics

    cuda: Any = torch.cuda
    cuda.get_device_properties = cuda._get_device_properties = lambda *_: Properties
    cuda.is_available = lambda: True
    cuda.device_count = lambda: 1
    cuda.current_device = lambda: 0
    cuda.get_device_capability = lambda *_: CAPABILITY
    cuda._lazy_init = cuda.synchronize = cuda.current_stream = lambda *_: None
    cuda.device = cuda._DeviceGuard = Nothing
    version: Any = torch.version
    version.cuda = version.cuda or "13.0"
    interface: Any = device_interface.CudaInterface
    interface.get_device_properties = staticmethod(lambda *_: Properties)
    interface.Worker.get_device_properties = staticmethod(lambda *_: Properties)
    interface.get_compute_capability = staticmethod(lambda *_: 10 * CAPABILITY[0] + CAPABILITY[1])
    interface.is_available = staticmethod(lambda: True)
    helpers: Any = triton_helpers
    helpers.set_driver_to_gpu = lambda: None
    heuristics: Any = triton_heuristics
    heuristics.StaticTritonCompileResult.can_statically_launch = staticmethod(lambda *_, **__: None)
    import triton  # type: ignore[import-not-found]

    triton.runtime.driver.set_active(Driver())
