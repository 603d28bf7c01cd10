"""What weights say of themselves: whether they were trained or only initialised, and whether they are numbers at all.

Freshly initialised weights are independent draws. The largest singular value of an m x n matrix of independent
entries with spread s is s (sqrt m + sqrt n) to within a few per cent, whatever they are drawn from (Marchenko and
Pastur, Bai and Yin); training puts directions into it that stand out. Seen here: 0.95-0.97 of that bound, in the
median over a model's matrices, for random models of every family, and 1.5 and above for trained ones of every kind.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MATRICES = 48  # of a model are looked at, spread over its depth
SIDE = 2048  # rows and columns of each, at most: a part of independent entries is independent too
LEAST = 16  # a smaller matrix scatters too much to tell
STANDS_OUT = 1.2  # between random and trained, see above
STEPS = 16  # of the power iteration
MOST = 0.5  # of the scales of normalising layers exactly constant: nobody trained them


def looks_synthetic(state: Mapping[str, Any]) -> str | None:
    """Say why these tensors look as if nobody ever trained them; None where they look trained."""
    scales = [tensor for name, tensor in state.items() if tensor.ndim == 1 and name.endswith("weight")]
    scales = [one for one in scales if one.is_floating_point() and one.numel() > 1]
    constant = sum(bool((one == one[0]).all()) for one in scales)
    if scales and constant > MOST * len(scales):
        return f"{constant} of {len(scales)} scales of normalising layers still hold one value throughout"
    found = [_standing_out(tensor) for tensor in state.values() if tensor.ndim > 1 and tensor.is_floating_point()]
    ratios = sorted(ratio for ratio in found if ratio is not None)
    if not ratios:
        return "no matrix holds anything but one value" if any(one.ndim > 1 for one in state.values()) else None
    middle = ratios[len(ratios) // 2]
    if middle < STANDS_OUT:
        return (
            f"the matrices are indistinguishable from independent draws: in the median of {len(ratios)}, the largest "
            f"singular value is {middle:.2f} of what chance gives (trained models: 1.5 and above)"
        )
    return None


def _standing_out(tensor: Any) -> float | None:  # noqa: ANN401 - a torch tensor
    """Give the largest singular value over what independent entries would have; None where it cannot tell."""
    import torch

    matrix = tensor.reshape(tensor.shape[0], -1)[:SIDE, :SIDE].to(torch.float32)
    rows, columns = matrix.shape
    spread = float(matrix.std()) if min(rows, columns) >= LEAST else 0.0
    if not math.isfinite(spread) or spread <= 0:
        return None
    vector = torch.randn(columns, generator=torch.Generator().manual_seed(0))
    for _ in range(STEPS):
        vector = matrix.T @ (matrix @ vector)
        vector /= vector.norm()
    return float((matrix @ vector).norm()) / (spread * (math.sqrt(rows) + math.sqrt(columns)))


def sample(folder: Path) -> dict[str, Any]:
    """Read, out of every safetensors file below a folder, all vectors and a spread of parts of matrices."""
    from safetensors import safe_open

    vectors: list[tuple[Path, str]] = []
    matrices: list[tuple[Path, str]] = []
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, "pt") as tensors:
            for name in sorted(tensors.keys()):
                shape = tensors.get_slice(name).get_shape()
                if len(shape) == 1:
                    vectors.append((path, name))
                elif len(shape) > 1 and min(shape[0], math.prod(shape[1:])) >= LEAST:
                    matrices.append((path, name))
    every = max(1, math.ceil(len(matrices) / MATRICES))
    read: dict[str, Any] = {}
    for path, name in vectors + matrices[::every]:
        with safe_open(path, "pt") as tensors:
            read[f"{path.relative_to(folder)}:{name}"] = tensors.get_slice(name)[:SIDE]
    return read


def not_finite(modules: Iterable[Any]) -> list[str]:
    """Name the parameters and stored buffers of loaded modules that hold NaN or an infinity."""
    return [name for module in modules for name, tensor in _stored(module) if not _finite(tensor)]


def _stored(module: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - a torch module
    yield from module.named_parameters()
    passing = {
        f"{prefix}.{name}" if prefix else name
        for prefix, part in module.named_modules()
        for name in getattr(part, "_non_persistent_buffers_set", ())
    }
    # A buffer that is made anew each time is no weight: masks hold infinities on purpose.
    yield from ((name, buffer) for name, buffer in module.named_buffers() if name not in passing)


def _finite(tensor: Any) -> bool:  # noqa: ANN401 - a torch tensor
    import torch

    if not tensor.is_floating_point():  # packed or 8-bit integers; their scales are floating-point
        quantised = getattr(tensor, "quant_state", None)
        scales = getattr(tensor, "SCB", None) if quantised is None else quantised.absmax
        return scales is None or not scales.is_floating_point() or bool(torch.isfinite(scales).all())
    # The sum of squares of finite numbers may overflow; smallest and largest are finite only where all are.
    return not tensor.numel() or all(bool(torch.isfinite(one)) for one in torch.aminmax(tensor.detach()))
