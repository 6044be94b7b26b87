"""The stack's public board: read only by its distribution, cached as its objects state, and absent if switched off."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from audience.board.liveliness import UPDATE_MS
from board_page.page import KEEP_PAGE, KEEP_SNAPSHOT, page
from ingest_lambda.board import CALL_MS, PART_CAMERAS, PART_LONGER_MS
from ingest_lambda.board_objects import NO_BOARD_KEY, PAGE_KEY, PARTS, PREFIX
from ingest_lambda.handler import ONE_MESSAGE_S
from tests.infra.resolved import Resolved
from tests.infra.template import firewall_template, one_or_more, properties, resources, template, text_of

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/houselights/12345678-1234-1234-1234-123456789012"


def made(resolved: Resolved) -> dict[str, Any]:
    """The distribution as it is made with some parameters."""
    found: dict[str, Any] = resolved.resources("AWS::CloudFront::Distribution")["BoardDistribution"]
    return found["DistributionConfig"]


def distribution() -> dict[str, Any]:
    found: dict[str, Any] = properties("BoardDistribution")["DistributionConfig"]
    return found


def test_without_the_parameter_there_is_nothing_of_it():
    assert template()["Parameters"]["LiveBoard"]["Default"] == "no"
    made = [name for name in template()["Resources"] if name.startswith("Board")]
    assert len(made) == 14
    assert {template()["Resources"][name].get("Condition") for name in made} == {"HasLiveBoard"}
    assert template()["Outputs"]["BoardUrl"]["Condition"] == "HasLiveBoard"
    others = [name for name in resources("AWS::CloudFront::Distribution") if name not in made]
    assert others == []


def test_the_bucket_is_as_closed_as_that_of_the_deliveries():
    deliveries, logs = Resolved().value(properties("Deliveries")), properties("ViewerLogs")
    for name in ("BucketEncryption", "PublicAccessBlockConfiguration", "OwnershipControls"):
        assert properties("Boards")[name] == deliveries[name]
        if name != "OwnershipControls":
            assert logs[name] == deliveries[name]
    assert properties("ViewerLogsPolicy")["PolicyDocument"]["Statement"][0]["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"}
    }


def test_the_bucket_is_read_over_tls_by_the_distribution_alone_and_listed_by_nobody():
    deny, allow = properties("BoardsPolicy")["PolicyDocument"]["Statement"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    readable = {text_of(one) for one in allow["Resource"]}
    assert readable == {f"${{Boards.Arn}}/{key}" for key in (f"{PREFIX}*", PAGE_KEY, NO_BOARD_KEY)}, "not the parts"
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
    assert (rules["parts"]["Prefix"], rules["parts"]["ExpirationInDays"]) == (PARTS, 1)


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


def test_nothing_of_a_viewer_reaches_the_bucket():
    keyed = properties("BoardCaching")["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["CookiesConfig"] == {"CookieBehavior": "none"}
    assert keyed["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert "OriginRequestPolicyId" not in distribution()["DefaultCacheBehavior"]


def test_the_log_of_viewers_is_short_lived_and_can_be_left_out():
    days = template()["Parameters"]["BoardLogDays"]
    assert (days["Default"], days["MinValue"]) == (7, 0)
    logged = Resolved(LiveBoard="yes", BoardLogDays=3)
    (bucket,) = [one for one in logged.resources("AWS::S3::Bucket") if one == "ViewerLogs"]
    rules = {
        rule["Id"]: rule for rule in logged.resources("AWS::S3::Bucket")[bucket]["LifecycleConfiguration"]["Rules"]
    }
    assert rules["logs"]["ExpirationInDays"] == 3
    log = made(logged)["Logging"]
    assert (log["Bucket"], log["IncludeCookies"]) == ("ViewerLogs.DomainName", False)
    unlogged = Resolved(LiveBoard="yes", BoardLogDays=0)
    assert "Logging" not in made(unlogged)
    assert "ViewerLogs" not in unlogged.resources("AWS::S3::Bucket")
    assert "ViewerLogs" not in Resolved().resources("AWS::S3::Bucket"), "there is no board"


def test_under_a_name_of_ones_own_the_certificate_and_a_recent_protocol_are_asked_for():
    named = Resolved(LiveBoard="yes", BoardDomain="board.example.org", BoardCertificateArn=CERTIFICATE)
    assert named.refused() == []
    assert made(named)["Aliases"] == ["board.example.org"]
    assert made(named)["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert made(named)["ViewerCertificate"]["MinimumProtocolVersion"] >= "TLSv1.2_2021"
    outputs = template()["Outputs"]
    assert named.value(outputs["BoardUrl"]["Value"]) == "https://board.example.org/live/"
    assert named.value(outputs["BoardName"]["Value"]) == "BoardDistribution.DomainName"
    unnamed = made(Resolved(LiveBoard="yes"))
    assert "Aliases" not in unnamed
    assert unnamed["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}


def test_the_board_is_switched_off_without_taking_back_what_was_named_for_it():
    off = Resolved(LiveBoard="no", BoardDomain="board.example.org", BoardCertificateArn=CERTIFICATE)
    assert off.refused() == []
    assert off.resources("AWS::CloudFront::Distribution") == {}
    assert not off.holds(template()["Outputs"]["BoardName"])


def test_a_firewall_stands_before_the_board_where_one_is_named():
    assert made(Resolved(LiveBoard="yes", BoardWebAclArn=WEB_ACL))["WebACLId"] == WEB_ACL
    assert "WebACLId" not in made(Resolved(LiveBoard="yes"))


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"LiveBoard": "yes", "BoardDomain": "board.example.org"}, "BoardCertificateArn"),
        ({"LiveBoard": "yes", "BoardCertificateArn": "CERTIFICATE"}, "BoardDomain"),
    ],
)
def test_one_without_the_other_is_refused_in_one_line(parameters, named):
    (line,) = Resolved(**parameters).refused()
    assert named in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("parameter", "takes", "refuses"),
    [
        ("BoardCertificateArn", CERTIFICATE, CERTIFICATE.replace("us-east-1", "eu-west-1")),
        ("BoardWebAclArn", WEB_ACL, WEB_ACL.replace("global/", "regional/")),
        ("BoardDomain", "board.example.org", "https://board.example.org"),
        ("BoardDomain", "a-b.example.org", "*.example.org"),
        ("FacesKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/mrk-1", "arn:aws:kms:eu-west-1:123456789012:alias/a"),
        ("PermissionsBoundary", "houselights-boundary", "arn:aws:iam::123456789012:policy/houselights-boundary"),
    ],
)
def test_what_a_parameter_cannot_be_is_refused_before_anything_is_made(parameter, takes, refuses):
    pattern = template()["Parameters"][parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, takes)
    assert re.fullmatch(pattern, "")
    assert not re.fullmatch(pattern, refuses)


def test_the_firewall_turns_nobody_away_who_looks_from_a_full_hall():
    firewall = firewall_template()
    (rule,) = firewall["Resources"]["Firewall"]["Properties"]["Rules"]
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "MostRequests"}
    a_phone = 300_000 // UPDATE_MS  # requests in five minutes
    assert firewall["Parameters"]["MostRequests"]["Default"] >= 2000 * a_phone
    assert rule["VisibilityConfig"]["SampledRequestsEnabled"] is False, "samples hold addresses"
    assert firewall["Resources"]["Firewall"]["Properties"]["Scope"] == "CLOUDFRONT"


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
        for policy in properties("BoardFinderRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in one_or_more(statement["Resource"])
    ]
    assert {f"${{Boards.Arn}}/{NO_BOARD_KEY}", f"${{Boards.Arn}}/{PAGE_KEY}"} <= set(written)


def test_every_board_has_the_page_of_all_and_snapshots_are_not_led_there():
    default = distribution()["DefaultCacheBehavior"]
    (leads,) = default["FunctionAssociations"]
    assert (leads["EventType"], text_of(leads["FunctionARN"])) == (
        "viewer-request",
        "${BoardPage.FunctionMetadata.FunctionARN}",
    )
    (snapshots,) = distribution()["CacheBehaviors"]
    assert snapshots["PathPattern"] == f"/{PREFIX}*/live.json"
    same = {name: value for name, value in default.items() if name != "FunctionAssociations"}
    assert {name: value for name, value in snapshots.items() if name != "PathPattern"} == same


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_what_leads_to_the_page_leads_nothing_else_there():
    program = properties("BoardPage")["FunctionCode"] + (
        "console.log(JSON.stringify(JSON.parse(process.argv[1]).map((uri) => handler({ request: { uri } }).uri)));"
    )
    asked = [
        "/live/fete",
        "/live/a-b.c_1",
        "/live/",
        "/live/fete/live.json",
        "/no-board.txt",
        "/parts/fete/0/past",
        "/",
    ]
    ran = subprocess.run(["node", "-e", program, json.dumps(asked)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [f"/{PAGE_KEY}", f"/{PAGE_KEY}", *asked[2:]]


def test_festivals_are_looked_up_once_a_minute_and_never_again_for_the_same_minute():
    finder = properties("BoardFinder")
    assert finder["Handler"] == "ingest_lambda.board_handler.find"
    (schedule,) = finder["Events"].values()
    assert schedule["Properties"]["Schedule"] == "rate(1 minute)"
    assert finder["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def test_a_board_is_made_by_one_call_at_a_time_from_the_queue():
    function, queue, other = properties("Board"), properties("BoardQueue"), properties("Ingest")
    assert function["Handler"] == "ingest_lambda.board_handler.make"
    (event,) = function["Events"].values()
    assert text_of(event["Properties"]["Queue"]) == "${BoardQueue.Arn}"
    assert (event["Properties"]["BatchSize"], queue["FifoQueue"]) == (1, True)
    assert (CALL_MS + PART_LONGER_MS) / 1000 + ONE_MESSAGE_S <= function["Timeout"] <= queue["VisibilityTimeout"]
    assert queue["MessageRetentionPeriod"] <= 120, "an older minute is not made"
    parts_of_the_largest = 200 * 20 // PART_CAMERAS
    assert event["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2 * parts_of_the_largest
    for one in (function, properties("BoardFinder")):
        for name in ("Runtime", "Architectures", "CodeUri", "Tracing"):
            assert one[name] == other[name]
        assert one["LoggingConfig"]["LogGroup"] == {"Ref": "BoardLog"}
        variables = one["Environment"]["Variables"]
        assert variables["HOUSELIGHTS_STORE"] == other["Environment"]["Variables"]["HOUSELIGHTS_STORE"]
        assert variables["HOUSELIGHTS_BOARDS"] == {"Ref": "Boards"}
        assert variables["HOUSELIGHTS_BOARD_QUEUE"] == {"Ref": "BoardQueue"}


def test_the_alarm_goes_off_where_no_minute_was_good():
    alarm = properties("BoardOld")
    calls, errors, failed, good = alarm["Metrics"]
    for metric, name, function in (
        (calls, "Invocations", "BoardFinder"),
        (errors, "Errors", "BoardFinder"),
        (failed, "Errors", "Board"),
    ):
        assert metric["MetricStat"]["Metric"]["MetricName"] == name
        dimensions = metric["MetricStat"]["Metric"]["Dimensions"]
        assert dimensions == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    assert good["Expression"] == "FILL(calls, 0) - FILL(errors, 0) - FILL(failed, 0)"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching", "a function that nobody calls writes nothing"
