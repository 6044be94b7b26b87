"""One clip the earlier way, directly on the device, and by contact sheets: what each sends, asks, writes, measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import boto3
import numpy as np

from audience.session_setup import SessionSetup, prepare_session
from audience.store import Store
from audience.stores import open_store
from audience.stores.dynamo_client import DynamoAddress, client_for
from audience.time import from_ms
from bench.cloud_path.counting import counted
from bench.cloud_path.earlier import upload_crops
from edge_lambda.correction import PictureCorrector
from edge_lambda.delivery.contact_sheet import crop_for_sheet
from edge_lambda.delivery.s3_bucket import S3Bucket
from edge_lambda.delivery.sheets import SheetBuilder
from edge_lambda.detectors import Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.pipeline import CameraKey, TimedFrame, scored_windows, unscored_windows
from edge_lambda.recording import open_recording
from edge_lambda.scorers.expressionnet import ExpressionNet
from edge_lambda.tracking import Tracker
from houselights.local_cloud.cloud import LocalCloud
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.rekognition import RekognitionScorer

BEGAN_MS: Final = 1_767_225_600_000
"""Instant of a clip's first frame, milliseconds since the epoch: 2026-01-01, midnight UTC."""

STAGE, CAMERA = "hall", "front"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one way of scoring a clip took.

    Attributes:
        faces: face scores.
        bytes: sent to S3, with the requests around the pictures.
        objects: put to S3.
        calls: of DetectFaces.
        writes, write_units: items put to DynamoDB, and what it would charge for them.
        unmatched: tiles that no face was found on, or two.
        shares: share of smiles by second of the clip.
    """

    faces: int
    bytes: int
    objects: int
    calls: int
    writes: int
    write_units: int
    unmatched: int
    shares: dict[int, float]


def frames_of(clip: Path) -> Iterator[TimedFrame]:
    """A clip, one frame a second."""
    for frame in open_recording(clip).sample(1.0):
        yield TimedFrame(at_ms=BEGAN_MS + round(frame.at_s * 1000), image=frame.image)


def earlier_way(cloud: LocalCloud, clip: Path) -> Way:
    """A JPEG, an upload, a call and a write for every face of every frame."""
    s3 = _s3(cloud)
    sent = counted(s3, "PutObject")
    detector = load_detector()
    faces = sum(
        upload_crops(s3, cloud.stack.bucket, frame.image, detector.detect(frame.image), at_ms=frame.at_ms)
        for frame in frames_of(clip)
    )
    return Way(
        faces=faces,
        bytes=sent.size,
        objects=sent.requests,
        calls=faces,
        writes=faces,
        write_units=faces,
        unmatched=0,
        shares={},
    )


def directly(clip: Path) -> dict[int, float]:
    """The share of smiles by second of the clip, scored from its own frames."""
    windows = scored_windows(
        frames_of(clip),
        camera=_camera("direct"),
        corrector=PictureCorrector(_detector()),
        tracker=Tracker(run="direct"),
        scorer=ExpressionNet(),
    )
    return {
        _second(window.record.start_ms): window.record.tallies["smile"].over / window.record.faces
        for window in windows
        if window.record.faces
    }


def by_sheets(cloud: LocalCloud, clip: Path, session_id: str, *, interval_s: float) -> Way:
    """Contact sheets through S3, the ingest function and the stand-in for Rekognition into DynamoDB."""
    address = DynamoAddress.of(cloud.store_url)
    written = counted(client_for(address.region, address.endpoint, local=address.is_local), "BatchWriteItem")
    s3 = _s3(cloud)
    sent = counted(s3, "PutObject")
    bucket = S3Bucket(cloud.stack.bucket, lambda: s3, now=lambda: from_ms(BEGAN_MS))
    asked = cloud.rekognition.counts().calls
    faces = unmatched = 0
    with open_store(cloud.store_url) as store:
        set_up(store, session_id)
        before = written.items, written.write_units
        ingest = Ingest(store, RekognitionScorer(cloud.client("rekognition")), Keep())
        builder = SheetBuilder(_camera(session_id), interval_s=interval_s)
        windows = unscored_windows(
            frames_of(clip),
            camera=_camera(session_id),
            corrector=PictureCorrector(_detector()),
            tracker=Tracker(run=session_id),
            cut=crop_for_sheet,
        )
        deliveries = [delivery for window in windows for delivery in builder.add(window)] + builder.flush()
        for delivery in deliveries:
            bucket.put(delivery)
            taken = ingest.record(delivery.key, delivery.data, delivered_ms=BEGAN_MS, now_ms=BEGAN_MS)
            faces += taken.faces
            unmatched += taken.unmatched
        table = store.windows(session_id, STAGE).over_cameras([])
    smile = table.expressions.index("smile")
    return Way(
        faces=faces,
        bytes=sent.size,
        objects=sent.requests,
        calls=cloud.rekognition.counts().calls - asked,
        writes=written.items - before[0],
        write_units=written.write_units - before[1],
        unmatched=unmatched,
        shares={
            _second(int(start)): float(over / scored)
            for start, over, scored in zip(table.start_ms, table.over[:, smile], table.scored[:, smile], strict=True)
            if scored
        },
    )


def agreement(one: dict[int, float], other: dict[int, float]) -> float:
    """Pearson's correlation of two curves over the seconds that both have."""
    seconds = sorted(one.keys() & other.keys())
    return float(np.corrcoef([one[at] for at in seconds], [other[at] for at in seconds])[0, 1])


def set_up(store: Store, session_id: str, *, camera_id: str = CAMERA) -> None:
    """Makes a session with its stage and camera, as deliveries need it."""
    setup = SessionSetup(session_id=session_id, stage_id=STAGE, camera_id=camera_id)
    began_at = from_ms(BEGAN_MS)
    prepare_session(store, setup, began_at, began_at)


def _camera(session_id: str) -> CameraKey:
    return CameraKey(session_id=session_id, stage_id=STAGE, camera_id=CAMERA, written_ms=BEGAN_MS)


def _detector() -> Detector:
    return load_detector(doubtful=True)


def _s3(cloud: LocalCloud) -> object:
    """A client of its own, since what it sends is counted."""
    session = boto3.Session(aws_access_key_id="bench", aws_secret_access_key="bench", region_name=cloud.stack.region)
    return session.client("s3", endpoint_url=cloud.endpoint)


def _second(start_ms: int) -> int:
    return (start_ms - BEGAN_MS) // 1000
