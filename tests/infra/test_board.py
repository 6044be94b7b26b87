"""The public board of the stack: read by one distribution alone, kept as objects say, and not there where it is off."""

from __future__ import annotations

from typing import Any

from audience.liveliness import UPDATE_MS
from board_page.page import KEEP_PAGE, KEEP_SNAPSHOT, page
from ingest_lambda.board import CALL_MS
from ingest_lambda.board_objects import NO_BOARD_KEY, PREFIX
from ingest_lambda.handler import ONE_MESSAGE_S
from tests.infra.template import one_or_more, properties, resources, template, text_of


def distribution() -> dict[str, Any]:
    found: dict[str, Any] = properties("BoardDistribution")["DistributionConfig"]
    return found


def test_without_the_parameter_there_is_nothing_of_it():
    assert template()["Parameters"]["LiveBoard"]["Default"] == "no"
    made = [name for name in template()["Resources"] if name.startswith("Board")]
    assert len(made) == 10
    assert {template()["Resources"][name].get("Condition") for name in made} == {"HasLiveBoard"}
    assert template()["Outputs"]["BoardUrl"]["Condition"] == "HasLiveBoard"
    others = [name for name in resources("AWS::CloudFront::Distribution") if name not in made]
    assert others == []


def test_the_bucket_is_as_closed_as_that_of_the_deliveries():
    for name in ("BucketEncryption", "PublicAccessBlockConfiguration", "OwnershipControls"):
        assert properties("Boards")[name] == properties("Deliveries")[name]


def test_the_bucket_is_read_over_tls_by_the_distribution_alone_and_listed_by_nobody():
    deny, allow = properties("BoardsPolicy")["PolicyDocument"]["Statement"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert text_of(allow["Condition"]["StringEquals"]["aws:SourceArn"]).endswith(":distribution/${BoardDistribution}")
    (origin,) = distribution()["Origins"]
    assert text_of(origin["DomainName"]) == "${Boards.RegionalDomainName}"
    assert text_of(origin["OriginAccessControlId"]) == "${BoardAccess.Id}"
    access = properties("BoardAccess")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


def test_the_last_board_of_a_festival_goes_with_its_windows():
    rules = {rule["Id"]: rule for rule in properties("Boards")["LifecycleConfiguration"]["Rules"]}
    assert rules["boards"]["Prefix"] == PREFIX
    assert rules["boards"]["ExpirationInDays"] == {"Ref": "KeepWindowsDays"}


def test_the_page_is_sent_with_its_own_policy():
    """After a change of the page: write what `board_page.page.page().policy` says into the template."""
    headers = properties("BoardHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["ContentSecurityPolicy"] == {"ContentSecurityPolicy": page().policy, "Override": True}
    assert headers["ContentTypeOptions"] == {"Override": True}
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert "FrameOptions" not in headers, "it may stand in other people's pages"
    assert text_of(distribution()["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]) == "${BoardHeaders}"


def test_what_the_objects_say_of_keeping_them_is_what_happens():
    caching = properties("BoardCaching")["CachePolicyConfig"]
    assert 0 < caching["MinTTL"] <= UPDATE_MS / 1000, "CloudFront packs nothing it does not keep"
    assert f"s-maxage={caching['DefaultTTL']}," in KEEP_SNAPSHOT
    assert f"max-age={caching['MaxTTL']}" in KEEP_PAGE


def test_nothing_of_a_viewer_reaches_the_bucket_or_is_kept():
    keyed = properties("BoardCaching")["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["CookiesConfig"] == {"CookieBehavior": "none"}
    assert keyed["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert "OriginRequestPolicyId" not in distribution()["DefaultCacheBehavior"]
    assert "Logging" not in distribution()


def test_it_is_small_and_quick_on_a_phone():
    behaviour = distribution()["DefaultCacheBehavior"]
    assert (behaviour["Compress"], behaviour["ViewerProtocolPolicy"]) == (True, "redirect-to-https")
    assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    assert (distribution()["HttpVersion"], distribution()["IPV6Enabled"]) == ("http2and3", True)


def test_a_board_that_is_not_there_is_not_found():
    (error,) = distribution()["CustomErrorResponses"]
    assert (error["ErrorCode"], error["ResponseCode"]) == (403, 404)
    assert error["ResponsePagePath"] == f"/{NO_BOARD_KEY}"
    written = [
        text_of(resource)
        for policy in properties("BoardRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in one_or_more(statement["Resource"])
    ]
    assert f"${{Boards.Arn}}/{NO_BOARD_KEY}" in written


def test_the_function_runs_once_a_minute_and_never_again_for_the_same_minute():
    function, other = properties("Board"), properties("Ingest")
    assert function["Handler"] == "ingest_lambda.board_handler.handler"
    for name in ("Runtime", "Architectures", "CodeUri", "Tracing"):
        assert function[name] == other[name]
    (schedule,) = function["Events"].values()
    assert schedule["Properties"]["Schedule"] == "rate(1 minute)"
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert function["Timeout"] >= CALL_MS / 1000 + ONE_MESSAGE_S
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "BoardLog"}
    variables = function["Environment"]["Variables"]
    assert variables["HOUSELIGHTS_STORE"] == other["Environment"]["Variables"]["HOUSELIGHTS_STORE"]
    assert variables["HOUSELIGHTS_BOARDS"] == {"Ref": "Boards"}


def test_the_alarm_goes_off_where_no_call_of_the_function_was_good():
    alarm = properties("BoardOld")
    calls, errors, good = alarm["Metrics"]
    for metric, name in ((calls, "Invocations"), (errors, "Errors")):
        assert metric["MetricStat"]["Metric"]["MetricName"] == name
        assert metric["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Board"}}]
    assert good["Expression"] == "FILL(calls, 0) - FILL(errors, 0)"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching", "a function that nobody calls writes nothing"
