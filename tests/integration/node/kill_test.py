"""kill -9 of each process: the cause is right within 2 s, and nothing is left."""
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from world import IMAGE, Node, pb


def ready(node, runtime_class, **kw):
    request = node.request(runtime_class, **kw)
    node.create(request)
    node.wait(request.instance_id, lambda i: i.ready)
    return request.instance_id


def ended_within_2s(node, instance_id, since):
    i = node.wait(instance_id, lambda i: i.HasField("cause"), timeout=5)
    assert time.monotonic() - since < 2
    return i


def gone(node, instance_id):
    end = time.monotonic() + 2
    while node.cgroup_pids(instance_id) and time.monotonic() < end:
        time.sleep(0.01)
    assert node.cgroup_pids(instance_id) == set()


def test_of_the_container(node, runtime_class):
    """The agent itself under runc, runsc's sandbox process under gVisor."""
    instance_id = ready(node, runtime_class)
    begin = time.monotonic()
    os.kill(node.container_pid(instance_id), signal.SIGKILL)
    i = ended_within_2s(node, instance_id, begin)
    assert i.state == pb.INSTANCE_STATE_ENDED and not i.ready and not i.agent_connected
    assert i.cause.signal == 9
    assert i.cause.kind == (8 if runtime_class == "gvisor" else 2)
    gone(node, instance_id)
    node.delete(instance_id)


def test_of_the_container_restarts_it(node, runtime_class):
    instance_id = ready(node, runtime_class, policy=pb.RESTART_POLICY_ON_FAILURE)
    os.kill(node.container_pid(instance_id), signal.SIGKILL)
    i = node.wait(instance_id, lambda i: i.restart_count == 1 and i.ready)
    assert i.state == pb.INSTANCE_STATE_RUNNING and i.cause.signal == 9
    node.delete(instance_id, grace=0)


def test_of_the_gofer(node):
    instance_id = ready(node, "gvisor")
    gofers = [p for p in node.cgroup_pids(instance_id)
              if pathlib.Path(f"/proc/{p}/cmdline").read_text().startswith("runsc-gofer")]
    begin = time.monotonic()
    os.kill(gofers[0], signal.SIGKILL)
    i = ended_within_2s(node, instance_id, begin)
    assert i.cause.kind == 8 and "helper" in i.cause.message
    gone(node, instance_id)
    node.delete(instance_id)


def test_of_the_monitor(node, runtime_class):
    instance_id = ready(node, runtime_class, policy=pb.RESTART_POLICY_ALWAYS)
    begin = time.monotonic()
    os.kill(node.monitor_pid(instance_id), signal.SIGKILL)
    i = ended_within_2s(node, instance_id, begin)
    assert i.state == pb.INSTANCE_STATE_ENDED and i.cause.kind == 8 and i.cause.reason == "SandboxLost"
    gone(node, instance_id)
    node.delete(instance_id)


def test_of_the_node(node, runtime_class):
    """A running one is found again; what ended meanwhile and what was lost are reported as such."""
    running, killed, lost = (ready(node, runtime_class) for _ in range(3))
    pid = node.container_pid(running)
    node.stop(signal.SIGKILL)
    os.kill(node.container_pid(killed), signal.SIGKILL)
    os.kill(node.monitor_pid(lost), signal.SIGKILL)
    time.sleep(0.3)
    begin = time.monotonic()
    node.start()
    i = node.wait(running, lambda i: i.ready)
    assert time.monotonic() - begin < 2
    assert node.container_pid(running) == pid and i.restart_count == 0
    assert node.get(killed).cause.signal == 9
    assert node.get(lost).cause.reason == "SandboxLost"
    gone(node, lost)
    for instance_id in (running, killed, lost):
        node.delete(instance_id)
    assert node.list() == []


def test_of_the_node_in_the_middle_of_a_creation(node, runtime_class):
    requests = [node.request(runtime_class) for _ in range(4)]
    futures = [node.stub.CreateSandbox.future(r, timeout=30) for r in requests]
    time.sleep(0.03)
    node.stop(signal.SIGKILL)
    for f in futures:
        f.exception()
    node.start()
    for r in requests:
        i = node.get(r.instance_id)
        assert i is None or i.state in (pb.INSTANCE_STATE_RUNNING, pb.INSTANCE_STATE_ENDED)
        node.delete(r.instance_id, grace=0)
        gone(node, r.instance_id)


def test_a_stopped_node_leaves_them_running(node):
    instance_id = ready(node, "runc")
    assert node.stop() == 0
    assert os.path.exists(f"/proc/{node.container_pid(instance_id)}")
    node.start()
    node.wait(instance_id, lambda i: i.ready)
    node.delete(instance_id, grace=0)


def test_an_ephemeral_node_takes_all_along(pytestconfig, image_source, runtime_class):
    """At the end of its lifeline it removes its sandboxes and its folders; the cache stays."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="n-", dir="/tmp"))
    lifeline, ours = os.pipe()
    try:
        node = Node(folder, pytestconfig.getoption("--runtime"), pytestconfig.getoption("--agent"))
        node.start("--ephemeral", "--lifeline-fd", str(lifeline), pass_fds=(lifeline,))
        node.import_image(image_source, IMAGE)
        instance_ids = [ready(node, runtime_class) for _ in range(2)]
        pids = [node.container_pid(i) for i in instance_ids]
        begin = time.monotonic()
        os.close(ours)
        ours = -1
        assert node.process.wait(timeout=10) == 0
        assert time.monotonic() - begin < 3
        node.channel.close()
        assert node.leftovers_after(2) == []
        assert not any(os.path.exists(f"/proc/{p}") for p in pids)
        assert sorted(p.name for p in folder.iterdir()) == ["c", "log"]
    finally:
        os.close(lifeline)
        if ours >= 0:
            os.close(ours)
        shutil.rmtree(folder, ignore_errors=True)


def test_of_an_ephemeral_node_and_its_supervisor(pytestconfig, image_source):
    """Nobody is left to clean up but the monitors: they hold the lifeline too."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="n-", dir="/tmp"))
    lifeline, ours = os.pipe()
    try:
        node = Node(folder, pytestconfig.getoption("--runtime"), pytestconfig.getoption("--agent"))
        node.start("--ephemeral", "--lifeline-fd", str(lifeline), pass_fds=(lifeline,))
        node.import_image(image_source, IMAGE)
        instance_id = ready(node, "gvisor")
        node.process.kill()
        node.process.wait(timeout=5)
        node.channel.close()
        assert node.cgroup_pids(instance_id)
        os.close(ours)
        ours = -1
        gone(node, instance_id)
        assert [p for p in node.leftovers_after(2) if "/proc/" in p or instance_id in p and "cgroup" in p] == []
    finally:
        os.close(lifeline)
        if ours >= 0:
            os.close(ours)
        for pid in node.cgroup_pids():
            os.kill(pid, signal.SIGKILL)
        gone(node, "")
        for cgroup in glob.glob(f"/sys/fs/cgroup/*/agent-sandbox/{node.id}"):
            os.rmdir(cgroup)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_second_node_is_refused(node):
    out = subprocess.run([node.program, "node", "--listen", f"unix:{node.folder}/other.sock", "--router-fds", "",
                          "--state-dir", node.state, "--run-dir", node.run, "--cache-dir", node.cache, "--agent", node.agent],
                         capture_output=True, text=True, timeout=20)
    assert out.returncode == 1 and "reason=AddressInUse" in out.stderr


def test_of_the_router(node):
    """The data connection waits while there is no router, and goes to the next one, unread."""
    node.stop()
    path = f"{node.folder}/fds.sock"
    node.start(router_fds=path)
    instance_id = ready(node, "runc")
    generations = []
    for _ in range(2):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(5)
        connection, _ = listener.accept()
        connection.settimeout(5)
        data, fds, _, _ = socket.recv_fds(connection, 64, 4)
        assert data[:32].rstrip(b"\0").decode() == instance_id and len(data) == 40 and len(fds) == 1
        generations.append(int.from_bytes(data[32:], "little"))
        stream = socket.socket(fileno=fds[0])
        stream.settimeout(5)
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        assert stream.recv(9)[3] == 4  # SETTINGS of the agent, which serves on it
        for s in (stream, connection, listener):
            s.close()
        os.unlink(path)
    assert generations[1] > generations[0]
    node.delete(instance_id, grace=0)
    node.stop()
    node.start()
