"""What the transformed template promises, which the emulator would not notice."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from infra.local.settings import ROOT
from ringline_cloud.config import Settings, from_environment
from ringline_cloud.telemetry import Metric
from tests.template.conftest import SAM, TEMPLATE, Make
from tests.template.formation import Formation, Json

READ_WRITE = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"]
MAY = {
    "EdgeSocketFunction": (
        ["GetItem", "BatchGetItem", *READ_WRITE[1:]],
        ["EdgeApi POST", "EdgeApi DELETE", "PageApi POST"],
    ),
    "PageSocketFunction": (READ_WRITE, ["EdgeApi POST", "PageApi POST", "PageApi DELETE"]),
    "EdgeAuthorizerFunction": (["GetItem", "PutItem"], []),
    "PageAuthorizerFunction": (["DeleteItem"], []),
    "HttpFunction": (READ_WRITE, ["EdgeApi POST", "PageApi POST"]),
    "SweeperFunction": (["GetItem", "BatchGetItem", "UpdateItem", "Query"], ["EdgeApi POST", "PageApi POST"]),
}
CONTEXT = {"requestId", "routeKey", "status", "eventType", "connectionId"}
POST_TO = re.compile(r"arn:aws:execute-api:us-east-1:123456789012:<(\w+)>/v1/(POST|DELETE)/@connections/\*")
ABSENT_FROM_THE_EMULATOR = (
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::CloudWatch::CompositeAlarm",
)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(formation: Formation) -> dict[str, list[Json]]:
    """Every function's own statements, by the function's name."""
    roles = formation.of_type("AWS::IAM::Role")
    return {
        name: [each for policy in roles[f"{name}Role"]["Policies"] for each in policy["PolicyDocument"]["Statement"]]
        for name in formation.of_type("AWS::Lambda::Function")
    }


def test_every_function_may_do_what_it_does_and_nothing_else(real: Formation) -> None:
    found = {}
    for name, each in statements(real).items():
        table = [action for part in each if part["Resource"] == "<Table.Arn>" for action in listed(part["Action"])]
        posts = [part for part in each if part["Resource"] != "<Table.Arn>"]
        assert {part["Action"] for part in posts} <= {"execute-api:ManageConnections"}
        sockets = [POST_TO.fullmatch(arn) for part in posts for arn in part["Resource"]]
        found[name] = (
            [action.removeprefix("dynamodb:") for action in table],
            [f"{match[1]} {match[2]}" for match in sockets if match],
        )
        assert all(sockets)
        assert all(part["Effect"] == "Allow" for part in each)
    assert found == MAY


def test_no_statement_scans_or_has_a_wildcard_beyond_the_sockets(real: Formation) -> None:
    for name, each in statements(real).items():
        for part in each:
            assert not [action for action in listed(part["Action"]) if "*" in action or "Scan" in action], name
            assert all("*" not in arn.replace("@connections/*", "") for arn in listed(part["Resource"])), name


def test_functions_get_no_managed_policy_but_the_one_for_their_logs(real: Formation) -> None:
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    for name in real.of_type("AWS::Lambda::Function"):
        assert real.resources[f"{name}Role"]["Properties"]["ManagedPolicyArns"] == [basic]


def test_only_api_gateway_and_for_this_api_only_may_run_a_function(real: Formation) -> None:
    permissions = real.of_type("AWS::Lambda::Permission")
    assert len(permissions) == 9
    for each in permissions.values():
        assert each["Principal"] == "apigateway.amazonaws.com"
        api = r"<(EdgeApi|PageApi|HttpApi)(\.ApiId)?>"
        assert re.match(rf"arn:aws:execute-api:us-east-1:123456789012:{api}/", each["SourceArn"])


def test_every_function_has_a_log_group_of_its_own_with_retention(real: Formation) -> None:
    groups = real.of_type("AWS::Logs::LogGroup")
    used = [each["LoggingConfig"]["LogGroup"] for each in real.of_type("AWS::Lambda::Function").values()]
    assert len(set(used)) == len(used) == len(MAY)
    assert {name.strip("<>") for name in used} <= set(groups)
    assert all(each["RetentionInDays"] == "30" for each in groups.values())


def test_every_stage_logs_access_without_bodies_tokens_or_query_strings(real: Formation) -> None:
    stages = real.of_type("AWS::ApiGatewayV2::Stage")
    assert len(stages) == 3
    for each in stages.values():
        logged = json.loads(each["AccessLogSettings"]["Format"]).values()
        assert {value.removeprefix("$context.") for value in logged} <= CONTEXT
        assert each["AccessLogSettings"]["DestinationArn"].strip("<>").partition(".")[0] in real.resources


def test_every_stage_is_throttled_and_traces_no_data(real: Formation) -> None:
    for name, each in real.of_type("AWS::ApiGatewayV2::Stage").items():
        settings = each["DefaultRouteSettings"]
        assert float(settings["ThrottlingRateLimit"]) > 0
        assert float(settings["ThrottlingBurstLimit"]) > 0
        assert not settings.get("DataTraceEnabled")
        assert settings.get("LoggingLevel", "OFF") == "OFF", name


def test_enrolment_is_throttled_far_below_the_rest(real: Formation) -> None:
    stage = real.of_type("AWS::ApiGatewayV2::Stage")["HttpStage"]
    assert stage["RouteSettings"] == {"POST /enrolments": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 5}}


@pytest.mark.parametrize(
    ("api", "proof"),
    [("EdgeApi", "route.request.header.Authorization"), ("PageApi", "route.request.querystring.ticket")],
)
def test_sockets_open_only_with_a_proof_that_is_checked_each_time(real: Formation, api: str, proof: str) -> None:
    routes = {
        each["RouteKey"]: each
        for each in real.of_type("AWS::ApiGatewayV2::Route").values()
        if each["ApiId"] == f"<{api}>"
    }
    assert set(routes) == {"$connect", "$disconnect", "$default"}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    authorizer = real.of_type("AWS::ApiGatewayV2::Authorizer")[routes["$connect"]["AuthorizerId"].strip("<>")]
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["IdentitySource"] == [proof]
    # A proof serves once, so an answer that is kept would let it serve again.
    assert not authorizer.get("AuthorizerResultTtlInSeconds")


@pytest.mark.parametrize("api", ["EdgeApi", "PageApi"])
def test_frames_are_routed_by_their_type_and_answered(make: Make, api: str) -> None:
    for emulated, answered in (("false", True), ("true", False)):
        formation = make(Emulated=emulated)
        route = formation.of_type("AWS::ApiGatewayV2::Route")[f"{api}DefaultRoute"]
        assert route["RouteResponseSelectionExpression"] == "$default"
        assert formation.of_type("AWS::ApiGatewayV2::Api")[api]["RouteSelectionExpression"] == "$request.body.t"
        replies = formation.of_type("AWS::ApiGatewayV2::RouteResponse").values()
        wanted = {"ApiId": f"<{api}>", "RouteId": f"<{api}DefaultRoute>", "RouteResponseKey": "$default"}
        assert (wanted in replies) is answered


def test_nothing_that_the_emulator_cannot_make_is_left_when_emulated(make: Make) -> None:
    kinds = {each["Type"] for each in make(Emulated="true").resources.values()}
    assert kinds.isdisjoint(ABSENT_FROM_THE_EMULATOR)


def test_every_http_route_asks_for_a_token_but_enrolment_and_preflight(real: Formation) -> None:
    routes = {
        each["RouteKey"]: each
        for each in real.of_type("AWS::ApiGatewayV2::Route").values()
        if each["ApiId"] == "<HttpApi>"
    }
    open_routes = {key for key, each in routes.items() if each["AuthorizationType"] == "NONE"}
    assert open_routes == {"POST /enrolments", "OPTIONS /{proxy+}"}
    assert {key for key, each in routes.items() if each["AuthorizationType"] == "JWT"} == {"ANY /{proxy+}"}
    authorizer = real.of_type("AWS::ApiGatewayV2::Authorizer")[routes["ANY /{proxy+}"]["AuthorizerId"].strip("<>")]
    assert authorizer["JwtConfiguration"] == {"Issuer": "https://issuer.example", "Audience": ["client"]}


def test_origins_are_allowed_by_name_only(make: Make) -> None:
    apis = "AWS::ApiGatewayV2::Api"
    assert "CorsConfiguration" not in make().of_type(apis)["HttpApi"]
    cors = make(AllowedOrigins="https://a.example,https://b.example").of_type(apis)["HttpApi"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://a.example", "https://b.example"]
    assert "AllowCredentials" not in cors


def test_the_table_is_encrypted_restorable_expiring_and_outlives_the_stack(real: Formation) -> None:
    table = real.resources["Table"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["DeletionProtectionEnabled"] == "true"
    assert list(real.of_type("AWS::DynamoDB::Table")) == ["Table"]


def test_layer_and_functions_are_built_for_the_same_runtime_and_architecture(make: Make) -> None:
    formation = make(Runtime="python3.12", Architecture="x86_64")
    (layer,) = (each for each in formation.resources.values() if each["Type"] == "AWS::Lambda::LayerVersion")
    assert layer["Properties"]["CompatibleRuntimes"] == ["python3.12"]
    assert layer["Properties"]["CompatibleArchitectures"] == ["x86_64"]
    # The transform leaves this out: it is for `sam build`, which resolves it.
    built_for = "BuildMethod: !Ref Runtime\n      BuildArchitecture: !Ref Architecture\n"
    assert built_for in TEMPLATE.read_text()
    for each in formation.of_type("AWS::Lambda::Function").values():
        assert (each["Runtime"], each["Architectures"]) == ("python3.12", ["x86_64"])


def test_every_function_is_told_everything_that_its_settings_ask_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    formation = make(EdgeBeatSeconds="3", EdgeLeaseSeconds="8", PageHeartbeatSeconds="15", FixedTenant="acme")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, each in formation.of_type("AWS::Lambda::Function").items():
        settings = from_environment({**each["Environment"]["Variables"], "AWS_REGION": "eu-west-1"})
        assert isinstance(settings, Settings), name
        assert (settings.beat_s, settings.lease_s, settings.heartbeat_s) == (3, 8, 15)
        assert (settings.table, settings.fixed_tenant, settings.edge_audience) == ("<Table>", "acme", "ringline-edge")
        assert settings.edge_socket_url == "wss://<EdgeApi>.execute-api.eu-west-1.amazonaws.com/v1"


def test_numbers_are_hashed_under_the_given_secret_or_the_stacks_id(make: Make) -> None:
    def pepper(formation: Formation) -> str:
        return str(
            formation.of_type("AWS::Lambda::Function")["EdgeSocketFunction"]["Environment"]["Variables"][
                "NUMBER_PEPPER"
            ]
        )

    assert pepper(make(NumberPepper="s3cret")) == "s3cret"
    assert pepper(make()).startswith("arn:aws:cloudformation:")
    assert make().template["Parameters"]["NumberPepper"]["NoEcho"] is True


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ({"OidcIssuer": "", "OidcAudience": ""}, False),
        ({"OidcIssuer": "https://issuer.example", "OidcAudience": ""}, False),
        ({"OidcIssuer": "", "OidcAudience": "", "CreateUserPool": "true"}, True),
        ({}, True),
    ],
)
def test_a_stack_without_an_issuer_is_refused_before_anything_is_made(
    make: Make, given: dict[str, str], good: bool
) -> None:
    formation = make(**given)
    (assertion,) = formation.template["Rules"]["Issuer"]["Assertions"]
    assert formation.holds(assertion["Assert"]) is good


def test_a_user_pool_is_made_when_asked_for_and_users_cannot_change_their_tenant(make: Make) -> None:
    assert not [each for each in make().resources.values() if each["Type"].startswith("AWS::Cognito")]
    formation = make(CreateUserPool="true", OidcIssuer="", OidcAudience="")
    (client,) = formation.of_type("AWS::Cognito::UserPoolClient").values()
    assert "custom:tenant" in client["ReadAttributes"]
    assert "custom:tenant" not in client["WriteAttributes"]
    groups = {each["GroupName"] for each in formation.of_type("AWS::Cognito::UserPoolGroup").values()}
    assert groups == {"agent", "supervisor", "admin", "work"}
    jwt = formation.of_type("AWS::ApiGatewayV2::Authorizer")["HttpAuthorizer"]["JwtConfiguration"]
    assert jwt == {
        "Issuer": "https://cognito-idp.us-east-1.amazonaws.com/<UserPool>",
        "Audience": ["<UserPoolClient>"],
    }


def test_alarms_are_made_for_a_topic_and_watch_every_function_and_only_metrics_that_there_are(make: Make) -> None:
    assert make().of_type("AWS::CloudWatch::Alarm") == {}
    alarms = make(AlarmTopicArn="arn:topic").of_type("AWS::CloudWatch::Alarm")
    assert all(each["AlarmActions"] == ["arn:topic"] for each in alarms.values())
    own = {each["MetricName"] for each in alarms.values() if each.get("Namespace") == "Ringline"}
    assert own == {Metric.HANDLER_FAILED, Metric.EDGE_OFFLINE, Metric.TABLE_THROTTLED}
    watched = [
        each["MetricStat"]["Metric"] for each in alarms["FunctionErrorsAlarm"]["Metrics"] if "MetricStat" in each
    ]
    assert {each["Dimensions"][0]["Value"].strip("<>") for each in watched} == set(MAY)


def test_the_accounts_log_role_is_touched_only_when_asked_for(make: Make) -> None:
    kind = "AWS::ApiGateway::Account"
    assert make().of_type(kind) == {}
    assert make(CreateApiLogRole="true").of_type(kind) == {"ApiLogAccount": {"CloudWatchRoleArn": "<ApiLogRole.Arn>"}}


def test_every_parameter_is_described_in_the_deployment_guide(real: Formation) -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", guide, re.MULTILINE))
    wanted = {name: str(each["Default"]) for name, each in real.template["Parameters"].items()}
    assert {name: default.strip().strip("`") for name, default in rows.items() if name in wanted} == wanted


def test_sam_and_cfn_lint_find_nothing(sam_home: dict[str, str]) -> None:
    if not (SAM / "cfn-lint").is_file():
        pytest.skip("cfn-lint is not in the SAM CLI's environment")
    command = [str(SAM / "python"), str(SAM / "sam"), "validate", "--lint", "--template-file", str(TEMPLATE)]
    done = subprocess.run(command, cwd=ROOT, env=sam_home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid SAM Template" in done.stdout
