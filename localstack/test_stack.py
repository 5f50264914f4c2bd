"""Tests of stack.py and of its LocalStack engines, with a fake docker and a fake LocalStack.

Run by localstack/stack's Go tests, or by python3 -m unittest in this folder. Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import engines.localstack
import place
import sam
import stack as program
from engines import LocalStack, LocalStackElsewhere, MiniStack, engine_of, mark_of
from engines.localstack import receivers
from environments import bare_environment
from place import Failure, Stack

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
        with self.assertRaises(Failure) as failed:
            LocalStack().start(self.stack)
        self.assertIn("exited (1)", str(failed.exception))
        self.assertEqual(["license of  is not known\n"], [log.read_text() for log in failed.exception.logs])

    def test_token_and_image_go_to_the_container_and_nowhere_else(self) -> None:
        self.set(LOCALSTACK_AUTH_TOKEN=SECRET, LOCALSTACK_IMAGE="localstack/localstack-pro:2026.3")
        with self.assertRaises(Failure) as failed:
            LocalStack().start(self.stack)
        up, logs = self.calls.read_text().splitlines()
        self.assertIn(f"image=localstack/localstack-pro:2026.3 token={SECRET}", up)
        self.assertNotIn(SECRET, up.split(" image=")[0])
        self.assertNotIn(SECRET, str(failed.exception))
        self.assertEqual("license of … is not known\n", failed.exception.logs[0].read_text())
        self.assertNotIn("LOCALSTACK_AUTH_TOKEN", bare_environment())

    def test_an_image_that_wants_a_token_is_explained(self) -> None:
        self.set(EXIT="55")
        with self.assertRaises(Failure) as failed:
            LocalStack().start(self.stack)
        self.assertIn("does not start without a valid LOCALSTACK_AUTH_TOKEN", str(failed.exception))

    def test_receivers_listen_where_a_network_of_docker_reaches_this_machine(self) -> None:
        for network, want in (("127.0.0.1 127.0.0.0/8", "127.0.0.1"), ("127.0.0.0/30", "127.0.0.1"), ("192.0.2.1 192.0.2.0/24", None)):
            self.set(NETWORK=network)
            found = {"RECEIVER_HOST": want or "host.docker.internal", "RECEIVER_LISTEN": want or "127.0.0.1"}
            self.assertEqual(found, receivers("bridge"), network)

    def test_the_caller_may_say_where_receivers_are(self) -> None:
        self.set(RECEIVER_HOST="10.0.0.5", RECEIVER_LISTEN="0.0.0.0")
        self.assertEqual({"RECEIVER_HOST": "10.0.0.5", "RECEIVER_LISTEN": "0.0.0.0"}, receivers("bridge"))


class Elsewhere(unittest.TestCase):
    """A LocalStack that was not started here. status is the status of its stack hookwarden; empty: it has none."""

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
                """Print nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.folder = folder_of(self)
        self.stack = stack_in(self.folder, f"http://127.0.0.1:{server.server_port}")
        self.engine = LocalStackElsewhere()

    def test_it_is_taken_when_it_answers_and_has_no_stack_of_that_name(self) -> None:
        self.engine.claim(self.stack)

    def test_a_stack_that_is_not_ours_is_left_alone(self) -> None:
        self.status = "CREATE_COMPLETE"
        with self.assertRaisesRegex(Failure, "was not deployed from here"):
            self.engine.claim(self.stack)
        self.engine.end(self.stack)
        self.assertEqual(0, self.deleted)

    def test_one_that_does_not_answer_is_named(self) -> None:
        with self.assertRaisesRegex(Failure, "no LocalStack answers at LOCALSTACK_ENDPOINT=http://127.0.0.1:9"):
            self.engine.claim(stack_in(self.folder, "http://127.0.0.1:9"))

    def test_the_end_deletes_the_stack_alone(self) -> None:
        self.stack.engine_file.write_text(mark_of(self.stack, self.engine))
        self.status = "CREATE_COMPLETE"
        self.engine.end(self.stack)
        self.assertEqual(1, self.deleted)

    def test_the_place_is_remembered(self) -> None:
        self.stack.engine_file.write_text(mark_of(self.stack, self.engine))
        found = stack_in(self.folder)
        self.assertEqual(self.stack.endpoint, found.endpoint)
        self.assertIsInstance(engine_of(found), LocalStackElsewhere)

    def test_without_ses_it_says_that_no_mail_is_sent(self) -> None:
        for self.has_ses, values, said in ((False, {}, 1), (True, {}, 0), (False, {"SesEndpoint": "http://mailbox:1"}, 0)):
            lines = []
            with swapped(engines.localstack, "say", lines.append):
                self.engine.complete(self.stack, {"MailFrom": "a@b.example"} | values)
            self.assertEqual(said, len(lines), lines)


class Place(unittest.TestCase):
    def test_the_port_is_the_endpoints(self) -> None:
        for port, endpoint, want in ((4566, "http://127.0.0.1:4567/", (4567, "http://127.0.0.1:4567")),
                                     (place.DEFAULT_PORT, "https://localstack.internal", (443, "https://localstack.internal")),
                                     (4567, "http://localhost:4567", (4567, "http://localhost:4567")),
                                     (4731, "", (4731, "http://127.0.0.1:4731"))):
            found = place.place(port, endpoint)
            self.assertEqual(want, (found.port, found.endpoint))

    def test_what_is_no_endpoint_is_refused(self) -> None:
        for port, endpoint in ((4566, "127.0.0.1:4566"), (4566, "http://127.0.0.1:4566/path"), (4566, "ftp://a:1"), (4731, "http://127.0.0.1:4567"),
                               (4566, "http://127.0.0.1:99999")):
            with self.assertRaisesRegex(Failure, "LOCALSTACK_ENDPOINT"):
                place.place(port, endpoint)

    def test_what_is_no_port_is_refused(self) -> None:
        for port in (0, -1, 65536, 99999):
            with self.assertRaisesRegex(Failure, f"PORT is {port}, but must be from 1 to 65535"):
                place.place(port)


class CommandLine(unittest.TestCase):
    """What stack.py prints, for a stack in a folder of the test's own."""

    def run_with(self, *arguments: str, local: Path | None = None) -> tuple[int, list[str]]:
        said = []
        with swapped(place, "LOCAL", local or folder_of(self)), swapped(place, "ROOT", Path("/")), swapped(program, "say", said.append), \
                swapped(sys, "argv", ["stack.py", *arguments]), swapped(signal, "signal", lambda *_: None):
            return program.main(), said

    def test_a_port_that_is_none_is_one_sentence(self) -> None:
        for port in ("0", "99999"):
            for command in ("up", "down", "sam"):
                self.assertEqual((1, [f"stack.py: PORT is {port}, but must be from 1 to 65535."]), self.run_with(command, "--port", port))

    def test_a_folder_that_nobody_may_write_is_one_sentence(self) -> None:
        for reason in (errno.EROFS, errno.EACCES):
            def refuse(*_, **__) -> None:
                raise OSError(reason, os.strerror(reason), "/checkout/.local")

            with swapped(program, "setup", refuse):
                self.assertEqual((1, [f"stack.py: cannot use /checkout/.local: {os.strerror(reason)}."]), self.run_with("up"))

    def test_no_sentence_ends_twice(self) -> None:
        def fail(*_) -> None:
            raise Failure("hookwarden's local stack needs make.")

        with swapped(program, "setup", fail):
            self.assertEqual((1, ["stack.py: hookwarden's local stack needs make."]), self.run_with("setup"))

    def test_down_says_what_it_did(self) -> None:
        local = folder_of(self)
        (local / "4731").mkdir()
        self.assertEqual((0, [f"the stack at http://127.0.0.1:4731 is down, and its folder {str(local)[1:]}/4731 is removed"]), self.run_with("down", "--port", "4731", local=local))
        self.assertFalse((local / "4731").exists())
        self.assertEqual((0, ["there is no stack at http://127.0.0.1:4731: nothing was stopped"]), self.run_with("down", "--port", "4731", local=local))


class Overrides(unittest.TestCase):
    def test_they_are_read_as_they_are_quoted(self) -> None:
        for value in ("a b", 'say "so"', "back\\slash", ""):
            [_, argument] = sam.overrides({"Name": value})
            self.assertEqual(f"Name={value}", shlex.split(argument)[0])


class Deployment(unittest.TestCase):
    def test_one_that_fails_shows_the_end_of_the_engines_log_too(self) -> None:
        folder = folder_of(self)
        stack = stack_in(folder)

        def fails(*_, **__) -> None:
            raise Failure("sam deploy failed", stack.logs / "deploy.log")

        with swapped(sam, "run", fails), swapped(place, "say", lambda _: None), self.assertRaises(Failure) as failed:
            program.deploy(stack, MiniStack(), {})
        self.assertEqual(["deploy.log", "engine.log"], [log.name for log in failed.exception.logs])


def folder_of(test: unittest.TestCase) -> Path:
    folder = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, folder)
    return Path(folder)


def stack_in(folder: Path, elsewhere: str = "") -> Stack:
    with swapped(place, "LOCAL", folder):
        stack = Stack(1, elsewhere)
    stack.logs.mkdir(parents=True, exist_ok=True)
    return stack


@contextlib.contextmanager
def swapped(module, name: str, value):
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


def restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


if __name__ == "__main__":
    unittest.main()
