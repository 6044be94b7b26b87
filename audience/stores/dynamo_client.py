"""DynamoDB URLs, the shared boto3 client, and one-line messages for its errors."""

from __future__ import annotations

import difflib
import functools
import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore import exceptions
from botocore.config import Config

from audience.errors import InvalidValue, StoreUnavailable
from audience.stores.dynamo_parsing import parse_items

ATTEMPTS = 4
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 4
CONNECTIONS = 32

_EXAMPLE = "dynamodb://TABLE?region=eu-west-1"
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoAddress:
    """The parsed URL of a store in DynamoDB.

    Attributes:
        table: the table's name.
        region: such as `eu-west-1`; "" for that of AWS's own configuration.
        endpoint: address of a local engine; "" for AWS.
    """

    table: str
    region: str = ""
    endpoint: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """Parses `dynamodb://TABLE?region=eu-west-1&endpoint=http://127.0.0.1:8000`.

        Raises:
            InvalidValue: it names no table, or an option is unknown or invalid. Possible passwords are never quoted.
        """
        if "@" in url:
            raise InvalidValue(
                f"a store's URL holds no credentials: write {_EXAMPLE}, and keep them in AWS's own files"
            )
        # Not parsed as a URL: everything before the options is taken as the table's name and quoted as such.
        table, _, query = url.removeprefix("dynamodb://").partition("?")
        table = table.rstrip("/")
        if not table:
            raise InvalidValue(f"store {url!r} names no table: write it as {_EXAMPLE}")
        if not _TABLE.fullmatch(table):
            raise InvalidValue(
                f"table {table!r} of the store is not a valid name: use 3 to 255 letters, digits, '_', '.' and '-'"
            )
        options = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := sorted(options.keys() - {"region", "endpoint"}):
            raise InvalidValue(f"store {url!r} has the unknown option {unknown[0]!r}: write it as {_EXAMPLE}")
        region, endpoint = options.get("region", ""), options.get("endpoint", "")
        if region and not _REGION.fullmatch(region):
            raise InvalidValue(f"region {region!r} of the store is not a region: write it as {_EXAMPLE}")
        if endpoint and not (endpoint.startswith(("http://", "https://")) and urlsplit(endpoint).hostname):
            raise InvalidValue(f"endpoint {endpoint!r} of the store is not a URL: write it as http://127.0.0.1:8000")
        return cls(table=table, region=region, endpoint=endpoint)

    @property
    def url(self) -> str:
        """The URL of the store."""
        options = {"region": self.region, "endpoint": self.endpoint}
        query = urlencode({name: value for name, value in options.items() if value}, safe=":/")
        return f"dynamodb://{self.table}" + (f"?{query}" if query else "")

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is an unencrypted engine on this machine, and so never AWS."""
        address = urlsplit(self.endpoint)
        if address.scheme != "http" or address.hostname is None:
            return False
        if address.hostname == "localhost":
            return True
        try:
            return ipaddress.ip_address(address.hostname).is_loopback
        except ValueError:
            return False


@functools.lru_cache(maxsize=16)
def client_for(region: str, endpoint: str, *, local: bool) -> Any:
    """The cached client for a region or endpoint. Creating one takes 0.2 s, and a page opens a store on every run.

    Args:
        region: "" for that of AWS's own configuration.
        endpoint: "" for AWS.
        local: whether it is a local engine, which accepts any credentials; then the user's own are neither read nor
            sent.

    Raises:
        botocore.exceptions.BotoCoreError: no region, or an unknown profile.
    """
    import boto3

    client = boto3.Session(
        region_name=region or None,
        aws_access_key_id="local" if local else None,
        aws_secret_access_key="local" if local else None,
    ).client(
        "dynamodb",
        endpoint_url=endpoint or None,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            max_pool_connections=CONNECTIONS,
        ),
    )
    client.meta.events.register("before-parse.dynamodb.Query", parse_items)
    return client


THROTTLING = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "Throttling"}
)

_LOG_IN = "run `aws configure` or `aws sso login`, or name a profile with AWS_PROFILE"
_NOT_ACCEPTED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
)
_NO_CONNECTION = (exceptions.ConnectionError, exceptions.HTTPClientError)


@contextmanager
def boto_errors(address: DynamoAddress) -> Iterator[None]:
    """Converts exceptions of boto3 to `StoreUnavailable`."""
    try:
        yield
    except exceptions.ClientError as problem:
        raise StoreUnavailable(f"store {address.url} {_refusal(problem, address)}") from problem
    except exceptions.BotoCoreError as problem:
        raise StoreUnavailable(f"store {address.url} {_obstacle(problem, address)}") from problem


def throttled(address: DynamoAddress) -> StoreUnavailable:
    """The error of a table that stays throttled after all retries."""
    return StoreUnavailable(f"store {address.url} {_TOO_BUSY}")


_TOO_BUSY = "is throttled: try again in a minute, or raise the table's limits"


def _refusal(problem: exceptions.ClientError, address: DynamoAddress) -> str:
    code = problem.response["Error"].get("Code", "")
    operation = problem.operation_name
    if code == "ResourceNotFoundException":
        where = f"in region {address.region}" + (f" at {address.endpoint}" if address.endpoint else "")
        return f"cannot be used: there is no table {address.table!r} {where}; check both, or deploy the stack first"
    if code in THROTTLING:
        return _TOO_BUSY
    if code == "AccessDeniedException":
        return f"cannot be used: these credentials may not call dynamodb:{operation} on it; allow it in their policy"
    if code in _NOT_ACCEPTED:
        return (
            f"cannot be used: AWS does not accept the credentials ({code}); {_LOG_IN}, and check this machine's clock"
        )
    message = " ".join(problem.response["Error"].get("Message", "").split())
    if code == "ValidationException":
        return f"refused {operation}: {message}; is it a table of Houselights, with keys pk and sk?"
    return f"failed at {operation}: {code} {message}; try again, or see https://health.aws.amazon.com"


def _obstacle(problem: exceptions.BotoCoreError, address: DynamoAddress) -> str:
    if isinstance(problem, _NO_CREDENTIALS):
        return f"cannot be used: no AWS credentials were found; {_LOG_IN}"
    if isinstance(problem, exceptions.ProfileNotFound):
        return f"cannot be used: {problem}; {_LOG_IN}"
    if isinstance(problem, exceptions.NoRegionError):
        return "names no region: add ?region=eu-west-1 with your own, or set AWS_REGION"
    if isinstance(problem, _NO_CONNECTION):
        return f"cannot be reached: {_at_fault(address)}"
    return f"cannot be used: {' '.join(str(problem).split())}; check the URL and AWS's own configuration"


def _at_fault(address: DynamoAddress) -> str:
    if address.endpoint:
        return f"nothing answers at {address.endpoint}; check the address, and that the engine runs"
    import boto3

    known = boto3.Session().get_available_regions("dynamodb")
    if address.region not in known:
        alike = difflib.get_close_matches(address.region, known, n=1)
        return f"region {address.region!r} is not known" + (f"; is it {alike[0]!r}?" if alike else "; check its name")
    return f"no answer from DynamoDB in {address.region}; check the network, and try again"
