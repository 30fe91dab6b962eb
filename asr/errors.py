"""Pure: everything that can go wrong in recognition.

AsrError
├── ModelNotFound           the recogniser's files are not where the settings say
├── ModelCorrupt            they are, but their checksum is not the expected one
├── DeviceUnusable          this machine cannot compute where or as precisely as it is asked to
├── SoundFileInvalid        a file is not sound that can be read; says why
├── VoiceActivityFailed     voice activity of this window could not be computed
├── TranscriptionFailed     this segment is lost; the next may work
│   └── TranscriptionShed   … because there was too much to do (a visible gap)
├── TranscriberUnavailable  no segment will work until the recogniser is restarted
└── RecogniserLost          one recogniser is gone with what it had in hand; another may do it
    └── RecogniserGaveUp    … before it could start; says why
"""


class AsrError(Exception):
    """Root of the tree."""


class ModelNotFound(AsrError):  # noqa: N818 - named as a fact, like its siblings
    """The message names the next step to take."""


class ModelCorrupt(AsrError):  # noqa: N818
    """The message names the file and the next step to take."""


class DeviceUnusable(AsrError):  # noqa: N818
    """The message names the next step to take."""


class SoundFileInvalid(AsrError):  # noqa: N818
    """The message names the file and what is wrong with it."""


class VoiceActivityFailed(AsrError):  # noqa: N818
    """This window could not be judged; the next may work."""


class TranscriptionFailed(AsrError):  # noqa: N818
    """This segment is lost; the next may work."""


class TranscriptionShed(TranscriptionFailed):
    """The segment was given up because more urgent ones filled the queue, or it came too late."""


class TranscriberUnavailable(AsrError):  # noqa: N818
    """No segment will work until a restart."""


class RecogniserLost(AsrError):  # noqa: N818
    """It ended, hung, cannot be reached, or said something that is not an answer."""


class RecogniserGaveUp(RecogniserLost):
    """It cannot start; the message is its own and names the next step."""
