"""Pure: everything that can go wrong in detection.

DetectionError
├── CorpusInvalid    a line of the corpus breaks the rules; names file, line and rule
├── EncoderUnavailable  the sentence encoder is not installed or not the one that was trained on
├── MeaningInvalid   the trained arrays cannot be read or do not fit the encoder
├── LexiconInvalid   a lexicon file breaks its own rules; names file and entry
├── PolicyInvalid    a policy file breaks its own rules; names file, line and key of every fault
└── PolicyNotFound   no policy of that name; names those that exist
"""

from __future__ import annotations

from detection.policy_faults import Fault, sentence


class DetectionError(Exception):
    """Root of the tree."""


class CorpusInvalid(DetectionError):  # noqa: N818 - named as a fact, like its siblings
    """The message names file, line and rule."""


class EncoderUnavailable(DetectionError):  # noqa: N818
    """The message names the wheel and what to run."""


class MeaningInvalid(DetectionError):  # noqa: N818
    """The message names the file and what to run."""


class LexiconInvalid(DetectionError):  # noqa: N818 - named as a fact, like its siblings
    """The message names the file, the entry and what to change."""


class PolicyInvalid(DetectionError):  # noqa: N818
    """Every fault of the file *source* at once, in the order of its lines; the message has a line for each."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(sentence(source, fault) for fault in faults))
        self.source = source
        self.faults = faults


class PolicyNotFound(DetectionError):  # noqa: N818
    """The message names the policies that exist."""
