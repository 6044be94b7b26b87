"""The deploy and operate policies allow what is needed, and cannot be used to become an administrator.

The ways up are those that are publicly known (Rhino Security Labs' list of methods, with what AWS added since): each is
the calls it needs, at the worst place they could be made at. At least one of them must be refused.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.infra.iam import Call, is_allowed
from tests.infra.programs import FOLDER, missing
from tests.infra.resolved import ACCOUNT, REGION, Resolved
from tests.infra.template import ROOT, one_or_more, template

LARGEST_POLICY = 6144
"""Characters of a managed policy, spaces not counted."""

EVERYTHING = Resolved(
    KeepCropsDays=30,
    LiveBoard="yes",
    People="yes",
    FacesKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    PermissionsBoundary="houselights-boundary",
)


def policy(name: str, account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    """A policy beside the template, as it is put into an account."""
    text = (ROOT / "infra" / f"{name}-policy.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.replace("ACCOUNT", account).replace("REGION", region))
    return found


DEPLOY, OPERATE, BOUNDARY = policy("deploy"), policy("operate"), policy("boundary")
RUN_ROSTERS = policy("people")
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/houselights-boundary"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/houselights/houselights-x"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/houselights-administrator"
"""A role of somebody else's that may do everything, under the worst name it could have."""

BY_STACK = {"aws:CalledVia": ["cloudformation.amazonaws.com"], "aws:RequestedRegion": REGION}
BOUND = {"iam:PermissionsBoundary": BOUNDARY_ARN}


def iam(action: str, resource: str, **context: Any) -> Call:
    return Call(f"iam:{action}", f"arn:aws:iam::{ACCOUNT}:{resource}", BY_STACK | context)


def aws(action: str, resource: str = "*", **context: Any) -> Call:
    return Call(action, resource, BY_STACK | {key.replace("__", ":"): value for key, value in context.items()})


def pass_role(service: str, role: str = ADMINISTRATOR) -> Call:
    return Call("iam:PassRole", role, BY_STACK | {"iam:PassedToService": f"{service}.amazonaws.com"})


OTHER_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:payroll"
OTHER_STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/payroll/1"
OUR_STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/houselights/1"
OUR_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:houselights-x"
CERTIFICATE = f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/abc"

WAYS_UP: dict[str, list[Call]] = {
    "a new version of a policy": [iam("CreatePolicyVersion", "policy/houselights-deploy")],
    "an older version of a policy": [iam("SetDefaultPolicyVersion", "policy/houselights-deploy")],
    "a key of another user": [iam("CreateAccessKey", "user/houselights-administrator")],
    "a password for another user": [iam("CreateLoginProfile", "user/houselights-administrator")],
    "a new password of another user": [iam("UpdateLoginProfile", "user/houselights-administrator")],
    "credentials for a service": [iam("CreateServiceSpecificCredential", "user/houselights-administrator")],
    "a second factor taken away": [iam("DeactivateMFADevice", "user/houselights-administrator")],
    "a policy on oneself": [iam("AttachUserPolicy", "user/me")],
    "a policy on one's group": [iam("AttachGroupPolicy", "group/mine")],
    "a policy on one's role": [iam("AttachRolePolicy", "role/houselights/houselights-x", **BOUND)],
    "rights written into oneself": [iam("PutUserPolicy", "user/me")],
    "rights written into one's group": [iam("PutGroupPolicy", "group/mine")],
    "rights written into a role without a boundary": [iam("PutRolePolicy", "role/houselights/houselights-x")],
    "rights written into somebody's role": [iam("PutRolePolicy", "role/houselights-mine", **BOUND)],
    "another group": [iam("AddUserToGroup", "group/administrators")],
    "another's role, by its trust": [iam("UpdateAssumeRolePolicy", "role/houselights-administrator")],
    "a role without a boundary, by its trust": [iam("UpdateAssumeRolePolicy", "role/houselights/houselights-x")],
    "another's role, as it is": [aws("sts:AssumeRole", ADMINISTRATOR)],
    "a role without a boundary": [iam("CreateRole", "role/houselights/houselights-x")],
    "a role with a boundary of one's own": [
        iam(
            "CreateRole",
            "role/houselights/houselights-x",
            **{"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/houselights-mine"},
        )
    ],
    "the boundary taken off": [iam("DeleteRolePermissionsBoundary", "role/houselights/houselights-x", **BOUND)],
    "the boundary changed for another": [
        iam(
            "PutRolePermissionsBoundary",
            "role/houselights/houselights-x",
            **{"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
        )
    ],
    "the boundary widened": [iam("CreatePolicyVersion", "policy/houselights-boundary")],
    "the boundary deleted and made anew": [iam("DeletePolicy", "policy/houselights-boundary")],
    "the boundary, made first": [iam("CreatePolicy", "policy/houselights-boundary")],
    "a user": [iam("CreateUser", "user/houselights-x")],
    "a provider of identities": [iam("CreateSAMLProvider", "saml-provider/x")],
    "a machine with a role": [pass_role("ec2"), aws("ec2:RunInstances")],
    "a function with a role": [pass_role("lambda"), aws("lambda:CreateFunction", OUR_FUNCTION)],
    "a role for an own function": [pass_role("lambda"), aws("lambda:UpdateFunctionConfiguration", OUR_FUNCTION)],
    "the code of another's function": [aws("lambda:UpdateFunctionCode", OTHER_FUNCTION)],
    "a layer under another's function": [aws("lambda:UpdateFunctionConfiguration", OTHER_FUNCTION)],
    "another's function, called": [aws("lambda:InvokeFunction", OTHER_FUNCTION)],
    "another's function, opened to oneself": [
        aws("lambda:AddPermission", OTHER_FUNCTION, lambda__Principal="events.amazonaws.com")
    ],
    "a queue before another's function": [aws("lambda:CreateEventSourceMapping", lambda__FunctionArn=OTHER_FUNCTION)],
    "a function opened to strangers": [aws("lambda:AddPermission", OUR_FUNCTION, lambda__Principal="*")],
    "a function with an address": [aws("lambda:CreateFunctionUrlConfig", OUR_FUNCTION)],
    "a stack with a role": [
        pass_role("cloudformation"),
        aws("cloudformation:CreateChangeSet", OUR_STACK, cloudformation__RoleArn=ADMINISTRATOR),
    ],
    "our stack by a role that it had": [
        aws("cloudformation:CreateChangeSet", OUR_STACK, cloudformation__RoleArn=ADMINISTRATOR)
    ],
    "another's stack, with the role that it has": [aws("cloudformation:CreateChangeSet", OTHER_STACK)],
    "another's stack, at once": [aws("cloudformation:UpdateStack", OTHER_STACK)],
    "stacks in all accounts": [
        aws("cloudformation:CreateStackSet", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stackset/houselights:1")
    ],
    "somebody's key or distribution, taken into the stack": [
        aws("cloudformation:CreateChangeSet", OUR_STACK, cloudformation__ImportResourceTypes=["AWS::KMS::Key"])
    ],
    "the policy of a key": [Call("kms:PutKeyPolicy", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")],
    "a key, by a grant": [aws("kms:CreateGrant", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")],
    "somebody's pages": [Call("cloudfront:UpdateDistribution", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1")],
    "what other stacks are made from": [
        aws("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-x/payroll/template")
    ],
    "the bucket other stacks are made from": [
        aws("s3:PutBucketPolicy", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-x")
    ],
    "templates kept by CloudFormation's console": [aws("s3:PutObject", "arn:aws:s3:::cf-templates-x/template")],
    "a bucket of another account, to send the package to": [
        aws("s3:PutObject", "arn:aws:s3:::houselights-packages-x/houselights/a", aws__ResourceAccount="999999999999")
    ],
    "pictures of faces": [aws("s3:GetObject", f"{EVERYTHING.arn('Deliveries')}/sheets/a/b/c/d.jpg")],
    "an image that a function is made from": [aws("ecr:PutImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x")],
    "a role alias of somebody's": [
        aws("iot:UpdateRoleAlias", f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/fleet"),
    ],
    "our role alias with somebody's role": [
        pass_role("credentials.iot"),
        aws("iot:UpdateRoleAlias", f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/houselights-camera"),
    ],
    "a certificate with a policy of AWS IoT": [
        aws("iot:CreateKeysAndCertificate"),
        aws("iot:AttachPolicy", CERTIFICATE),
    ],
    "a rule with a role": [pass_role("iot"), aws("iot:CreateTopicRule", "*")],
    "a schedule with a role": [pass_role("scheduler"), aws("scheduler:CreateSchedule")],
    "an event with a role": [pass_role("events"), aws("events:PutTargets", "*")],
    "what a budget does": [aws("budgets:CreateBudgetAction", f"arn:aws:budgets::{ACCOUNT}:budget/houselights")],
    "a notebook with a role": [pass_role("sagemaker"), aws("sagemaker:CreateNotebookInstance")],
    "a notebook": [aws("sagemaker:CreatePresignedNotebookInstanceUrl")],
    "a job with a role": [pass_role("glue"), aws("glue:CreateDevEndpoint")],
    "a pipeline with a role": [pass_role("datapipeline"), aws("datapipeline:CreatePipeline")],
    "a build with a role": [pass_role("codebuild"), aws("codebuild:CreateProject")],
    "a task with a role": [pass_role("ecs-tasks"), aws("ecs:RunTask")],
    "workflows with a role": [pass_role("states"), aws("states:CreateStateMachine")],
    "a command on machines": [aws("ssm:SendCommand")],
    "a shell on machines": [aws("ssm:StartSession")],
    "a secret": [aws("secretsmanager:GetSecretValue")],
    "the organisation": [aws("organizations:LeaveOrganization")],
}


@pytest.mark.parametrize("way", WAYS_UP)
def test_who_deploys_cannot_become_an_administrator(way):
    assert not all(is_allowed(call, [DEPLOY]) for call in WAYS_UP[way])


# Who registers cameras makes certificates and attaches policies of AWS IoT to them; infra/README.md says what follows.
CAMERAS_ARE_REGISTERED = {"a certificate with a policy of AWS IoT"}


@pytest.mark.parametrize("way", sorted(WAYS_UP.keys() - CAMERAS_ARE_REGISTERED))
def test_nor_can_who_does_both_deploying_and_operating(way):
    assert not all(is_allowed(call, [DEPLOY, OPERATE]) for call in WAYS_UP[way])


def test_no_service_is_allowed_whole_on_all():
    for document in (DEPLOY, OPERATE, BOUNDARY):
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow" and "*" in one_or_more(statement["Resource"]):
                assert not [action for action in statement["Action"] if action.endswith(":*")], statement["Sid"]


def test_whatever_a_role_of_the_stack_is_given_it_is_no_administrator():
    given = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for action, resource in (
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),
        ("iam:CreateRole", ROLE),
        ("iam:PassRole", ADMINISTRATOR),
        ("sts:AssumeRole", ADMINISTRATOR),
        ("lambda:UpdateFunctionCode", OTHER_FUNCTION),
        ("cloudformation:CreateStack", OTHER_STACK),
        ("kms:PutKeyPolicy", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
        ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
        ("iot:AttachPolicy", CERTIFICATE),
        ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-x/a"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::houselights-deliveries"),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/houselights-table"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/payroll"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"),
    ):
        call = Call(action, resource, BY_STACK)
        assert is_allowed(call, [given])
        assert not is_allowed(call, [given], boundary=BOUNDARY), action


def test_every_role_of_the_stack_is_bounded_where_a_boundary_is_named_and_none_else():
    for role in EVERYTHING.resources("AWS::IAM::Role").values():
        assert role["PermissionsBoundary"] == BOUNDARY_ARN
        assert role["Path"] == "/houselights/"
    assert len(EVERYTHING.resources("AWS::IAM::Role")) == 8
    assert not [one for one in Resolved().resources("AWS::IAM::Role").values() if "PermissionsBoundary" in one]


@pytest.mark.parametrize("role", sorted(EVERYTHING.resources("AWS::IAM::Role")))
def test_the_boundary_leaves_each_role_what_its_policies_give_it(role):
    context = {
        "aws:RequestedRegion": REGION,
        "aws:ResourceAccount": ACCOUNT,
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        "credentials-iot:ThingName": "cam-1",
        "credentials-iot:ThingTypeName": "talk",
    }
    for document in EVERYTHING.policies(role):
        for statement in document["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            for action in one_or_more(statement["Action"]):
                for resource in one_or_more(statement["Resource"]):
                    call = Call(action, resource, context)
                    assert is_allowed(call, [BOUNDARY]), (action, resource)


@pytest.mark.parametrize("name", ["deploy", "operate", "people", "boundary"])
def test_a_policy_is_no_larger_than_one_may_be(name):
    text = json.dumps(policy(name, region="ap-southeast-99"), separators=(",", ":"))
    assert len(text.replace(" ", "")) <= LARGEST_POLICY


# What deploying asks for

# What CloudFormation may ask for where a resource has what ours have not; by kind, actions with stars.
NOT_OURS = {
    "AWS::Budgets::Budget": ["billing:*"],
    "AWS::CloudFront::*": ["cloudfront:List*", "cloudfront:CreateConnectionGroup"],
    "AWS::DynamoDB::Table": [
        "application-autoscaling:*",
        "dynamodb:*Item",
        "dynamodb:*KinesisStreamingDestination",
        "dynamodb:*ResourcePolicy",
        "dynamodb:*TableReplica",
        "dynamodb:ListTables",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateContributorInsights",
        "iam:CreateServiceLinkedRole",
        "kinesis:*",
        "kms:*",
        "s3:*",
    ],
    "AWS::IAM::Role": [
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DetachRolePolicy",
        "iam:ListRoles",
        "iam:UpdateRoleDescription",
    ],
    "AWS::IoT::*": ["kms:Decrypt"],
    "AWS::KMS::Key": ["kms:DisableKey", "kms:EnableKey", "kms:ListKeys"],
    "AWS::Lambda::EventInvokeConfig": ["lambda:ListFunctionEventInvokeConfigs"],
    "AWS::Lambda::EventSourceMapping": ["kms:*"],
    "AWS::Lambda::Function": [
        "ec2:*",
        "elasticfilesystem:*",
        "kms:*",
        "lambda:*CodeSigningConfig",
        "lambda:*Concurrency",
        "lambda:AssociateRuntimeAlias",
        "lambda:GetLayerVersion",
        "lambda:ListFunctions",
        "lambda:PassCapacityProvider",
        "lambda:PublishVersion",
        "lambda:Put*Config",
        "s3:GetObjectVersion",
        "s3files:*",
    ],
    "AWS::Logs::LogGroup": ["firehose:*", "s3:*"],
    "AWS::S3::*": [
        "s3:*Metadata*",
        "s3:ListAllMyBuckets",
        "s3:PutAccelerateConfiguration",
        "s3:PutAnalyticsConfiguration",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutMetricsConfiguration",
        "s3:PutObject*",
        "s3:PutReplicationConfiguration",
        "s3tables:*",
    ],
}


def asked_for() -> dict[str, set[str]]:
    """By kind of resource, what CloudFormation asks for to make and delete one, as the schemas in cfn-lint have it."""
    folders = list((FOLDER / "sam").glob("lib/python3*/site-packages/cfnlint/data/schemas/resources"))
    if not folders:
        missing()
    kinds = {resource["Type"] for resource in template()["Resources"].values()} - {"AWS::Serverless::Function"}
    kinds |= {f"AWS::Lambda::{name}" for name in ("Function", "EventSourceMapping", "EventInvokeConfig", "Permission")}
    found: dict[str, set[str]] = {}
    for file in folders[0].glob("*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        if schema.get("typeName") in kinds:
            handlers = schema.get("handlers", {}).values()
            found.setdefault(schema["typeName"], set()).update(one for it in handlers for one in it["permissions"])
    assert found.keys() == kinds
    return found


def test_who_deploys_may_do_all_that_cloudformation_asks_for():
    granted = [
        action for statement in DEPLOY["Statement"] if statement["Effect"] == "Allow" for action in statement["Action"]
    ]
    for kind, actions in asked_for().items():
        not_ours = [one for of, listed in NOT_OURS.items() if fnmatchcase(kind, of) for one in listed]
        lacking = [
            action
            for action in sorted(actions)
            if not any(fnmatchcase(action.lower(), one.lower()) for one in (*granted, *not_ours))
        ]
        assert lacking == [], kind


def arn(service: str, name: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"


@pytest.mark.parametrize(
    "call",
    [
        aws("cloudformation:CreateChangeSet", OUR_STACK),
        aws("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"),
        aws("cloudformation:ExecuteChangeSet", OUR_STACK),
        aws("cloudformation:DeleteStack", OUR_STACK),
        aws("s3:CreateBucket", "arn:aws:s3:::houselights-packages-1"),
        aws("s3:PutObject", "arn:aws:s3:::houselights-packages-1/houselights/a", aws__ResourceAccount=ACCOUNT),
        aws("s3:PutBucketPolicy", EVERYTHING.arn("Deliveries"), aws__ResourceAccount=ACCOUNT),
        aws("s3:DeleteObjectVersion", f"{EVERYTHING.arn('Deliveries')}/sheets/a", aws__ResourceAccount=ACCOUNT),
        iam("CreateRole", "role/houselights/houselights-IngestRole-1", **BOUND),
        iam("PutRolePolicy", "role/houselights/houselights-IngestRole-1", **BOUND),
        iam("UpdateAssumeRolePolicy", "role/houselights/houselights-IngestRole-1", **BOUND),
        iam("DeleteRole", "role/houselights/houselights-IngestRole-1"),
        pass_role("lambda", ROLE),
        pass_role("iot", ROLE),
        pass_role("credentials.iot", ROLE),
        aws("lambda:CreateFunction", OUR_FUNCTION),
        aws("lambda:AddPermission", OUR_FUNCTION, lambda__Principal="events.amazonaws.com"),
        aws("lambda:CreateEventSourceMapping", lambda__FunctionArn=OUR_FUNCTION),
        aws(
            "lambda:UpdateEventSourceMapping", arn("lambda", "event-source-mapping:1"), lambda__FunctionArn=OUR_FUNCTION
        ),
        aws("dynamodb:UpdateContinuousBackups", EVERYTHING.arn("Table")),
        aws("logs:PutRetentionPolicy", EVERYTHING.arn("IngestLog")),
        aws("iot:CreatePolicy", arn("iot", "policy/houselights-camera")),
        aws("iot:CreateTopicRule", arn("iot", "rule/houselights_status")),
        aws("iot:CreateRoleAlias", arn("iot", "rolealias/houselights-camera")),
        aws("iot:DetachPolicy", CERTIFICATE),
        aws("budgets:ModifyBudget", arn("budgets", "budget/houselights", region="")),
        aws("kms:CreateKey"),
        aws("kms:PutKeyPolicy", arn("kms", "key/1")),
        aws("cloudfront:CreateDistribution", aws__RequestedRegion="us-east-1"),
        aws("cloudfront:UpdateDistribution", arn("cloudfront", "distribution/E1", region="")),
        aws("wafv2:GetWebACL", arn("wafv2", "global/webacl/a/1", region="us-east-1")),
    ],
    ids=lambda call: call.action,
)
def test_deploying_is_not_in_its_own_way(call):
    assert is_allowed(call, [DEPLOY])


def test_names_that_the_policy_counts_on_are_those_that_the_stack_gives():
    assert EVERYTHING.resources("AWS::IoT::TopicRule")["Status"]["RuleName"] == "houselights_status"
    assert EVERYTHING.resources("AWS::IoT::Policy")["CameraPolicy"]["PolicyName"] == "houselights-camera"
    assert EVERYTHING.resources("AWS::IoT::RoleAlias")["CameraRoleAlias"]["RoleAlias"] == "houselights-camera"
    assert EVERYTHING.resources("AWS::Budgets::Budget")["Budget"]["Budget"]["BudgetName"] == "houselights"
    assert EVERYTHING.resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardName"] == "houselights"


@pytest.mark.parametrize(
    "call",
    [
        aws("iot:CreateThing", arn("iot", "thing/2026")),
        aws("iot:UpdateThing", arn("iot", "thing/a:b")),
        aws("iot:DescribeThing", arn("iot", "thing/cam-1")),
        aws("iot:CreateThingType", arn("iot", "thingtype/keynote")),
        aws("iot:ListThings"),
        aws("iot:AttachThingPrincipal"),
        aws("iot:AttachPolicy", CERTIFICATE),
        aws("dynamodb:PutItem", EVERYTHING.arn("Table")),
        aws("sqs:StartMessageMoveTask", EVERYTHING.arn("DeadLetters")),
        aws("s3:PutObject", f"{EVERYTHING.arn('Deliveries')}/components/a/camera.zip", aws__ResourceAccount=ACCOUNT),
        aws("s3:GetObject", f"{EVERYTHING.arn('Deliveries')}/components/rollout.json", aws__ResourceAccount=ACCOUNT),
        aws("s3:PutObject", f"{EVERYTHING.arn('Deliveries')}/claims/sn-1111.json", aws__ResourceAccount=ACCOUNT),
        aws("s3:DeleteObject", f"{EVERYTHING.arn('Deliveries')}/claims/sn-1111.used", aws__ResourceAccount=ACCOUNT),
        aws("s3:ListBucket", EVERYTHING.arn("Deliveries"), aws__ResourceAccount=ACCOUNT, s3__prefix="claims/"),
    ],
    ids=lambda call: call.action,
)
def test_operating_is_not_in_its_own_way(call):
    assert is_allowed(call, [OPERATE])


def test_who_runs_sessions_alone_reaches_no_people():
    for table in ("PeopleTable", "KeysTable"):
        for action in ("GetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem", "DescribeTable"):
            assert not is_allowed(aws(f"dynamodb:{action}", EVERYTHING.arn(table)), [OPERATE])


def test_who_runs_rosters_reads_keys_one_by_one_and_copies_none():
    keys, people = EVERYTHING.arn("KeysTable"), EVERYTHING.arn("PeopleTable")
    for action in ("GetItem", "PutItem", "DeleteItem"):
        assert is_allowed(aws(f"dynamodb:{action}", keys), [RUN_ROSTERS])
    for action in ("GetItem", "PutItem", "DeleteItem", "Query", "BatchWriteItem"):
        assert is_allowed(aws(f"dynamodb:{action}", people), [RUN_ROSTERS])
        assert is_allowed(aws(f"dynamodb:{action}", EVERYTHING.arn("Table")), [RUN_ROSTERS])
    everything = {"Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    for action in ("Query", "Scan", "BatchGetItem", "BatchWriteItem", "CreateBackup", "ExportTableToPointInTime"):
        assert not is_allowed(aws(f"dynamodb:{action}", keys), [RUN_ROSTERS, everything])
