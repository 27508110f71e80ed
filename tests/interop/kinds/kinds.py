#!/usr/bin/env python3
"""The four kinds of call on grpcio and gen/python: kinds.py serve | kinds.py call HOST:PORT. See ../README.md."""
import pathlib
import queue
import signal
import sys
from concurrent import futures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "gen" / "python"))

import grpc  # noqa: E402

from agentsandbox.v1 import file_pb2, file_pb2_grpc, stream_pb2, stream_pb2_grpc  # noqa: E402

N_CHUNKS, N_WRITES, WRITE_BYTES, N_ROUNDS = 1000, 100, 1000, 20
TIMEOUT_S = 60


class Files(file_pb2_grpc.FileServiceServicer):
    def Stat(self, request, context):
        if not request.path:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "path is empty")
        return file_pb2.StatResponse(info=file_pb2.FileInfo(path=request.path, size_bytes=len(request.path)))

    def Read(self, request, context):
        for i in range(request.length):
            yield file_pb2.ReadResponse(offset=i, data=f"chunk {i}".encode())

    def Write(self, request_iterator, context):
        path, n = "", 0
        for request in request_iterator:
            if request.WhichOneof("kind") == "open":
                path = request.open.path
            n += len(request.data)
        return file_pb2.WriteResponse(info=file_pb2.FileInfo(path=path, size_bytes=n))


class Streams(stream_pb2_grpc.StreamServiceServicer):
    def Attach(self, request_iterator, context):
        for request in request_iterator:
            yield stream_pb2.AttachResponse(output=stream_pb2.OutputData(offset=request.stdin.offset, data=request.stdin.data))


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(4))
    file_pb2_grpc.add_FileServiceServicer_to_server(Files(), server)
    stream_pb2_grpc.add_StreamServiceServicer_to_server(Streams(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(1))
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"expected {wanted!r}, got {got!r}")


def call_files(files):
    info = files.Stat(file_pb2.StatRequest(path="/a/b"), timeout=TIMEOUT_S).info
    expect((info.path, info.size_bytes), ("/a/b", 4))
    print("unary")
    try:
        files.Stat(file_pb2.StatRequest(), timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        expect((error.code(), error.details()), (grpc.StatusCode.INVALID_ARGUMENT, "path is empty"))
    else:
        raise AssertionError("an empty path was taken")
    print("error")
    chunks = [(r.offset, r.data) for r in files.Read(file_pb2.ReadRequest(path="/a", length=N_CHUNKS), timeout=TIMEOUT_S)]
    expect(chunks, [(i, f"chunk {i}".encode()) for i in range(N_CHUNKS)])
    print("server-streaming")
    requests = [file_pb2.WriteRequest(open=file_pb2.WriteOpen(path="/w"))]
    requests += [file_pb2.WriteRequest(data=b"x" * WRITE_BYTES)] * N_WRITES
    info = files.Write(iter(requests), timeout=TIMEOUT_S).info
    expect((info.path, info.size_bytes), ("/w", N_WRITES * WRITE_BYTES))
    print("client-streaming")


def call_streams(streams):
    requests = queue.Queue()
    answers = streams.Attach(iter(requests.get, None), timeout=TIMEOUT_S)
    for i in range(N_ROUNDS):
        data = f"round {i}".encode()
        requests.put(stream_pb2.AttachRequest(stdin=stream_pb2.StdinData(offset=i, data=data)))
        output = next(answers).output
        expect((output.offset, output.data), (i, data))
    requests.put(None)
    expect(list(answers), [])
    print("bidi")


def call(target):
    with grpc.insecure_channel(target) as channel:
        call_files(file_pb2_grpc.FileServiceStub(channel))
        call_streams(stream_pb2_grpc.StreamServiceStub(channel))
    print("ok")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) == 3 and sys.argv[1] == "call":
        call(sys.argv[2])
    else:
        sys.exit(__doc__)
