"""The demo's speech, read out of packaged data: sentences of a book in the public domain, with their transcripts.

Sense and Sensibility (Jane Austen, 1811), chapter 1, read for LibriVox; cut into sentences and transcribed for the
tests of pocketsphinx. 16 kHz, mono, 16 bits, as the files are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wattbench.demo import packages

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.tasks import Row

_FOLDER = "pocketsphinx-5.1.1/test/data/librivox"
_CLIP = "sense_and_sensibility_01_austen_64kb-"
_TRANSCRIPTS = (f"{_FOLDER}/transcription", "4cc29e04a6dcd29242893b3ee20470e50b6ace45f4387bb619e5218145c66f99")
_CLIPS = {
    "0870": "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
    "0880": "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
    "0890": "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
    "0920": "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
    "0930": "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
}
_LINE = re.compile(r"<s> (?P<text>.+) </s> \((?P<clip>.+)\)")
# A slip of the pen: the book has "had he married a more amiable woman", and so has the reader.
_SLIP = ("a more a amiable", "a more amiable")


def librivox(pocketsphinx: Path) -> list[Row]:
    """Read five sentences with what is said in them, in lower case and without punctuation."""
    lines = packages.read(pocketsphinx, *_TRANSCRIPTS).decode().splitlines()
    said = {found["clip"]: found["text"].replace(*_SLIP) for line in lines if (found := _LINE.match(line))}
    return [
        {
            "id": f"austen-{clip}",
            "audio": packages.read(pocketsphinx, f"{_FOLDER}/{_CLIP}{clip}.wav", expected),
            "text": said[f"{_CLIP}{clip}"],
        }
        for clip, expected in _CLIPS.items()
    ]
