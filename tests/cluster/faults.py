"""A proxy before a lab's API server that makes it behave badly, request by request.

It speaks HTTP/1.1 over TLS to the controller and hands each request on as the administrator over a connection of its own. `rule` is asked
for each request and answers None (hand it on) or one of the actions below; it also sees what it does not disturb.
"""

import asyncio
import contextlib
import json
import re
import ssl
import threading


class Request:
    def __init__(self, method, path, head, body):
        self.method, self.path, self.head, self.body = method, path, head, body
        self.is_watch = bool(re.search(r"(?i)[?&]watch=(1|true)", path))
        self.is_lease = "/leases" in path
        self.is_write = method in ("POST", "PUT", "PATCH", "DELETE") and not self.is_lease \
            and "subjectaccessreviews" not in path and "tokenreviews" not in path

    def __repr__(self):
        return f"{self.method} {self.path.split('?')[0]}"


# ---- actions ----

def answer(code, reason, message="made up by the fault proxy", after=False, retry_after=None):
    """This status; after: once the server has done what was asked."""
    return {"do": "answer", "code": code, "reason": reason, "message": message, "after": after, "retry_after": retry_after}


def drop(after=False):
    """The connection breaks; after: once the server has done what was asked."""
    return {"do": "drop", "after": after}


def delay(seconds):
    return {"do": "delay", "seconds": seconds}


def call(function, after=False):
    """Calls it, then drops the connection."""
    return {"do": "drop", "after": after, "call": function}


def watch_sends(data):
    """A watch that sends this and ends."""
    return {"do": "watch", "data": data}


class Proxy:
    """`kubeconfig` leads through it. down() and up() take it away and bring it back."""

    def __init__(self, lab):
        self.lab = lab
        self.rule = lambda request: None
        self.writes = []
        self.watches = {}    # writer of a watch that is under way -> its request
        self._muted = set()  # those of which nothing is handed on any more
        self._tasks = set()
        self._server = None
        self._port = 0
        pki = lab.instance.pki
        pki.sign("fault-proxy", "/CN=fault-proxy", ["IP:127.0.0.1"])
        self._listen_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._listen_tls.load_cert_chain(pki.dir / "fault-proxy.crt", pki.dir / "fault-proxy.key")
        self._listen_tls.set_alpn_protocols(["http/1.1"])
        self._upstream_tls = ssl.create_default_context(cafile=pki.dir / "ca.crt")
        self._upstream_tls.load_cert_chain(pki.dir / "admin.crt", pki.dir / "admin.key")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.up()
        config = json.loads(lab.instance.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self._port}"
        self.kubeconfig = lab.instance.dir / f"proxy-{self._port}.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def up(self):
        async def listen():
            self._server = await asyncio.start_server(self._client, "127.0.0.1", self._port, ssl=self._listen_tls)
            self._port = self._server.sockets[0].getsockname()[1]
        self._run(listen())

    def down(self):
        """Nobody listens any more, and every connection breaks."""
        async def close():
            self._server.close()
            await self._break()
        self._run(close())

    def break_connections(self):
        self._run(self._break())

    def mute(self, kind):
        """The watches of that kind that are under way stay, and say nothing any more. Returns how many."""
        async def mute():
            found = [w for w, request in self.watches.items() if f"/{kind}?" in request.path]
            self._muted.update(found)
            return len(found)
        return self._run(mute())

    def inject(self, kind, data):
        """Says this on the watches of that kind that are under way, between two events. Returns how many there were."""
        async def inject():
            found = [w for w, request in self.watches.items() if f"/{kind}?" in request.path]
            for writer in found:
                writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            return len(found)
        return self._run(inject())

    async def _break(self):
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)

    def stop(self):
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)

    # ---- one connection ----

    async def _client(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        body = await reader.readexactly(int(length.group(1))) if length else b""
        if re.search(rb"(?i)\r\nexpect: *100-continue", head) and not body:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = Request(method, path, head, body)
        action = self.rule(request) or {"do": "forward"}
        if request.is_write:
            self.writes.append(request)
        return await getattr(self, f"_{action['do']}")(request, writer, action)

    async def _forward(self, request, writer, action=None):
        reader, upstream = await asyncio.open_connection(self.lab.node_ip, 6443, ssl=self._upstream_tls)
        try:
            head = re.sub(rb"(?i)\r\n(connection|host|expect):[^\r]*", b"", request.head)
            upstream.write(head[:-2] + f"Host: {self.lab.node_ip}\r\nConnection: close\r\n\r\n".encode() + request.body)
            await upstream.drain()
            if writer is None:
                return await reader.read()
            if request.is_watch:
                self.watches[writer] = request
            while data := await reader.read(65536):
                if writer not in self._muted:
                    writer.write(data)
                    await writer.drain()
        finally:
            self.watches.pop(writer, None)
            self._muted.discard(writer)
            upstream.transport.abort()
        return False  # the answer said Connection: close

    async def _delay(self, request, writer, action):
        await asyncio.sleep(action["seconds"])
        return await self._forward(request, writer)

    async def _answer(self, request, writer, action):
        if action["after"]:
            await self._forward(request, None)
        body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": action["code"],
                           "reason": action["reason"], "message": action["message"]}).encode()
        more = f"Retry-After: {action['retry_after']}\r\n" if action["retry_after"] is not None else ""
        writer.write(f"HTTP/1.1 {action['code']} {action['reason']}\r\nContent-Type: application/json\r\n{more}"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    async def _drop(self, request, writer, action):
        if action["after"]:
            await self._forward(request, None)
        if "call" in action:
            action["call"]()
        return False

    async def _watch(self, request, writer, action):
        data = action["data"]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n")
            await writer.drain()
        return False
