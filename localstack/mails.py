#!/usr/bin/env python3
"""Print the mails in a local stack's mailbox. The stack's names are in the environment. Fails if there are no mails.

    mails.py                     all of them
    mails.py ada@acme.example    those to this address
    mails.py ada@acme.example "Action required"    of these, those whose subject begins so

Standard library only, Python 3.10 or later.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request


def mails(box: dict) -> list[tuple[list[str], str, str]]:
    """Recipients, subject and text of each mail, from the mailbox of MiniStack or of aws-ses-v2-local."""
    if "emails" in box:
        return [(mail["destination"]["to"], mail["subject"], mail["body"].get("text", "")) for mail in box["emails"]]
    return [(mail["To"], mail["Subject"], mail["BodyText"]) for account in box["messages"].values() for mail in account]


def main() -> int:
    if "MAILBOX_URL" not in os.environ:
        sys.exit("mails.py: MAILBOX_URL is not set. Run first: set -a; . .local/stack.env; set +a")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(os.environ["MAILBOX_URL"], timeout=10) as answer:
        box = json.load(answer)
    address, begins = (*sys.argv[1:3], "", "")[:2]
    found = [mail for mail in mails(box) if any(address in recipient for recipient in mail[0]) and mail[1].startswith(begins)]
    for recipients, subject, text in found:
        print(f"To: {', '.join(recipients)}\nSubject: {subject}\n\n{text}")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
