"""CLIPScore: how well pictures fit their prompts, as another model sees it.

100 x max(cosine, 0) of CLIP's two vectors, as most papers on pictures from text report it (its first authors scaled by
2.5 instead, and set "A photo depicts" before captions of photographs; prompts are taken as they are).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AT_ONCE = 16


def scores(folder: Path, pictures: Sequence[Any], prompts: Sequence[str], device: str) -> list[float]:
    """Give the CLIPScore (0 to 100) of each picture (height x width x 3, 0 to 255) with its prompt.

    Prompts longer than CLIP reads are cut. The vectors are worked out in fp32, whatever the model measured used.
    """
    import torch
    import transformers

    model = transformers.CLIPModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    model = model.to(device).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    look = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    limit = model.config.text_config.max_position_embeddings
    found: list[float] = []
    for start in range(0, len(pictures), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        words = tokenizer(list(prompts[some]), padding=True, truncation=True, max_length=limit, return_tensors="pt")
        seen = look(images=list(pictures[some]), return_tensors="pt")
        with torch.inference_mode():
            both = model(**words.to(device), pixel_values=seen["pixel_values"].to(device))
        cosines = torch.nn.functional.cosine_similarity(both.image_embeds, both.text_embeds)
        found += (100 * cosines.clamp(min=0)).tolist()
    return found
