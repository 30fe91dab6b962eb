"""Adapter: policies on disk: the presets that ship with the product, or an office's own file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from detection.errors import PolicyInvalid, PolicyNotFound
from detection.policy import Policy
from detection.policy_faults import Fault, FaultKind
from detection.policy_reading import parse_policy
from detection.toml_places import Place

DEFAULT_POLICY: Final = "ebetsu"


def policy_names() -> tuple[str, ...]:
    """Return the names of the presets, in alphabetical order."""
    folder = resources.files("detection") / "policies"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_policy(name_or_path: str | Path = DEFAULT_POLICY) -> Policy:
    """Return a preset by its name, or the policy in a file ending in ``.toml``.

    Raises:
        PolicyNotFound: neither a preset nor a file; the message names the presets.
        PolicyInvalid: the file breaks rules; the message names file, line and key of each fault.
    """
    text, source = policy_text(name_or_path)
    return parse_policy(text, source)


def policy_text(name_or_path: str | Path = DEFAULT_POLICY) -> tuple[str, str]:
    """Return the text of a policy as it is written, and the name of its file.

    Raises:
        PolicyNotFound, PolicyInvalid: as ``load_policy``.
    """
    wanted = str(name_or_path)
    if wanted in policy_names():
        preset = resources.files("detection") / "policies" / f"{wanted}.toml"
        return preset.read_text(encoding="utf-8"), f"{wanted}.toml"
    path = Path(name_or_path)
    if path.suffix != ".toml" or not path.is_file():
        raise PolicyNotFound(
            f"no policy '{wanted}'; presets: {', '.join(policy_names())}, or give a .toml file"
        )
    return _text_of(path), path.name


def _text_of(path: Path) -> str:
    raw = path.read_bytes()
    try:
        # Some editors put a mark before the first letter; the parser would stumble over it.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(raw.count(b"\n", 0, error.start) + 1, 1)
        raise PolicyInvalid(path.name, (Fault(place, FaultKind.NOT_UTF8, ""),)) from error
