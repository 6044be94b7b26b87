"""The way the DeepLens demos of 2017 went: every face of every frame is a JPEG, an upload and a call of its own.

Their inference function cut the box with 25 px around it at the camera's own pixels, wrote a JPEG of quality 90 and put
it; a function called DetectFaces for each and put one item. It is done again here as it was, but for the public access
control it set. (`mahendrabairagi/DeeplensWorkshop`, "Inference Lambda" and "Integrate with Rekognition".)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge_lambda.detectors import Detection, Image
from houselights.sampled_faces import picture_alone


def upload_crops(client: Any, bucket: str, image: Image, faces: Iterable[Detection], *, at_ms: int) -> int:
    """Uploads the faces of one frame; returns how many.

    Args:
        client: boto3's for S3.
        bucket: where to.
        image: the frame, BGR.
        faces: those in it.
        at_ms: the frame's instant, milliseconds since the epoch.
    """
    uploaded = 0
    for index, face in enumerate(faces):
        # Their keys had whole seconds and the face's place in the frame, so faces of one second overwrote each other.
        client.put_object(Bucket=bucket, Key=f"faces/{at_ms}_{index}.jpg", Body=picture_alone(image, face))
        uploaded += 1
    return uploaded
