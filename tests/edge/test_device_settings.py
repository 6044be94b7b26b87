"""All settings are read, and each wrong one is reported in one line with its name, value and allowed values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from edge_lambda import settings as device_settings
from edge_lambda.device_certificate import DeviceCertificate
from edge_lambda.settings import DeviceSettings, read_settings

LEAST = {"HOUSELIGHTS_SOURCE": "webcam:0", "HOUSELIGHTS_SESSION": "talk-1", "HOUSELIGHTS_BUCKET": "dir:/srv/bucket"}
NAMES = sorted(set(re.findall(r"HOUSELIGHTS_[A-Z_]+|AWS_REGION", device_settings.__doc__)))


def read(**more: str) -> DeviceSettings:
    """The settings of an environment with the least there must be, and more; without the prefix."""
    named = {name if name.startswith("AWS_") else f"HOUSELIGHTS_{name}": value for name, value in more.items()}
    return read_settings({**LEAST, **named}, state_folder=lambda: Path("/state"))


def problems(**more: str) -> list[str]:
    with pytest.raises(ExceptionGroup) as refused:
        read(**more)
    assert all(isinstance(problem, InvalidValue) for problem in refused.value.exceptions)
    return [str(problem) for problem in refused.value.exceptions]


def test_three_settings_are_enough():
    settings = read()
    assert (settings.source, settings.session_id, settings.bucket) == ("webcam:0", "talk-1", Path("/srv/bucket"))
    assert (settings.stage_id, settings.camera_id, settings.setting, settings.country) == (
        "main",
        "cam-1",
        "event",
        None,
    )
    assert (settings.scoring, settings.interval_s, settings.every_s) == ("cloud", 2.0, 1.0)
    assert (settings.detector, settings.status, settings.outbox) == (
        "libfacedetection",
        "log",
        Path("/state/outbox/cam-1"),
    )
    assert (settings.preview_port, settings.preview_blur, settings.heads_only) == (None, False, False)
    assert (settings.model, settings.yunet_model, settings.deeplens_model) == (None, None, None)
    assert (settings.credentials_url, settings.thing, settings.certificate) == ("", "", None)


def test_all_settings_are_read():
    settings = read(
        STAGE="big-hall",
        CAMERA="cam-7",
        SETTING="workplace",
        COUNTRY="us",
        HEADS_ONLY="yes",
        SCORING="device",
        SHEET_INTERVAL_S="12",
        EVERY_S="0.5",
        DETECTOR="deeplens",
        MODEL="/models/own.onnx",
        YUNET_MODEL="/models/yunet.onnx",
        DEEPLENS_MODEL="/models/faces.xml",
        BUCKET="faces-of-tonight",
        OUTBOX="/data/outbox",
        STATUS="mqtt://localhost",
        PREVIEW_PORT="0",
        PREVIEW_BLUR="Yes",
        IOT_CREDENTIALS="https://c1.credentials.iot.eu-west-1.amazonaws.com/role-aliases/cameras/credentials",
        THING="cam-7",
        CERTIFICATE="/certs/c.pem",
        PRIVATE_KEY="/certs/k.pem",
        ROOT_CA="/certs/r.pem",
        AWS_REGION="eu-west-1",
    )
    assert (settings.stage_id, settings.camera_id, settings.setting, settings.country) == (
        "big-hall",
        "cam-7",
        "workplace",
        "US",
    )
    assert (settings.scoring, settings.interval_s, settings.every_s, settings.heads_only) == ("device", 12, 0.5, True)
    assert (settings.detector, settings.model) == ("deeplens", Path("/models/own.onnx"))
    assert (settings.yunet_model, settings.deeplens_model) == (Path("/models/yunet.onnx"), Path("/models/faces.xml"))
    assert (settings.bucket, settings.region, settings.outbox) == (
        "faces-of-tonight",
        "eu-west-1",
        Path("/data/outbox"),
    )
    assert (settings.status, settings.preview_port, settings.preview_blur) == ("mqtt://localhost", 0, True)
    assert (settings.credentials_url[:10], settings.thing) == ("https://c1", "cam-7")
    assert settings.certificate == DeviceCertificate(
        certificate=Path("/certs/c.pem"), private_key=Path("/certs/k.pem"), root_ca=Path("/certs/r.pem")
    )


def test_an_empty_variable_is_not_set():
    assert read(STAGE="", EVERY_S="  ", COUNTRY="") == read()


def test_all_errors_are_reported_at_once():
    assert problems(SESSION="", EVERY_S="soon", SCORING="moon") == [
        "HOUSELIGHTS_SESSION is not set: give the id of a session that was set up with `houselights prepare`",
        "HOUSELIGHTS_SCORING is 'moon': use one of cloud, device",
        "HOUSELIGHTS_EVERY_S is 'soon': use seconds from 0.02 to 3600",
    ]


def test_a_model_for_the_device_where_the_cloud_scores_is_refused():
    (line,) = problems(MODEL="/models/own.onnx")
    assert "HOUSELIGHTS_MODEL" in line
    assert "HOUSELIGHTS_SCORING" in line


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SESSION", "a b", "session id 'a b' is not allowed: use 1 to 64 letters"),
        ("STAGE", "../x", "stage id '../x' is not allowed"),
        ("CAMERA", "-", "camera id '-' is not allowed"),
        ("SETTING", "pub", "use one of event, cinema, research, home, workplace, education"),
        ("COUNTRY", "Atlantis", "not the name or code of a country"),
        ("HEADS_ONLY", "perhaps", "use yes or no"),
        ("SHEET_INTERVAL_S", "0", "use seconds from 0.1 to 600"),
        ("SHEET_INTERVAL_S", "nan", "use seconds from 0.1 to 600"),
        ("DETECTOR", "eagle", "use one of libfacedetection, centerface, yunet, haar, deeplens"),
        ("BUCKET", "Faces", "use the name of an S3 bucket"),
        ("BUCKET", "dir:", "use the name of an S3 bucket"),
        ("PREVIEW_PORT", "65536", "use a port from 0 to 65535"),
        ("PREVIEW_PORT", "٣", "use a port from 0 to 65535"),
        ("AWS_REGION", "Dublin", "use a region such as eu-west-1"),
    ],
)
def test_a_wrong_value_is_reported_with_the_allowed_values(name, value, said):
    (line,) = problems(**{name: value})
    assert line.startswith(f"{name if name.startswith('AWS_') else f'HOUSELIGHTS_{name}'} is {value!r}: ")
    assert said in line


def test_a_bucket_of_s3_needs_its_region():
    (line,) = problems(BUCKET="faces-of-tonight")
    assert line == "AWS_REGION is not set: give the region of bucket faces-of-tonight, such as eu-west-1"
    assert read(BUCKET="faces-of-tonight", AWS_DEFAULT_REGION="eu-west-1").region == "eu-west-1"


def test_a_credentials_provider_needs_a_thing_and_a_certificate():
    lines = problems(IOT_CREDENTIALS="https://x")
    assert [line.split(" ")[0] for line in lines] == [
        "HOUSELIGHTS_THING",
        "HOUSELIGHTS_CERTIFICATE",
        "HOUSELIGHTS_PRIVATE_KEY",
    ]


def test_a_certificate_goes_with_its_key():
    (line,) = problems(CERTIFICATE="/certs/c.pem")
    assert line == "HOUSELIGHTS_PRIVATE_KEY is not set: give both the certificate and its key, or neither"
    assert read(CERTIFICATE="/c", PRIVATE_KEY="/k").certificate.root_ca is None


def test_a_password_is_not_shown():
    (line,) = problems(BUCKET="https://user:hunter2@host/x?key=hunter2")
    assert "hunter2" not in line


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=80)))
def test_every_setting_is_read_or_reported_in_one_line(environment):
    try:
        settings = read_settings(environment, state_folder=lambda: Path("/state"))
    except ExceptionGroup as refused:
        for problem in refused.exceptions:
            assert re.match(r"(HOUSELIGHTS|AWS)_[A-Z_]+ is ", str(problem))
            assert "\n" not in str(problem)
    else:
        assert settings.source
        assert settings.interval_s > 0


KEY, SIGNER = "0f" * 32, "a1" * 32


def test_a_camera_recognises_nobody_unless_it_has_both_keys_and_a_way_for_sightings():
    assert (read().camera_key, read().signer) == (None, None)
    settings = read(CAMERA_KEY=KEY, SIGNER=SIGNER, STATUS="mqtt://broker")
    assert (settings.camera_key, settings.signer) == (bytes.fromhex(KEY), bytes.fromhex(SIGNER))
    assert "HOUSELIGHTS_SIGNER" in problems(CAMERA_KEY=KEY, STATUS="mqtt://broker")[0]
    assert "HOUSELIGHTS_STATUS" in problems(CAMERA_KEY=KEY, SIGNER=SIGNER)[0]


def test_a_wrong_key_is_not_printed():
    (problem,) = problems(CAMERA_KEY=KEY[:-1], SIGNER=SIGNER, STATUS="mqtt://broker")
    assert "HOUSELIGHTS_CAMERA_KEY" in problem
    assert KEY[:8] not in problem
