"""MiniStack, the default engine."""

from __future__ import annotations

import json
import time
import urllib.parse
from pathlib import Path

from api import api, outputs, request, verify_sender
from engines.engine import Engine
from environments import stack_environment
from place import LOCAL, STACK_NAME, Failure, Stack, read, step
from processes import end_group, processes, spawn

START_SECONDS = 30


class MiniStack(Engine):
    """A Python program that runs the functions as ordinary programs. It needs no Docker, and enforces IAM."""

    name = "ministack"
    health = "/_ministack/health"

    def start(self, stack: Stack) -> None:
        python = LOCAL / "venv-engine" / "bin" / "python"
        # Python ignores an unknown -X option. This one shows in `ps` to which stack the engine
        # belongs.
        command = [str(python), "-X", engine_mark(stack), "-m", "ministack"]
        log = stack.logs / "engine.log"
        with step("starting the engine"):
            engine = spawn(command, log, engine_environment(stack), cwd=stack.folder)
            stack.pid_file.write_text(str(engine.pid))
            deadline = time.monotonic() + START_SECONDS
            while not self.answers(stack):
                if engine.poll() is not None:
                    raise Failure("the engine did not start", log)
                if time.monotonic() > deadline:
                    raise Failure(f"the engine did not answer within {START_SECONDS} s", log)
                time.sleep(0.05)

    def runs(self, stack: Stack) -> bool:
        return engine_group(stack) is not None

    def complete(self, stack: Stack, values: dict[str, str]) -> None:
        verify_sender(stack, values["MailFrom"])
        allow_mail(stack)
        allow_batches(stack)
        allow_operators(stack)
        allow_plain_http(stack)
        repeat_mappings(stack)

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        return {"MAILBOX_URL": f"{stack.endpoint}/_ministack/ses/messages"}

    def log(self, stack: Stack) -> list[Path]:
        return [stack.logs / "engine.log"]

    def end(self, stack: Stack) -> None:
        group = engine_group(stack)
        if group:
            end_group(group)


def engine_environment(stack: Stack) -> dict[str, str]:
    """Loopback only, with IAM enforced. Functions inherit it, so that they find the engine."""
    return stack_environment(stack) | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(stack.port),
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true",
    }


def allow_mail(stack: Stack) -> None:
    """Let notify mail. MiniStack 1.5.33 only allows ses:SendEmail on *, and does not know ses:FromAddress, so the template's statement never matches."""
    answer = api(stack, "cloudformation", {"Action": "DescribeStackResource", "StackName": STACK_NAME, "LogicalResourceId": "NotifyRole"})
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    api(stack, "iam", {
        "Action": "PutRolePolicy",
        "Version": "2010-05-08",
        "RoleName": answer.findtext(".//{*}PhysicalResourceId"),
        "PolicyName": "local-engine-mail",
        "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    })


def allow_batches(stack: Stack) -> None:
    """Let the roles send in batches. MiniStack 1.5.33 requires sqs:SendMessageBatch, which is not an IAM action: in AWS sqs:SendMessage covers the call."""
    for name in ("Register", "Deliver", "Disable", "Sweep", "Notify"):
        answer = api(stack, "cloudformation", {"Action": "DescribeStackResource", "StackName": STACK_NAME, "LogicalResourceId": f"{name}Role"})
        policy = {"Version": "2010-05-08", "RoleName": answer.findtext(".//{*}PhysicalResourceId"), "PolicyName": name.lower()}
        found = api(stack, "iam", policy | {"Action": "GetRolePolicy"}).findtext(".//{*}PolicyDocument")
        document = json.loads(urllib.parse.unquote(found))
        in_batches(document)
        api(stack, "iam", policy | {"Action": "PutRolePolicy", "PolicyDocument": json.dumps(document)})


def allow_operators(stack: Stack) -> None:
    """The same for the operators' policies, of which IAM keeps five versions. And MiniStack 1.5.33 calls a rule rule/default/NAME, where AWS says
    rule/NAME."""
    for name in ("OperatorReadPolicy", "OperatePolicy"):
        arn = outputs(stack).get(name)
        if not arn:
            continue  # a version from before them
        policy = {"Version": "2010-05-08", "PolicyArn": arn}
        version = api(stack, "iam", policy | {"Action": "GetPolicy"}).findtext(".//{*}DefaultVersionId")
        found = urllib.parse.unquote(api(stack, "iam", policy | {"Action": "GetPolicyVersion", "VersionId": version}).findtext(".//{*}Document"))
        document = json.loads(found)
        in_batches(document)
        for statement in document["Statement"]:
            rule = statement["Resource"]
            if isinstance(rule, str) and ":rule/" in rule and ":rule/default/" not in rule:
                statement["Resource"] = [rule, rule.replace(":rule/", ":rule/default/")]
        if document != json.loads(found):
            api(stack, "iam", policy | {"Action": "CreatePolicyVersion", "SetAsDefault": "true", "PolicyDocument": json.dumps(document)})
            api(stack, "iam", policy | {"Action": "DeletePolicyVersion", "VersionId": version})


def in_batches(document: dict) -> None:
    for statement in document["Statement"]:
        for action in ("sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"):
            if action in statement["Action"] and f"{action}Batch" not in statement["Action"]:
                statement["Action"].append(f"{action}Batch")


def allow_plain_http(stack: Stack) -> None:
    """Remove the queues' policies: they refuse calls without TLS, and the engine has no TLS."""
    for name, value in outputs(stack).items():
        if name.endswith(("QueueUrl", "DlqUrl")):
            api(stack, "sqs", {"Action": "SetQueueAttributes", "Version": "2012-11-05", "QueueUrl": value,
                               "Attribute.1.Name": "Policy", "Attribute.1.Value": ""})


def repeat_mappings(stack: Stack) -> None:
    """Set the mappings' function and concurrency once more. MiniStack 1.5.33 reads MaximumConcurrency from a parameter as text, and then
    its SQS poller stops. After an update it also goes on calling a mapping's old alias."""
    mappings = "/2015-03-31/event-source-mappings"
    listed = json.loads(request(stack, "lambda", mappings, None, "application/json"))["EventSourceMappings"]
    for mapping in listed:
        change = {"FunctionName": mapping["FunctionArn"]}
        if "MaximumConcurrency" in mapping.get("ScalingConfig", {}):
            change["ScalingConfig"] = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
        request(stack, "lambda", f"{mappings}/{mapping['UUID']}", json.dumps(change).encode(), "application/json", method="PUT")


def engine_mark(stack: Stack) -> str:
    return f"stack={stack.folder}"


def engine_group(stack: Stack) -> int | None:
    """The process group of the engine and its functions, found by its command lines, or None."""
    recorded = read(stack.pid_file)
    for pid, group, command in processes():
        if f"-X {engine_mark(stack)} -m ministack" in command and pid == group:
            return group
        # An engine that died may have left functions. Their programs are in the stack's folder.
        if str(group) == recorded and command.startswith(f"{stack.tmp}/"):
            return group
    return None
