"""The bake-off's errors as a drawing."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

from meter_report import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meter_report import Cell

WIDTH, HEIGHT, LEFT, TOP = 720, 300, 44, 34
SHAPES = {"wattbench": "circle", "zeus": "square", "codecarbon": "triangle", "naive": "cross"}


def chart(cells: Sequence[Cell]) -> str:
    """Draw every cell: a panel a waveform, windows to the right, the median error upwards, both in decades."""
    waveforms = list(dict.fromkeys(cell.waveform for cell in cells))
    panel = (WIDTH - LEFT) / len(waveforms)
    lengths = sorted({cell.seconds for cell in cells})

    def y(error: float) -> float:
        decades = (log10(max(error, 0.001)) + 3) / 5  # 0.001 % to 100 %
        return round(HEIGHT - 40 - decades * (HEIGHT - 40 - TOP), 1)

    words = "Median error of each tool by load and window; the figures are in the table above"
    view = f'viewBox="-12 0 {WIDTH + 12} {HEIGHT}" font-size="11" fill="currentColor"'
    parts = [f'<svg class="bake-off" role="img" aria-label="{words}" {view}>']
    for exponent in range(-3, 3):
        height = y(10.0**exponent)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH}" y1="{height}" y2="{height}" stroke="currentColor" opacity=".15"/>'
        )
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4}" text-anchor="end">{10.0**exponent:g} %</text>')
    for number, waveform in enumerate(waveforms):
        start = LEFT + number * panel
        parts.append(f'<text x="{start + panel / 2:.1f}" y="{TOP - 14}" text-anchor="middle">{waveform}</text>')
        for place, seconds in enumerate(lengths):
            x = round(start + (place + 0.5) * panel / len(lengths), 1)
            parts.append(f'<text x="{x}" y="{HEIGHT - 22}" text-anchor="middle">{seconds:.2g}</text>')
            alike = (cell for cell in cells if (cell.waveform, cell.seconds) == (waveform, seconds))
            parts += [_mark(SHAPES[cell.tool], x, y(cell.error)) for cell in alike]
    for number, (tool, shape) in enumerate(SHAPES.items()):
        x = LEFT + 10 + number * 120
        parts += [_mark(shape, x, HEIGHT - 6), f'<text x="{x + 9}" y="{HEIGHT - 2}">{NAMES[tool]}</text>']
    parts.append(f'<text x="{WIDTH}" y="{HEIGHT - 2}" text-anchor="end">window in s</text></svg>')
    return "\n".join(parts)


def _mark(shape: str, x: float, y: float) -> str:
    if shape == "circle":
        return f'<circle cx="{x}" cy="{y}" r="4.5" fill="currentColor"/>'
    paths = {
        "square": f"M{x - 4} {y - 4}h8v8h-8z",
        "triangle": f"M{x} {y - 5}l5 9h-10z",
        "cross": f"M{x - 4} {y - 4}l8 8m0-8l-8 8",
    }
    return f'<path d="{paths[shape]}" fill="none" stroke="currentColor" stroke-width="1.4" opacity=".7"/>'
