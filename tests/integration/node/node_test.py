"""NodeService: what a controller asks of it."""
import shutil
import subprocess
import threading
import time

import grpc
import pytest

from world import IMAGE, http_probe, new_id, pb


def fails(code, reason, fn, *args):
    with pytest.raises(grpc.RpcError) as e:
        fn(*args)
    assert e.value.code() == code, e.value
    details = dict(e.value.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    assert reason.encode() in details, e.value
    return e.value.details()


def test_says_what_the_host_can_do(node):
    reply = node.stub.GetNode(pb.GetNodeRequest(), timeout=5)
    classes = {c.name: c for c in reply.runtime_classes}
    assert set(classes) == {"gvisor", "runc", "crun", "kata", "native"}
    assert classes["gvisor"].available and "runsc" in classes["gvisor"].path
    assert not classes["kata"].available and "gvisor" in classes["kata"].detail
    assert reply.cpus > 0 and reply.memory_bytes > 1 << 28


def page(node, path):
    reply = subprocess.run(["curl", "-s", "--max-time", "5", "--unix-socket", node.folder / "node.sock", f"http://node{path}"],
                           capture_output=True, text=True, check=True, timeout=10)
    return reply.stdout


def test_figures(node):
    node.stub.GetNode(pb.GetNodeRequest(), timeout=5)
    node.stub.DeleteSandbox(pb.DeleteSandboxRequest(instance_id=new_id()), timeout=5)
    assert page(node, "/healthz") == "ok\n"
    lines = page(node, "/metrics").splitlines()
    method = 'grpc_type="unary",grpc_service="agentsandbox.v1.NodeService",grpc_method='
    assert any(x.startswith(f'grpc_server_handled_total{{{method}"GetNode",grpc_code="OK"}} ') for x in lines), lines
    assert any(x.startswith(f'grpc_server_handled_total{{{method}"DeleteSandbox",grpc_code=') for x in lines), lines
    assert any(x.startswith(f'grpc_server_handling_seconds_count{{{method}"GetNode"}} ') for x in lines), lines
    assert "sandbox_node_sandboxes 0" in lines


def test_create_ready_delete(node, runtime_class):
    request = node.request(runtime_class)
    created = node.create(request)
    assert created.state in (pb.INSTANCE_STATE_CREATING, pb.INSTANCE_STATE_RUNNING)
    ready = node.wait(request.instance_id, lambda i: i.ready)
    assert ready.agent_connected and ready.last_probe.success and ready.last_probe.probe == "readiness"
    assert ready.runtime_class == runtime_class and ready.image_id.startswith("sha256:")
    assert ready.ready_time.seconds >= ready.start_time.seconds > 0

    again = node.create(request)
    assert again.instance_id == request.instance_id
    other = pb.CreateSandboxRequest()
    other.CopyFrom(request)
    other.hostname = "other"
    fails(grpc.StatusCode.ALREADY_EXISTS, "AlreadyExists", node.create, other)

    reply = node.delete(request.instance_id)
    assert reply.instance.state == pb.INSTANCE_STATE_DELETED
    assert node.get(request.instance_id) is None
    assert not node.delete(request.instance_id).HasField("instance")
    assert node.cgroup_pids(request.instance_id) == set()


def test_command_environment_and_identity(node, runtime_class):
    script = 'echo "$A $HOSTNAME $(id -u):$(id -g) $(pwd) $HOME"; cat /etc/hostname; ls -A /.agent-sandbox/run 2>&1; exit 3'
    request = node.request(runtime_class, probe=False, command=["/bin/sh", "-c"], args=[script], working_dir="/tmp",
                           env=[pb.ContainerEnv(name="A", value="b c")])
    node.create(request)
    end = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert (end.cause.kind, end.cause.exit_code, end.cause.reason) == (1, 3, "Error")
    lines = node.output(request.instance_id).splitlines()
    assert lines[0] == "b c web 1000:1000 /tmp /app"
    assert lines[1] == "web"
    assert "control.sock" not in lines[2:]
    node.delete(request.instance_id)


def test_the_shared_root_is_not_changed(node, runtime_class):
    mounts = [pb.EmptyDirMount(name="d", mount_path="/not/in/the/image"),
              pb.EmptyDirMount(name="m", mount_path="/mem", memory=True, size_limit_bytes=1 << 20)]
    script = "echo x >/made && echo y >/not/in/the/image/f && head -c 4000000 /dev/zero >/mem/f; ls -l /mem/f; rm /etc/passwd; ls /"
    request = node.request(runtime_class, probe=False, command=["/bin/sh", "-c", script], mounts=mounts, run_as_user=0)
    node.create(request)
    end = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert end.cause.exit_code == 0, node.output(request.instance_id)
    assert (node.instance_dir(request.instance_id) / "volumes/d/f").read_text() == "y\n"
    assert "made" in node.output(request.instance_id) and "4000000" not in node.output(request.instance_id)
    root = next((node.cache / "images/roots").iterdir()) / "rootfs"
    assert (root / "etc/passwd").exists() and not (root / "made").exists() and not (root / "not").exists()
    node.delete(request.instance_id)


def test_storage_limit(node, runtime_class):
    script = "head -c 30000000 /dev/zero >/app/small && echo fits; head -c 200000000 /dev/zero >/app/large || echo full"
    request = node.request(runtime_class, probe=False, command=["/bin/sh", "-c", script],
                           ephemeral_storage_limit_bytes=64 << 20)
    node.create(request)
    node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    lines = node.output(request.instance_id).splitlines()
    assert lines[0] == "fits" and lines[-1] == "full"
    node.delete(request.instance_id)


def test_read_only_root(node, runtime_class):
    script = "echo x >/app/x && echo written; echo y >/data/y && echo volume"
    request = node.request(runtime_class, probe=False, command=["/bin/sh", "-c", script], read_only_root=True,
                           mounts=[pb.EmptyDirMount(name="d", mount_path="/data")])
    node.create(request)
    node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    output = node.output(request.instance_id)
    assert "volume" in output and "written" not in output
    node.delete(request.instance_id)


def test_only_loopback(node, runtime_class):
    script = ("import socket\n"
              "print([n for _, n in socket.if_nameindex()])\n"
              "l = socket.create_server(('127.0.0.1', 4000)); socket.create_connection(('127.0.0.1', 4000)); print('lo up')\n"
              "try: socket.create_connection(('192.0.2.1', 80), 2); print('OUT')\n"
              "except OSError as e: print('closed')\n")
    request = node.request(runtime_class, probe=False, command=["python3", "-c", script])
    node.create(request)
    node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert node.output(request.instance_id).splitlines() == ["['lo']", "lo up", "closed"]
    node.delete(request.instance_id)


def test_memory_limit(node, runtime_class):
    request = node.request(runtime_class, probe=False, command=["python3", "-c", "x = b'a' * (500 << 20)"],
                           memory_limit_bytes=128 << 20)
    node.create(request)
    end = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert end.cause.kind == 3, end
    assert end.cause.reason == "OOMKilled"
    assert end.cause.limit_bytes == 128 << 20 and end.cause.peak_bytes > 100 << 20
    node.delete(request.instance_id)


def test_pids_limit(node):
    script = "i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; echo forked $(ls -d /proc/[0-9]* | wc -l)"
    request = node.request("runc", probe=False, command=["/bin/sh", "-c", script], pids_limit=20)
    node.create(request)
    end = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert end.cause.exit_code != 0 and "forked" not in node.output(request.instance_id)
    node.delete(request.instance_id)


@pytest.mark.parametrize("name,code,reason", [
    ("no-such", grpc.StatusCode.INVALID_ARGUMENT, "RuntimeClassUnknown"),
    ("kata", grpc.StatusCode.FAILED_PRECONDITION, "RuntimeClassUnavailable"),
    ("native", grpc.StatusCode.FAILED_PRECONDITION, "RuntimeClassUnavailable"),
])
def test_classes_that_cannot_be(node, name, code, reason):
    assert name in fails(code, reason, node.create, node.request(name))


def test_bad_requests(node):
    request = node.request("runc")
    request.container.image = "no/such:1"
    assert "no/such:1" in fails(grpc.StatusCode.NOT_FOUND, "ImageNotFound", node.create, request)
    request = node.request("runc")
    request.instance_id = "../../etc"
    fails(grpc.StatusCode.INVALID_ARGUMENT, "BadRequest", node.create, request)
    assert node.list() == []


def test_a_start_that_fails_leaves_nothing(node, runtime_class):
    # A name of an environment variable that no OCI runtime minds, but a mount over a file, which none can do.
    request = node.request(runtime_class, mounts=[pb.EmptyDirMount(name="d", mount_path="/etc/passwd/x")])
    fails(grpc.StatusCode.INTERNAL, "RuntimeFailed", node.create, request)
    end = time.monotonic() + 5
    while node.list() and time.monotonic() < end:
        time.sleep(0.01)
    assert node.list() == [] and node.cgroup_pids(request.instance_id) == set()


def test_restart_with_back_off(node):
    request = node.request("runc", probe=False, policy=pb.RESTART_POLICY_ON_FAILURE, command=["/bin/sh", "-c", "exit 4"])
    begin = time.monotonic()
    node.create(request)
    i = node.wait(request.instance_id, lambda i: i.restart_count == 2)
    assert time.monotonic() - begin > 2.9
    assert i.cause.exit_code == 4 and i.state == pb.INSTANCE_STATE_RUNNING
    node.delete(request.instance_id)

    request = node.request("runc", probe=False, policy=pb.RESTART_POLICY_ON_FAILURE, command=["/bin/true"])
    node.create(request)
    i = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert i.restart_count == 0 and i.cause.reason == "Completed"
    node.delete(request.instance_id)


def test_probes(node):
    request = node.request("runc", readiness_probe=http_probe(port=9))
    node.create(request)
    i = node.wait(request.instance_id, lambda i: i.HasField("last_probe"))
    assert not i.ready and not i.last_probe.success and i.last_probe.message
    node.delete(request.instance_id)

    request = node.request("runc", policy=pb.RESTART_POLICY_ALWAYS,
                           liveness_probe=http_probe(port=9, period_ms=50, failure_threshold=2))
    node.create(request)
    i = node.wait(request.instance_id, lambda i: i.restart_count == 1)
    assert i.cause.kind == 10 and "liveness" in i.cause.message
    node.delete(request.instance_id, grace=0)


@pytest.mark.parametrize("probe", [
    pb.Probe(exec=pb.ExecProbe(argv=["/bin/sh", "-c", "exit 0"]), period_ms=1000),
    pb.Probe(tcp_port=8888, period_ms=1000),
    pb.Probe(grpc=pb.GrpcProbe(port=8888), period_ms=1000),
], ids=["exec", "tcp", "grpc"])
def test_kinds_of_probes(node, probe):
    request = node.request("runc", readiness_probe=probe, startup_probe=probe)
    begin = time.monotonic()
    node.create(request)
    node.wait(request.instance_id, lambda i: i.ready)
    assert time.monotonic() - begin < 5
    node.delete(request.instance_id, grace=0)


def test_a_startup_probe_that_never_succeeds(node):
    request = node.request("runc", startup_probe=pb.Probe(tcp_port=9, period_ms=100, failure_threshold=3))
    node.create(request)
    end = node.wait(request.instance_id, lambda i: i.state == pb.INSTANCE_STATE_ENDED)
    assert end.cause.kind == 10 and "startup" in end.cause.message and not end.HasField("ready_time")
    node.delete(request.instance_id)


def test_crun(node):
    assert shutil.which("crun"), "crun is missing: the tests need it in PATH"
    request = node.request("crun", memory_limit_bytes=256 << 20)
    node.create(request)
    node.wait(request.instance_id, lambda i: i.ready)
    node.delete(request.instance_id)
    assert node.cgroup_pids(request.instance_id) == set()


def doctor(node, folder):
    """What the doctor says with only that folder in PATH, by the first word after ok or NO; its exit code."""
    out = subprocess.run([node.program, "doctor"], env={"PATH": str(folder)}, capture_output=True, text=True, timeout=20)
    lines = [line.split(None, 2) for line in out.stdout.splitlines()]
    return {what: (ok == "ok", rest) for ok, what, rest in lines}, out.returncode


def test_a_host_without_a_modern_gvisor(node, tmp_path):
    found, code = doctor(node, tmp_path)
    assert code == 1 and found["gvisor"] == (False, found["gvisor"][1]) and "not in PATH" in found["gvisor"][1]
    assert not found["skopeo"][0] and not found["runc"][0]

    old = tmp_path / "runsc"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "runsc version 2022" && exit 0\nexit 2\n')
    old.chmod(0o755)
    found, code = doctor(node, tmp_path)
    assert code == 1 and not found["gvisor"][0] and "too old" in found["gvisor"][1] and "2022" in found["gvisor"][1]


@pytest.mark.parametrize("option,value,reason", [
    ("--state-dir", "/proc/no/such", "StateNotWritable"),
    ("--run-dir", "/tmp/" + "x" * 90, "PathTooLong"),
    ("--agent", "/no/such/agent", "CommandNotFound"),
    ("--listen", "127.0.0.1:0", "BadAddress"),
    ("--cache-dir", "relative", "BadRequest"),
])
def test_a_node_that_cannot_serve(node, tmp_path, option, value, reason):
    options = {"--listen": f"unix:{tmp_path}/n.sock", "--state-dir": tmp_path / "s", "--run-dir": tmp_path / "r",
               "--cache-dir": tmp_path / "c", "--agent": node.agent, "--router-fds": ""}
    options[option] = value
    command = [node.program, "node"] + [str(word) for pair in options.items() for word in pair]
    out = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert out.returncode == 1 and f"reason={reason}" in out.stderr, out.stderr


def test_a_wrong_command_line(node):
    for arguments in (["node", "--no-such"], ["node", "--controller-uid", "root"], ["node", "x"], ["no-such"], []):
        assert subprocess.run([node.program, *arguments], capture_output=True, timeout=20).returncode == 2, arguments


def test_watch(node):
    seen, synced = [], threading.Event()
    call = node.stub.WatchSandboxes(pb.WatchSandboxesRequest())

    def follow():
        try:
            for m in call:
                if m.synced:
                    synced.set()
                else:
                    seen.append((m.instance.instance_id, m.instance.state, m.instance.ready))
        except grpc.RpcError:
            pass

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        assert synced.wait(5)
        request = node.request("runc")
        node.create(request)
        node.wait(request.instance_id, lambda i: i.ready)
        node.delete(request.instance_id)
        end = time.monotonic() + 5
        while (not seen or seen[-1][1] != pb.INSTANCE_STATE_DELETED) and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        call.cancel()
        thread.join(10)
    states = [s for i, s, _ in seen if i == request.instance_id]
    assert states == sorted(states) and states[0] == pb.INSTANCE_STATE_CREATING
    assert states[-1] == pb.INSTANCE_STATE_DELETED
    assert (request.instance_id, pb.INSTANCE_STATE_RUNNING, True) in seen


def test_many_at_once(node):
    requests = [node.request("runc") for _ in range(12)]
    futures = [node.stub.CreateSandbox.future(r, timeout=60) for r in requests]
    for f in futures:
        f.result()
    for r in requests:
        node.wait(r.instance_id, lambda i: i.ready)
    for f in [node.stub.DeleteSandbox.future(pb.DeleteSandboxRequest(instance_id=r.instance_id), timeout=60) for r in requests]:
        f.result()
    assert node.list() == []


def test_images(node, image_source):
    other = f"local/{new_id()}:1"
    futures = [node.stub.ImportImage.future(pb.ImportImageRequest(source=image_source, name=other), timeout=120)
               for _ in range(3)]
    digests = {f.result().image.digest for f in futures}
    listed = {i.name: i for i in node.stub.ListImages(pb.ListImagesRequest(), timeout=5).images}
    assert digests == {listed[IMAGE].digest} and listed[other].size_bytes > 1 << 20
    node.stub.RemoveImage(pb.RemoveImageRequest(name=other), timeout=5)
    fails(grpc.StatusCode.NOT_FOUND, "ImageNotFound", node.stub.RemoveImage, pb.RemoveImageRequest(name=other))
    assert len(list((node.cache / "images/roots").iterdir())) == 1


def test_an_archive(node, image_source, tmp_path):
    archive = f"oci-archive:{tmp_path}/image.tar:v1"
    subprocess.run(["skopeo", "copy", "--quiet", "--insecure-policy", image_source, archive], check=True, timeout=60)
    name = f"local/{new_id()}:1"
    imported = node.import_image(archive, name)
    assert imported.name == name and imported.digest.startswith("sha256:") and imported.size_bytes > 1 << 20
    request = node.request("runc", image=name)
    node.create(request)
    node.wait(request.instance_id, lambda i: i.ready)
    node.delete(request.instance_id, grace=0)
    node.stub.RemoveImage(pb.RemoveImageRequest(name=name), timeout=5)


def test_an_archive_that_is_cut_off(node, image_source, tmp_path):
    subprocess.run(["skopeo", "copy", "--quiet", "--insecure-policy", image_source, f"oci-archive:{tmp_path}/i.tar:v1"],
                   check=True, timeout=60)
    whole = (tmp_path / "i.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    fails(grpc.StatusCode.INVALID_ARGUMENT, "BadImage", node.import_image, f"oci-archive:{tmp_path}/cut.tar:v1", "a/b:c")


@pytest.mark.parametrize("source,code,reason", [
    ("oci:/no/such/folder:x", grpc.StatusCode.INVALID_ARGUMENT, "BadImage"),
    ("dir:/etc", grpc.StatusCode.INVALID_ARGUMENT, "BadImage"),
    ("docker://127.0.0.1:1/a/b:c", grpc.StatusCode.UNAVAILABLE, "RegistryUnreachable"),
])
def test_images_that_cannot_be(node, source, code, reason):
    fails(code, reason, node.import_image, source, "a/b:c")


def test_an_image_in_use_stays(node):
    request = node.request("runc")
    node.create(request)
    fails(grpc.StatusCode.FAILED_PRECONDITION, "Conflict", node.stub.RemoveImage, pb.RemoveImageRequest(name=IMAGE))
    node.delete(request.instance_id, grace=0)
