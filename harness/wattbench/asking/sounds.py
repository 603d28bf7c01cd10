"""Sound as tasks hear it: FLAC or WAV bytes -> samples at 16 kHz; the only door to soundfile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RATE = 16_000  # samples/s


def samples(data: bytes) -> np.ndarray:
    """Decode sound into samples at 16 kHz, one channel, float32."""
    import numpy as np
    import soundfile
    from scipy.signal import resample_poly

    sound, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    if rate != RATE:
        mono = resample_poly(mono, RATE, rate)  # takes the greatest common divisor out itself
    return np.asarray(mono, dtype=np.float32)


def seconds(data: bytes) -> float:
    """Tell how long a sound is, in s, from its head alone."""
    import soundfile

    told = soundfile.info(io.BytesIO(data))
    return float(told.frames / told.samplerate)
