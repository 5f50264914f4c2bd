"""Tests of stack.py's LocalStack engines, with a docker and a LocalStack that say what they are told to.

Run by localstack/stack's Go tests, or by python3 -m unittest in this folder. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import stack as local

SECRET = "ls-secret-token"

DOCKER = """#!/bin/sh
echo "$* image=$LOCALSTACK_IMAGE token=$LOCALSTACK_AUTH_TOKEN port=$PORT" >>"$CALLS"
case "$*" in
*" up "*) echo "container hookwarden-1-localstack exited ($EXIT)" >&2; exit 1 ;;
"network inspect"*) echo "$NETWORK" ;;
*" logs "*) echo "license of $LOCALSTACK_AUTH_TOKEN is not known" ;;
esac
"""

DESCRIBED = """<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>{}</StackStatus></member></Stacks>
</DescribeStacksResult></DescribeStacksResponse>"""


class Docker(unittest.TestCase):
    """A docker whose containers do not start."""

    def setUp(self) -> None:
        self.folder = folder_of(self)
        self.calls = self.folder / "calls"
        program = self.folder / "docker"
        program.write_text(DOCKER)
        program.chmod(0o755)
        self.set(PATH=f"{self.folder}:{os.environ['PATH']}", CALLS=str(self.calls), EXIT="1", LOCALSTACK_IMAGE="", LOCALSTACK_AUTH_TOKEN="")
        self.stack = stack_in(self.folder)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.addCleanup(restore, name, os.environ.get(name))
            os.environ[name] = value

    def test_a_start_that_fails_shows_what_the_engine_said(self) -> None:
        with self.assertRaises(local.Failure) as failed:
            local.LocalStack().start(self.stack)
        self.assertIn("exited (1)", str(failed.exception))
        self.assertEqual(["license of  is not known\n"], [log.read_text() for log in failed.exception.logs])

    def test_token_and_image_go_to_the_container_and_nowhere_else(self) -> None:
        self.set(LOCALSTACK_AUTH_TOKEN=SECRET, LOCALSTACK_IMAGE="localstack/localstack-pro:2026.3")
        with self.assertRaises(local.Failure) as failed:
            local.LocalStack().start(self.stack)
        up, logs = self.calls.read_text().splitlines()
        self.assertIn(f"image=localstack/localstack-pro:2026.3 token={SECRET}", up)
        self.assertNotIn(SECRET, up.split(" image=")[0])
        self.assertNotIn(SECRET, str(failed.exception))
        self.assertEqual("license of … is not known\n", failed.exception.logs[0].read_text())
        self.assertNotIn("LOCALSTACK_AUTH_TOKEN", local.bare_environment())

    def test_an_image_that_wants_a_token_is_explained(self) -> None:
        self.set(EXIT="55")
        with self.assertRaises(local.Failure) as failed:
            local.LocalStack().start(self.stack)
        self.assertIn("does not start without a valid LOCALSTACK_AUTH_TOKEN", str(failed.exception))

    def test_receivers_listen_where_a_network_of_docker_reaches_this_machine(self) -> None:
        for network, want in (("127.0.0.1 127.0.0.0/8", "127.0.0.1"), ("127.0.0.0/30", "127.0.0.1"), ("192.0.2.1 192.0.2.0/24", None)):
            self.set(NETWORK=network)
            found = {"RECEIVER_HOST": want or "host.docker.internal", "RECEIVER_LISTEN": want or "127.0.0.1"}
            self.assertEqual(found, local.receivers("bridge"), network)

    def test_the_caller_may_say_where_receivers_are(self) -> None:
        self.set(RECEIVER_HOST="10.0.0.5", RECEIVER_LISTEN="0.0.0.0")
        self.assertEqual({"RECEIVER_HOST": "10.0.0.5", "RECEIVER_LISTEN": "0.0.0.0"}, local.receivers("bridge"))


class Elsewhere(unittest.TestCase):
    """A LocalStack that was not started here. status is that of its stack hookwarden; empty: it has none."""

    def setUp(self) -> None:
        self.status, self.deleted, self.has_ses = "", 0, False
        test = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, "{}")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == "/v2/email/identities":
                    self.answer(200 if test.has_ses else 501, "{}")
                    return
                action = urllib.parse.parse_qs(body)["Action"][0]
                if action == "DeleteStack":
                    test.deleted, test.status = test.deleted + 1, ""
                if action == "DescribeStacks" and not test.status:
                    self.answer(400, "<ErrorResponse/>")
                    return
                self.answer(200, DESCRIBED.format(test.status))

            def answer(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_) -> None:
                """Nothing to say."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.folder = folder_of(self)
        self.stack = stack_in(self.folder, f"http://127.0.0.1:{server.server_port}")
        self.engine = local.LocalStackElsewhere()

    def test_it_is_taken_when_it_answers_and_has_no_stack_of_that_name(self) -> None:
        self.engine.claim(self.stack)

    def test_a_stack_that_is_not_ours_is_left_alone(self) -> None:
        self.status = "CREATE_COMPLETE"
        with self.assertRaisesRegex(local.Failure, "was not put there from here"):
            self.engine.claim(self.stack)
        self.engine.end(self.stack)
        self.assertEqual(0, self.deleted)

    def test_one_that_does_not_answer_is_named(self) -> None:
        with self.assertRaisesRegex(local.Failure, "no LocalStack answers at LOCALSTACK_ENDPOINT=http://127.0.0.1:9"):
            self.engine.claim(stack_in(self.folder, "http://127.0.0.1:9"))

    def test_the_end_deletes_the_stack_alone(self) -> None:
        self.stack.engine_file.write_text(local.mark_of(self.stack, self.engine))
        self.status = "CREATE_COMPLETE"
        self.engine.end(self.stack)
        self.assertEqual(1, self.deleted)

    def test_the_place_is_remembered(self) -> None:
        self.stack.engine_file.write_text(local.mark_of(self.stack, self.engine))
        found = stack_in(self.folder)
        self.assertEqual(self.stack.endpoint, found.endpoint)
        self.assertIsInstance(local.engine_of(found), local.LocalStackElsewhere)

    def test_without_ses_it_says_that_no_mail_is_sent(self) -> None:
        for self.has_ses, values, said in ((False, {}, 1), (True, {}, 0), (False, {"SesEndpoint": "http://mailbox:1"}, 0)):
            lines = []
            with swapped("say", lines.append):
                self.engine.mend(self.stack, {"MailFrom": "a@b.example"} | values)
            self.assertEqual(said, len(lines), lines)


class Place(unittest.TestCase):
    def test_the_port_is_the_endpoints(self) -> None:
        for port, endpoint, want in ((4566, "http://127.0.0.1:4567/", (4567, "http://127.0.0.1:4567")),
                                     (0, "https://localstack.internal", (443, "https://localstack.internal")),
                                     (4567, "http://localhost:4567", (4567, "http://localhost:4567")),
                                     (4731, "", (4731, "http://127.0.0.1:4731"))):
            found = local.place(port, endpoint)
            self.assertEqual(want, (found.port, found.endpoint))

    def test_what_is_no_endpoint_is_refused(self) -> None:
        for port, endpoint in ((4566, "127.0.0.1:4566"), (4566, "http://127.0.0.1:4566/path"), (4566, "ftp://a:1"), (4731, "http://127.0.0.1:4567")):
            with self.assertRaises(local.Failure):
                local.place(port, endpoint)


class Deployment(unittest.TestCase):
    def test_one_that_fails_shows_the_end_of_the_engines_log_too(self) -> None:
        folder = folder_of(self)
        stack = stack_in(folder)

        def fails(*_, **__) -> None:
            raise local.Failure("sam deploy failed", stack.logs / "deploy.log")

        with swapped("sam", fails), swapped("say", lambda _: None), self.assertRaises(local.Failure) as failed:
            local.deploy(stack, local.MiniStack(), {})
        self.assertEqual(["deploy.log", "engine.log"], [log.name for log in failed.exception.logs])


def folder_of(test: unittest.TestCase) -> Path:
    folder = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, folder)
    return Path(folder)


def stack_in(folder: Path, elsewhere: str = "") -> local.Stack:
    with swapped("LOCAL", folder):
        stack = local.Stack(1, elsewhere)
    stack.logs.mkdir(parents=True, exist_ok=True)
    return stack


@contextlib.contextmanager
def swapped(name: str, value):
    kept = getattr(local, name)
    setattr(local, name, value)
    try:
        yield
    finally:
        setattr(local, name, kept)


def restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


if __name__ == "__main__":
    unittest.main()
