"""Every error Houselights raises on purpose.

    HouselightsError
    ├── InvalidValue          a value somebody gave is not allowed (also a ValueError)
    │   └── UnknownDetector   no detector of that name
    ├── RecordingUnreadable   a recording that cannot be looked at
    ├── DeviceError           a camera that is not there, or went away
    ├── ModelUnavailable      a detector's model file is missing, damaged or cannot be fetched
    ├── ScorerUnavailable     the scorer cannot be loaded or reached
    ├── SessionNotFound       no session of that id in the store: never set up, or deleted
    ├── AccessRefused         whoever asks may not see or do that
    ├── ChangedMeanwhile      somebody else changed what was edited, since it was read
    ├── ScoringRefused        scoring would mix two recordings, or score one twice
    ├── ExportFailed          an export could not be written
    ├── SheetRejected         a contact sheet, window file or status that is not one, or is damaged or hostile
    ├── DeliveryRefused       a delivery that is sound, and is not taken as the store is set up
    │   └── FacesRefused      it is not to be kept: faces where only heads may be counted, or of a deleted session
    ├── DeliveriesUnavailable a delivery cannot be read from its bucket, removed, or set aside now
    │   └── DeliveryGone      the delivery is not in the bucket any more
    ├── OutboxUnavailable     the outbox's folder cannot be read or written
    │   └── OutboxFull        the disk has no room for another delivery
    ├── BoardNotPublished     a public board could not be written to its bucket; the next update will try
    ├── DeploymentFailed      a package could not be made, or a stack not be taken down
    ├── UploadFailed          S3 has not taken a delivery; it may be tried again
    │   └── UploadRefused     S3 will never take this one
    ├── AlertNotTold          an alert could not be delivered; it will be tried again
    ├── StatusNotSent         a camera's status could not be said; a newer one will be tried
    └── StoreUnavailable      the store cannot be opened, read or written
        └── StoreTooNew       the database was written by a newer Houselights

Each carries one line that says what is wrong, which value, and what to do next. The command line prints that line
and ends with exit code 2; nothing here ever reaches a user as a traceback.
"""


class HouselightsError(Exception):
    """Base of all errors raised on purpose; its text is one line, written for the user."""


class InvalidValue(HouselightsError, ValueError):
    """A value somebody gave is not allowed."""


class UnknownDetector(InvalidValue):
    """No detector has that name."""


class RecordingUnreadable(HouselightsError):
    """A recording that cannot be looked at: missing, empty, truncated, not a video, or without a picture."""


class DeviceError(HouselightsError):
    """A camera that is not there, or went away."""


class ModelUnavailable(HouselightsError):
    """A detector's model file is missing, damaged or cannot be fetched."""


class ScorerUnavailable(HouselightsError):
    """The scorer cannot be loaded or reached."""


class SessionNotFound(HouselightsError):
    """No session of that id is in the store: it was never set up, or was deleted, perhaps while somebody wrote."""


class AccessRefused(HouselightsError):
    """Whoever asks may not see or do that."""


class ChangedMeanwhile(HouselightsError):
    """Somebody else changed what was edited, since it was read."""


class ScoringRefused(HouselightsError):
    """Scoring as asked would mix two recordings under one camera, or count one twice."""


class ExportFailed(HouselightsError):
    """An export could not be written."""


class SheetRejected(HouselightsError):
    """What was delivered is no contact sheet, window file or status, is damaged, hostile, or of an unknown schema."""


class DeliveryRefused(HouselightsError):
    """A sound delivery that is not taken as the store is set up: the same one may be, once that is mended."""


class FacesRefused(DeliveryRefused):
    """A delivery that must not be kept: it has faces where only heads may be counted, or its session was deleted."""


class DeliveriesUnavailable(HouselightsError):
    """A delivery cannot be read from its bucket, removed from it, or set aside; trying again may help."""


class DeliveryGone(DeliveriesUnavailable):
    """The delivery is not in its bucket any more."""


class OutboxUnavailable(HouselightsError):
    """The outbox's folder cannot be read or written, or another process holds it."""


class OutboxFull(OutboxUnavailable):
    """The disk has no room for another delivery, and what waits is not to be dropped for it."""


class BoardNotPublished(HouselightsError):
    """A public board cannot be written to its bucket; trying again may help."""


class DeploymentFailed(HouselightsError):
    """A package for AWS could not be made, or a stack or a camera there not be found or changed."""


class UploadFailed(HouselightsError):
    """S3 has not taken a delivery; trying again may help."""


class UploadRefused(UploadFailed):
    """S3 will never take this delivery, however often it is tried."""


class StatusNotSent(HouselightsError):
    """A camera's status could not be said; a newer one will be tried."""


class AlertNotTold(HouselightsError):
    """An alert could not be delivered; trying again may help."""


class StoreUnavailable(HouselightsError):
    """The store cannot be opened, read or written."""


class StoreTooNew(StoreUnavailable):
    """The database was written by a newer Houselights than this one."""
