"""Adapter: policies on disk: the presets that ship with the product, or an office's own file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from detection.errors import PolicyInvalid, PolicyNotFound
from detection.policy import Policy, parse_policy

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
        PolicyInvalid: the file breaks a rule; the message names file and key.
    """
    wanted = str(name_or_path)
    if wanted in policy_names():
        preset = resources.files("detection") / "policies" / f"{wanted}.toml"
        return parse_policy(preset.read_text(encoding="utf-8"), f"{wanted}.toml")
    path = Path(name_or_path)
    if path.suffix != ".toml" or not path.is_file():
        raise PolicyNotFound(
            f"no policy '{wanted}'; presets: {', '.join(policy_names())}, or give a .toml file"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyInvalid(f"{path.name}: not UTF-8 text") from error
    return parse_policy(text, path.name)
