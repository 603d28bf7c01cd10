"""Text of strangers as people may safely read it: what cannot be seen is written out, and nothing is endless. Pure."""

from __future__ import annotations


def legible(text: str, longest: int | None = None) -> str:
    r"""Write out every character that is not seen as itself: `\n`, `\x1b`, `\u202e`; cut what is longer.

    Line breaks, terminal sequences, direction and zero-width marks, lone surrogates: none of them gets through, so
    the text stays on its line, in its order, and can be encoded.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - 3]}..."
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def quoted(value: object, longest: int = 60) -> str:
    """Quote a value as people write it, cut to a length; numbers of any size."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > longest * 3:
        return f"a number of {value.bit_length()} bits"  # Python refuses to write some of them
    if isinstance(value, list | tuple | dict | set):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(value[: longest + 1] if isinstance(value, str) else value)
    return legible(text if len(text) <= longest else f"{text[: longest - 3]}...")
