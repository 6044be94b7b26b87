"""Credentials for a device's certificate: real TLS to a server that demands one, and S3 put to with what it gives."""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audience.errors import InvalidValue, UploadFailed
from edge_lambda.delivery import iot_credentials
from edge_lambda.delivery.iot_credentials import CredentialsProvider, device_session
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from edge_lambda.delivery.uploader import Uploader
from edge_lambda.device_certificate import DeviceCertificate
from tests.certificates import DAY, Authority, Signed
from tests.edge.s3_with_faults import S3, numbered, s3_with_faults
from tests.http_server import QuietHandler, http_server

EVENING = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRETS = ("s3cret", "t0ken")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


class Provider:
    """A fake of AWS IoT Core's credentials provider, over real TLS.

    Attributes:
        address: where it is.
        answer: status and body of every answer; None gives credentials that live an hour by the clock.
        asked: path, thing and certificate's name of each request.
    """

    def __init__(self, clock: Clock) -> None:
        self.address = ""
        self.answer: tuple[int, bytes] | None = None
        self.asked: list[tuple[str, str | None, str]] = []
        self._clock = clock

    def given(self) -> tuple[int, bytes]:
        expiration = (self._clock() + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 200, credentials(number=len(self.asked), expiration=expiration)


def credentials(*, number: int = 1, **changed: Any) -> bytes:
    """An answer as the documentation shows it; `...` leaves a field out."""
    fields: dict[str, Any] = {
        "accessKeyId": f"ASIA{number}",
        "secretAccessKey": f"s3cret-{number}",
        "sessionToken": f"t0ken-{number}",
        "expiration": "2026-03-01T20:30:00Z",
        **changed,
    }
    return json.dumps({"credentials": {name: value for name, value in fields.items() if value is not ...}}).encode()


@contextmanager
def a_provider(authority: Authority, own: Signed, clock: Clock) -> Iterator[Provider]:
    provider = Provider(clock)

    class Door(QuietHandler):
        timeout = 5

        def do_GET(self) -> None:
            subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])
            provider.asked.append((self.path, self.headers["x-amzn-iot-thingname"], subject["commonName"]))
            self.answer(*(provider.answer or provider.given()))

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            # The handshake in the request's own thread, so that a client that is refused ends nothing else.
            try:
                with context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client_address)
            except OSError:
                pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.private_key)
    context.load_verify_locations(authority.root)
    context.verify_mode = ssl.CERT_REQUIRED
    with http_server(Door, kind=Server) as address:
        secured = address.replace("http:", "https:")
        provider.address = f"{secured}/role-aliases/houselights-camera/credentials"
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def iot(authority: Authority, clock: Clock) -> Iterator[Provider]:
    with a_provider(authority, authority.signs("provider"), clock) as provider:
        yield provider


@pytest.fixture
def device(authority: Authority) -> DeviceCertificate:
    return authority.device("cam-1")


def asked_by(iot: Provider, certificate: DeviceCertificate) -> CredentialsProvider:
    return CredentialsProvider(url=iot.address, thing="cam-1", certificate=certificate)


def why_none(provider: CredentialsProvider, now: datetime = EVENING) -> str:
    """Why the provider gives no credentials."""
    with pytest.raises(UploadFailed) as failed:
        provider.fetch(now)
    assert "\n" not in str(failed.value)
    assert not any(secret in str(failed.value) for secret in SECRETS)
    assert failed.value.__cause__ is None
    return str(failed.value)


class TestAsking:
    def test_a_device_shows_its_certificate_and_says_its_name(self, iot, device):
        assert asked_by(iot, device).fetch(EVENING) == {
            "access_key": "ASIA1",
            "secret_key": "s3cret-1",
            "token": "t0ken-1",
            "expiry_time": "2026-03-01T20:30:00Z",
        }
        assert iot.asked == [("/role-aliases/houselights-camera/credentials", "cam-1", "cam-1")]

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            (
                (403, b'{"message":"Access Denied"}'),
                "AWS IoT refuses thing cam-1 the role (403: Access Denied): check that its certificate is active",
            ),
            ((403, b""), "AWS IoT refuses thing cam-1 the role (403): check that its certificate is active"),
            ((403, b'{"message":"two\\nlines"}'), "AWS IoT refuses thing cam-1 the role (403): check"),
            (
                (404, b'{"message":"Role alias does not exist"}'),
                "the credentials provider of AWS IoT gives no credentials (404: Role alias does not exist): check role",
            ),
            ((429, b"{}"), "the credentials provider of AWS IoT is busy (429)"),
            ((503, b'{"message":7}'), "the credentials provider of AWS IoT is busy (503)"),
            ((302, b""), "the credentials provider of AWS IoT gives no credentials (302): check role alias and thing"),
            ((200, b""), "the answer of 127.0.0.1 holds no credentials"),
            ((200, b"[" * 60_000), "the answer of 127.0.0.1 holds no credentials"),
            ((200, b"[]"), "the answer of 127.0.0.1 holds no credentials"),
            ((200, b'{"credentials":null}'), "the answer of 127.0.0.1 holds no credentials"),
            ((200, credentials(sessionToken=...)), "the answer of 127.0.0.1 holds no credentials"),
            ((200, credentials(sessionToken=7)), "the answer of 127.0.0.1 holds no credentials"),
            ((200, credentials(secretAccessKey="")), "the answer of 127.0.0.1 holds no credentials"),
            ((200, credentials(more="x" * 70_000)), "the answer of 127.0.0.1 holds no credentials"),
            ((200, credentials(expiration="soon")), "the credentials from 127.0.0.1 have no expiry time"),
            (
                (200, credentials(expiration="2026-03-01T20:30:00")),
                "the credentials from 127.0.0.1 have no expiry time",
            ),
        ],
    )
    def test_any_other_answer_is_reported_in_one_line(self, iot, device, answer, why):
        iot.answer = answer
        assert why_none(asked_by(iot, device)).startswith(why)

    def test_credentials_that_are_out_of_date_at_once_show_a_wrong_clock(self, iot, device):
        iot.answer = (200, credentials(expiration="2026-03-01T20:30:00Z"))
        said = why_none(asked_by(iot, device), EVENING + HOUR)
        assert said == "by this device's clock, new credentials have already expired: set the clock"

    def test_a_certificate_that_is_not_registered_or_out_of_date_is_reported(self, iot, authority, tmp_path):
        (tmp_path / "else").mkdir()
        stranger = replace(Authority(tmp_path / "else", "another").device("cam-1"), root_ca=authority.root)
        refused = r"127\.0\.0\.1 closed the connection \(\w+\): check that the device's certificate"
        assert re.match(refused, why_none(asked_by(iot, stranger)))
        late = authority.device("cam-1", valid_until=datetime.now(UTC) - DAY)
        assert re.match(refused, why_none(asked_by(iot, late)))
        assert iot.asked == []

    def test_an_untrusted_provider_is_not_contacted(self, iot, device, tmp_path):
        (tmp_path / "else").mkdir()
        other = replace(device, root_ca=Authority(tmp_path / "else", "another").root)
        said = why_none(asked_by(iot, other))
        assert said.startswith("the certificate of 127.0.0.1 is not trusted (")
        assert said.endswith("check HOUSELIGHTS_ROOT_CA")
        assert iot.asked == []

    @pytest.mark.parametrize("valid_until", [datetime.now(UTC) - DAY, datetime.now(UTC) + 100 * DAY])
    def test_a_provider_whose_certificate_is_out_of_date_or_not_yet_valid_shows_a_wrong_clock(
        self, authority, device, clock, valid_until
    ):
        with a_provider(authority, authority.signs("provider", valid_until=valid_until), clock) as iot:
            said = why_none(asked_by(iot, device))
        assert said == "the certificate of 127.0.0.1 is not valid by this device's clock: set the clock"

    def test_an_unknown_host_is_named(self, device):
        url = "https://id.credentials.iot.invalid/role-aliases/camera/credentials"
        said = why_none(CredentialsProvider(url=url, thing="cam-1", certificate=device))
        assert said.startswith("host id.credentials.iot.invalid is unknown: check HOUSELIGHTS_IOT_CREDENTIALS")

    def test_a_host_that_is_away_or_silent_is_given_up(self, device, monkeypatch):
        monkeypatch.setattr(iot_credentials, "ANSWER_WITHIN_S", 0.2)
        with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
            url = f"https://127.0.0.1:{silent.server_port}/role-aliases/camera/credentials"
            provider = CredentialsProvider(url=url, thing="cam-1", certificate=device)
            assert why_none(provider).startswith("the credentials provider 127.0.0.1 cannot be reached (TimeoutError)")
        assert why_none(provider).startswith("the credentials provider 127.0.0.1 cannot be reached (ConnectionRefused")

    def test_a_certificate_that_was_renewed_is_used_without_a_restart(self, iot, authority, device):
        provider = asked_by(iot, device)
        device.certificate.rename(device.certificate.with_suffix(".old"))
        assert "cannot be read" in why_none(provider)
        authority.device("cam-1")
        provider.fetch(EVENING)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "http://host/role-aliases/camera/credentials",
            "https://me:s3cret@host/role-aliases/camera/credentials",
            "https://host/role-aliases/a/b/credentials",
            "https://host/role-aliases/camera/credentials?x",
            "https://a..b/role-aliases/camera/credentials",
            "https://host/role-aliases/camera/credentials\r\nx: y",
        ],
    )
    def test_an_invalid_address_is_refused(self, device, url):
        with pytest.raises(InvalidValue, match="not a credentials provider: give https://ID") as refused:
            CredentialsProvider(url=url, thing="cam-1", certificate=device)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("thing", ["", "cam 1", "cam\r\nx: y", "cam.1", "x" * 129])
    def test_a_thing_name_that_aws_does_not_know_is_refused(self, device, thing):
        url = "https://host/role-aliases/camera/credentials"
        with pytest.raises(InvalidValue, match=r"thing name .* is not allowed"):
            CredentialsProvider(url=url, thing=thing, certificate=device)


class TestUploading:
    @pytest.fixture
    def s3(self) -> Iterator[S3]:
        with s3_with_faults() as running:
            yield running

    @pytest.fixture
    def outbox(self, tmp_path: Path) -> Iterator[Outbox]:
        opened = Outbox(tmp_path / "outbox")
        yield opened
        opened.close()

    @pytest.fixture
    def uploader(
        self, iot: Provider, device: DeviceCertificate, clock: Clock, s3: S3, outbox: Outbox
    ) -> Iterator[Uploader]:
        session = device_session(asked_by(iot, device), region="eu-west-1", now=clock)
        bucket = S3Bucket(s3.bucket, lambda: upload_client(session, endpoint_url=s3.endpoint), now=clock)
        yield Uploader(outbox, bucket)
        bucket.close()

    def test_deliveries_are_signed_with_what_the_provider_gave(self, iot, s3, outbox, uploader):
        for number in range(3):
            outbox.put(numbered(number))
        assert [uploader.send_next() for _ in range(3)] == [0, 0, 0]
        assert len(s3.objects()) == 3
        assert {key_of(line) for line in s3.signed} == {"ASIA1"}
        assert len(iot.asked) == 1

    def test_credentials_are_fetched_again_before_they_expire(self, iot, clock, s3, outbox, uploader):
        for number, passed in enumerate((timedelta(0), timedelta(minutes=40), timedelta(minutes=55))):
            outbox.put(numbered(number))
            clock.now = EVENING + passed
            assert uploader.send_next() == 0
        assert [key_of(line) for line in s3.signed] == ["ASIA1", "ASIA1", "ASIA2"]

    def test_a_provider_that_fails_near_the_end_leaves_what_still_works(self, iot, clock, s3, outbox, uploader, capfd):
        outbox.put(numbered(1))
        assert uploader.send_next() == 0
        outbox.put(numbered(2))
        iot.answer = (503, b"")
        clock.now = EVENING + timedelta(minutes=48)
        assert uploader.send_next() == 0
        assert [key_of(line) for line in s3.signed] == ["ASIA1", "ASIA1"]
        assert capfd.readouterr().err == ""

    def test_deliveries_wait_in_the_outbox_while_there_are_no_credentials(
        self, iot, clock, s3, outbox, uploader, capfd, caplog
    ):
        outbox.put(numbered(1))
        iot.answer = (403, b'{"message":"Access Denied"}')
        with caplog.at_level(logging.INFO):
            assert uploader.send_next() > 0
        assert uploader.status().last_error.startswith("AWS IoT refuses thing cam-1 the role (403: Access Denied)")
        assert uploader.status().outbox.waiting == 1
        assert s3.signed == []
        assert (capfd.readouterr().err, caplog.records) == ("", [])
        iot.answer = None
        assert uploader.send_next() == 0
        assert len(s3.objects()) == 1

    def test_keys_in_the_environment_are_not_used(self, iot, s3, outbox, uploader, monkeypatch, tmp_path):
        files = tmp_path / "credentials"
        files.write_text("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(files))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        outbox.put(numbered(1))
        iot.answer = (403, b"")
        assert uploader.send_next() > 0
        assert s3.signed == []
        iot.answer = None
        assert uploader.send_next() == 0
        assert [key_of(line) for line in s3.signed] == ["ASIA2"]


def key_of(authorization: str) -> str:
    """The access key a request was signed with."""
    return authorization.partition("Credential=")[2].partition("/")[0]
