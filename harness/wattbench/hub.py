"""The only door to huggingface-hub: fetch a model's snapshot at a pinned commit onto the Shelf, checked by hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench import shelf as shelves
from wattbench.problems import refuse

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.submissions import Submission

TIMEOUT_SECONDS = 30.0
# What a model needs to be loaded; never pickles, never code.
WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken")


def prefetch(submission: Submission, shelf: Path) -> bool:
    """Fetch a model onto the Shelf; False where it is there already.

    Raises Refusal where the Hub refuses, the model is gated, its safetensors are missing, or a hash differs.
    """
    model = submission.model
    folder = shelves.model_folder(shelf, model.id, model.key)
    if (folder / shelves.MANIFEST).is_file():
        return False
    info = _ask(model.id, model.key)
    if info.sha != model.key:
        raise refuse(model.id, "revision", f"the Hub answers with {info.sha}", "Pin the full commit")
    files = [sibling for sibling in info.siblings or [] if _wanted(sibling.rfilename)]
    if not any(file.rfilename.endswith(".safetensors") for file in files):
        raise refuse(model.id, "revision", "holds no safetensors", "Ask the owner for safetensors; pickles are not run")
    with shelves.place(folder) as temporary:
        _download(model.id, model.key, [file.rfilename for file in files], temporary)
        published = {file.rfilename: file.lfs.sha256 for file in files if file.lfs}
        for name, expected in published.items():
            if (found := shelves.sha256(temporary / name)) != expected:
                what = f"sha256 is {found[:12]}..., the Hub says {expected[:12]}..."
                raise refuse(f"{model.id}/{name}", "sha256", what, "Try again; nothing was kept")
        card = info.card_data.to_dict() if info.card_data else {}
        manifest = {
            "kind": "model",
            "name": model.id,
            "revision": model.key,
            "weights": "real",
            "licence": card.get("license") if isinstance(card.get("license"), str) else None,
            "base_model": model.base_model,
            "about": f"{model.id} at {model.key} from the Hub.",
        }
        shelves.write_manifest(temporary, manifest, dict(published), f"Hub, {model.id}@{model.key}")
    return True


def _wanted(name: str) -> bool:
    from fnmatch import fnmatch

    return any(fnmatch(name, pattern) for pattern in WANTED)


def _ask(model_id: str, revision: str) -> Any:  # noqa: ANN401 - huggingface_hub's ModelInfo, kept behind this door
    """Look a model up. Raises Refusal in clear words for what the Hub refuses."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return HfApi().model_info(model_id, revision=revision, files_metadata=True, timeout=TIMEOUT_SECONDS)
    except GatedRepoError:
        raise refuse(model_id, "model.id", "is gated", "Accept its terms on the Hub and log in") from None
    except RevisionNotFoundError:
        raise refuse(model_id, "model.revision", f"{revision} does not exist", "Take it from the commit list") from None
    except RepositoryNotFoundError:
        raise refuse(model_id, "model.id", "is not on the Hub, or private", "Check the spelling") from None
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "an error")
        raise refuse(model_id, "", f"the Hub answered {status}", "Try again later") from None
    except Exception as error:
        # Which errors a dead network raises depends on the HTTP library that huggingface_hub brings.
        raise refuse(model_id, "", f"the Hub cannot be reached: {type(error).__name__}", "Check the network") from error


def _download(model_id: str, revision: str, names: list[str], folder: Path) -> None:
    """Download files into `folder`, and nothing else that the downloader leaves there."""
    import shutil

    from huggingface_hub import hf_hub_download

    for name in names:
        try:
            hf_hub_download(model_id, name, revision=revision, local_dir=folder, etag_timeout=TIMEOUT_SECONDS)
        except Exception as error:
            raise refuse(f"{model_id}/{name}", "", f"cannot be fetched: {error}", "Try again") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
