#!/usr/bin/env python3
"""Agent Sandbox from Python: grpcio and gen/python, nothing else.

    client.py CONTROLLER ROUTER [POOL]

Claims a sandbox, runs a command in it, talks with `cat` both ways, and releases it. Prints one line per step on
stdout; any surprise is a traceback and exit code 1.
"""
import pathlib
import queue
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "gen" / "python"))

import grpc  # noqa: E402

from agentsandbox.v1 import claim_pb2, claim_pb2_grpc  # noqa: E402
from agentsandbox.v1 import common_pb2, exec_pb2, exec_pb2_grpc  # noqa: E402
from agentsandbox.v1 import stream_pb2, stream_pb2_grpc  # noqa: E402

ROUNDS = 20
TIMEOUT_S = 60


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, got {got!r}")


def claim_sandbox(claims, pool):
    request = claim_pb2.CreateClaimRequest(
        namespace="default",
        request_id=f"python-{uuid.uuid4()}",
        spec=claim_pb2.ClaimSpec(pool=pool),
        delete_on_failure=True,
    )
    response = claims.CreateClaim(request, timeout=TIMEOUT_S)
    again = claims.CreateClaim(request, timeout=TIMEOUT_S)

    expect(response.existed, False, "existed, first call")
    expect(again.existed, True, "existed, second call of the same request_id")
    expect(again.claim.uid, response.claim.uid, "uid of the claim made twice")
    expect(response.claim.phase, claim_pb2.CLAIM_PHASE_READY, "phase of the claim")
    print(f"claimed {response.claim.name}: sandbox {response.claim.sandbox.name}", flush=True)
    return response.claim


def run_command(execs, metadata):
    command = exec_pb2.Command(shell="echo hello from the sandbox; cat; echo oops >&2; exit 3")
    response = execs.Run(
        exec_pb2.RunRequest(command=command, stdin=b"over stdin\n"), timeout=TIMEOUT_S, metadata=metadata
    )

    expect(response.stdout, b"hello from the sandbox\nover stdin\n", "stdout")
    expect(response.stderr, b"oops\n", "stderr")
    expect(response.exec.cause.kind, common_pb2.CAUSE_KIND_EXITED, "cause")
    expect(response.exec.cause.exit_code, 3, "exit code")
    print("ran a command", flush=True)


class Requests:
    """An iterator that grpcio pulls requests from; None ends it."""

    def __init__(self):
        self.queue = queue.Queue()

    def __iter__(self):
        return iter(self.queue.get, None)

    def send(self, **kind):
        self.queue.put(stream_pb2.AttachRequest(**kind))


class Cat:
    """A conversation with `cat`: what goes in comes out, at the offset where it should."""

    def __init__(self, streams, metadata):
        self.requests = Requests()
        self.responses = streams.Attach(iter(self.requests), timeout=TIMEOUT_S, metadata=metadata)
        self.sent = 0
        self.received = 0

    def start(self):
        command = exec_pb2.Command(argv=["cat"], stdin=True)
        start = exec_pb2.StartRequest(command=command, on_disconnect=exec_pb2.ON_DISCONNECT_KILL)
        self.requests.send(start=start)
        first = next(self.responses)
        expect(first.WhichOneof("kind"), "started", "first response")
        expect(first.started.state, exec_pb2.EXEC_STATE_RUNNING, "state of cat")

    def say(self, data):
        self.requests.send(stdin=stream_pb2.StdinData(offset=self.sent, data=data))
        self.sent += len(data)

    def hear(self, n):
        data = b""
        while len(data) < n:
            response = next(self.responses)
            kind = response.WhichOneof("kind")
            if kind == "stdin_ack":
                continue
            expect(kind, "output", "response")
            expect(response.output.stream, stream_pb2.OUTPUT_STREAM_STDOUT, "stream")
            expect(response.output.offset, self.received, "offset")
            data += response.output.data
            self.received += len(response.output.data)
        return data

    def end(self):
        self.requests.send(stdin=stream_pb2.StdinData(offset=self.sent, eof=True))
        kinds = []
        for response in self.responses:
            kind = response.WhichOneof("kind")
            if kind != "stdin_ack":
                kinds.append(kind)
                last = response
        expect(kinds, ["exited"], "responses after the end of stdin")
        expect(last.exited.cause.kind, common_pb2.CAUSE_KIND_EXITED, "cause of cat's end")
        expect(last.exited.cause.exit_code, 0, "exit code of cat")
        expect(last.exited.stdout_end, self.sent, "bytes that cat wrote")
        self.requests.queue.put(None)


def talk_with_cat(streams, metadata):
    cat = Cat(streams, metadata)
    cat.start()
    for i in range(ROUNDS):
        line = f"round {i}: {'x' * i}\n".encode()
        cat.say(line)
        expect(cat.hear(len(line)), line, f"round {i}")
    cat.end()
    print(f"talked with cat, {ROUNDS} rounds", flush=True)


def expect_code(call, code, what):
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code(), code, what)
        expect(bool(error.details()), True, f"{what}: a sentence")
        return
    raise AssertionError(f"{what}: expected {code}, got an answer")


def release(claims, claim):
    request = claim_pb2.DeleteClaimRequest(namespace=claim.namespace, name=claim.name, uid=claim.uid, wait=True)
    claims.DeleteClaim(request, timeout=TIMEOUT_S)
    get = claim_pb2.GetClaimRequest(namespace=claim.namespace, name=claim.name)
    expect_code(lambda: claims.GetClaim(get, timeout=TIMEOUT_S), grpc.StatusCode.NOT_FOUND, "the released claim")
    print("released", flush=True)


def main(controller, router, pool="python-sandbox-warmpool"):
    with grpc.insecure_channel(controller) as to_controller, grpc.insecure_channel(router) as to_router:
        claims = claim_pb2_grpc.ClaimServiceStub(to_controller)
        execs = exec_pb2_grpc.ExecServiceStub(to_router)
        streams = stream_pb2_grpc.StreamServiceStub(to_router)
        claim = claim_sandbox(claims, pool)
        metadata = (("x-sandbox-id", claim.sandbox.name), ("x-sandbox-namespace", claim.namespace))
        try:
            run_command(execs, metadata)
            talk_with_cat(streams, metadata)
        finally:
            release(claims, claim)
        nobody = (("x-sandbox-id", "no-such-sandbox"), ("x-sandbox-namespace", "default"))
        expect_code(
            lambda: execs.List(exec_pb2.ListExecsRequest(), timeout=TIMEOUT_S, metadata=nobody),
            grpc.StatusCode.NOT_FOUND,
            "a sandbox that is not there",
        )
    print("ok", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
