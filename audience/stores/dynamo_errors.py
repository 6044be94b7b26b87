"""What goes wrong between here and DynamoDB, said in one line: what, which value, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions

from audience.errors import StoreUnavailable
from audience.stores.dynamo_client import DynamoAddress

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
def told(address: DynamoAddress) -> Iterator[None]:
    """Raises `StoreUnavailable` for whatever boto3 raises within."""
    try:
        yield
    except exceptions.ClientError as problem:
        raise StoreUnavailable(f"store {address.url} {_refusal(problem, address)}") from problem
    except exceptions.BotoCoreError as problem:
        raise StoreUnavailable(f"store {address.url} {_obstacle(problem, address)}") from problem


def throttled(address: DynamoAddress) -> StoreUnavailable:
    """The error of a table that takes no more even after waiting."""
    return StoreUnavailable(f"store {address.url} {_TOO_BUSY}")


_TOO_BUSY = "is throttled: it takes no more for now; try again in a minute, or raise the table's limits"


def _refusal(problem: exceptions.ClientError, address: DynamoAddress) -> str:
    code = problem.response["Error"].get("Code", "")
    operation = problem.operation_name
    if code == "ResourceNotFoundException":
        where = f"in region {address.region}" + (f" at {address.endpoint}" if address.endpoint else "")
        return f"cannot be used: there is no table {address.table!r} {where}; check both, or deploy the stack first"
    if code in THROTTLING:
        return _TOO_BUSY
    if code == "AccessDeniedException":
        return f"cannot be used: these credentials may not do dynamodb:{operation} on it; have their policy allow it"
    if code in _NOT_ACCEPTED:
        return (
            f"cannot be used: AWS does not accept the credentials ({code}); {_LOG_IN}, and check this machine's clock"
        )
    said = " ".join(problem.response["Error"].get("Message", "").split())
    if code == "ValidationException":
        return f"refused {operation}: {said}; is it a table of Houselights, with keys pk and sk?"
    return f"failed at {operation}: {code} {said}; try again, or see https://health.aws.amazon.com"


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
