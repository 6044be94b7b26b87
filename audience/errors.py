"""Every error Houselights raises on purpose.

    HouselightsError
    ├── InvalidValue          a value somebody gave is not allowed (also a ValueError)
    │   └── UnknownDetector   no detector of that name
    ├── RecordingUnreadable   a recording that cannot be read
    ├── DeviceError           a camera that is missing or was disconnected
    ├── ModelUnavailable      a detector's or recogniser's model file is missing, damaged or cannot be fetched
    ├── ScorerUnavailable     the scorer cannot be loaded or reached
    ├── SessionNotFound       no session with that id in the store: never set up, or deleted
    ├── AccessRefused         the user may not see or do that
    ├── ChangedMeanwhile      somebody else changed the document since it was read
    ├── ScoringRefused        scoring would mix two recordings, or score one twice
    ├── ExportFailed          an export could not be written
    ├── SheetRejected         a contact sheet, window file or status message that is malformed, damaged or hostile
    ├── DeliveryRefused       a valid delivery that does not match what is set up in the store
    │   └── FacesRefused      it must not be kept: faces where only heads may be counted, or of a deleted session
    ├── DeliveriesUnavailable a delivery cannot be read, removed or quarantined in its bucket now
    │   └── DeliveryGone      the delivery is no longer in the bucket
    ├── OutboxUnavailable     the outbox's folder cannot be read or written
    │   └── OutboxFull        the disk has no room for another delivery
    ├── BoardNotPublished     a public board could not be written to its bucket; the next update will try
    ├── DeploymentFailed      a package could not be built, or a stack not changed
    ├── UploadFailed          S3 did not accept a delivery; it may be tried again
    │   └── UploadRefused     S3 will never accept this one
    ├── BundleRefused         a bundle of templates that a device must not use: forged, expired, another camera's, …
    ├── AlertNotDelivered     an alert could not be delivered; it will be tried again
    │   └── DeliveryUnknown   the connection broke while it was handed over: it may have arrived
    ├── StatusNotSent         a camera's status could not be sent; a newer one will be tried
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
    """A recording that cannot be read: missing, empty, truncated, not a video, or without a picture."""


class DeviceError(HouselightsError):
    """A camera that is missing or was disconnected."""


class ModelUnavailable(HouselightsError):
    """A detector's or recogniser's model file is missing, damaged or cannot be fetched."""


class ScorerUnavailable(HouselightsError):
    """The scorer cannot be loaded or reached."""


class SessionNotFound(HouselightsError):
    """No session with that id is in the store: it was never set up, or was deleted, perhaps during a write."""


class AccessRefused(HouselightsError):
    """The user may not see or do that."""


class ChangedMeanwhile(HouselightsError):
    """Somebody else changed the document since it was read."""


class ScoringRefused(HouselightsError):
    """Scoring would mix two recordings under one camera, or count one recording twice, or the start is not known.

    Attributes:
        problem: what is wrong, without options of a command: for pages.
        wants_start: whether the time at which the recording began would help.
    """

    def __init__(self, problem: str, do: str = "", *, wants_start: bool = False) -> None:
        """Creates the error.

        Args:
            problem: what is wrong.
            do: what to do about it at the command line; "" where the problem says all.
            wants_start: whether the time at which the recording began would help.
        """
        super().__init__(f"{problem}: {do}" if do else problem)
        self.problem, self.wants_start = problem, wants_start


class ExportFailed(HouselightsError):
    """An export could not be written."""


class SheetRejected(HouselightsError):
    """A contact sheet, window file or status message that is malformed, damaged, hostile or of an unknown schema."""


class DeliveryRefused(HouselightsError):
    """A valid delivery that does not match the store's setup; it may be accepted once that is corrected."""


class FacesRefused(DeliveryRefused):
    """A delivery that must not be kept: it has faces where only heads may be counted, or its session was deleted."""


class DeliveriesUnavailable(HouselightsError):
    """A delivery cannot be read, removed or quarantined in its bucket; trying again may help."""


class DeliveryGone(DeliveriesUnavailable):
    """The delivery is no longer in its bucket."""


class OutboxUnavailable(HouselightsError):
    """The outbox's folder cannot be read or written, or another process has locked it."""


class OutboxFull(OutboxUnavailable):
    """The disk has no room for another delivery, and waiting deliveries must not be dropped for it."""


class BoardNotPublished(HouselightsError):
    """A public board cannot be written to its bucket; trying again may help."""


class DeploymentFailed(HouselightsError):
    """A package for AWS could not be built, or a stack or camera there could not be found or changed."""


class UploadFailed(HouselightsError):
    """S3 did not accept a delivery; trying again may help."""


class UploadRefused(UploadFailed):
    """S3 will never accept this delivery, however often it is tried."""


class StatusNotSent(HouselightsError):
    """A camera's status could not be sent; a newer one will be tried."""


class AlertNotDelivered(HouselightsError):
    """An alert could not be delivered; trying again may help."""


class DeliveryUnknown(AlertNotDelivered):
    """A message may have been delivered or not; trying again may deliver it twice."""


class BundleRefused(HouselightsError):
    """A bundle of templates that a device must not use: forged, damaged, expired, older, or another camera's."""


class StoreUnavailable(HouselightsError):
    """The store cannot be opened, read or written."""


class StoreTooNew(StoreUnavailable):
    """The database was written by a newer Houselights than this one."""
