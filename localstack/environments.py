"""The environments in which a stack's programs run."""

from __future__ import annotations

import os
import re

from place import Stack

REGION = "us-east-1"
# To the engine this key is the account's root, which may do everything, even with AUTH=true.
ROOT_KEY = "test"


def bare_environment() -> dict[str, str]:
    """Our own environment, without variables that would lead a tool to a real account, another engine or a surrounding make."""
    ours = re.compile(r"(AWS|SAM|LOCALSTACK|MINISTACK|MAKE|MFLAGS|SERVICES|PERSIST_STATE|S3_PERSIST|USE_SSL|EDGE_PORT|ARCH$|OVERRIDES$|ENGINE$|STACK$)")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name), "127.0.0.1,localhost"]))
    return kept


def client_environment(stack: Stack) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }


def stack_environment(stack: Stack) -> dict[str, str]:
    return bare_environment() | client_environment(stack) | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TMPDIR": str(stack.tmp),
    }
