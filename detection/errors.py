"""Pure: everything that can go wrong in detection.

DetectionError
├── LexiconInvalid   a lexicon file breaks its own rules; names file and entry
├── PolicyInvalid    a policy file breaks its own rules; names file and key
└── PolicyNotFound   no policy of that name; names those that exist
"""


class DetectionError(Exception):
    """Root of the tree."""


class LexiconInvalid(DetectionError):  # noqa: N818 - named as a fact, like its siblings
    """The message names the file, the entry and what to change."""


class PolicyInvalid(DetectionError):  # noqa: N818
    """The message names the file, the key and what to change."""


class PolicyNotFound(DetectionError):  # noqa: N818
    """The message names the policies that exist."""
