"""The part of an engine's API that a stack's own programs call."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from environments import REGION, ROOT_KEY
from place import STACK_NAME, Failure, Stack, step

DELETE_SECONDS = 300


def request(stack: Stack, service: str, path: str, body: bytes | None, content_type: str, method: str | None = None) -> bytes:
    """One call. Its signature is a dummy: the engine does not check the root key's signature."""
    credential = f"{ROOT_KEY}/{time.strftime('%Y%m%d', time.gmtime())}/{REGION}/{service}/aws4_request"
    headers = {
        "Content-Type": content_type,
        "X-Forwarded-Proto": "https",  # as if over TLS, for the queues' policies
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}",
    }
    call = urllib.request.Request(stack.endpoint + path, data=body, headers=headers, method=method or ("GET" if body is None else "POST"))
    try:
        with direct().open(call, timeout=30) as answer:
            return answer.read()
    except OSError as error:
        detail = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else str(error)
        raise Failure(f"the engine refused a call to {service}: {detail}") from None


def api(stack: Stack, service: str, form: dict[str, str]) -> ElementTree.Element:
    body = urllib.parse.urlencode({"Version": "2010-05-15", **form}).encode()
    return ElementTree.fromstring(request(stack, service, "/", body, "application/x-www-form-urlencoded"))


def members(answer: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    found = answer.find(f".//{{*}}{name}")
    return [] if found is None else list(found)


def text(entry: ElementTree.Element, name: str) -> str | None:
    found = entry.find(f"{{*}}{name}")
    return None if found is None else found.text or ""


def outputs(stack: Stack) -> dict[str, str]:
    answer = api(stack, "cloudformation", {"Action": "DescribeStacks", "StackName": STACK_NAME})
    return {text(entry, "OutputKey"): text(entry, "OutputValue") for entry in members(answer, "Outputs")}


def stack_status(stack: Stack) -> str:
    """The stack's status in CloudFormation; empty if there is no stack."""
    try:
        answer = api(stack, "cloudformation", {"Action": "DescribeStacks", "StackName": STACK_NAME})
    except Failure:
        return ""  # CloudFormation reports a missing stack as an error
    status = answer.findtext(".//{*}StackStatus") or ""
    return "" if status == "DELETE_COMPLETE" else status


def delete_stack(stack: Stack) -> None:
    with step(f"deleting the stack {STACK_NAME} from {stack.endpoint}"):
        api(stack, "cloudformation", {"Action": "DeleteStack", "StackName": STACK_NAME})
        deadline = time.monotonic() + DELETE_SECONDS
        while status := stack_status(stack):
            if status == "DELETE_FAILED" or time.monotonic() > deadline:
                raise Failure(f"the stack {STACK_NAME} at {stack.endpoint} is not deleted: its status is {status}")
            time.sleep(0.5)


def verify_sender(stack: Stack, address: str) -> None:
    body = json.dumps({"EmailIdentity": address}).encode()
    request(stack, "ses", "/v2/email/identities", body, "application/json")


def direct() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
