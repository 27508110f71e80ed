"""Everything wrong that people and peers hand us: said clearly, with a stable reason word, and nothing breaks."""
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile

import grpc
import pytest

from system import ROOT, SANDBOXCTL, pool, template, wait_for

sys.path.insert(0, str(ROOT / "gen/python"))

from agentsandbox.v1 import claim_pb2, claim_pb2_grpc, template_pb2, template_pb2_grpc  # noqa: E402


# ---- manifests ----

def apply(system, text, *flags):
    with tempfile.TemporaryDirectory(prefix="asb-test-") as folder:
        file = pathlib.Path(folder) / "bad.yaml"
        file.write_text(text)
        result = system.ctl("apply", "-f", file, *flags)
        result.stderr = result.stderr.replace(str(file), "bad.yaml")
        return result


def test_yaml_that_does_not_parse_has_a_place(system):
    result = apply(system, "apiVersion: v1\nkind: [unclosed\nmetadata:\n  name: x\n")
    assert result.returncode == 1
    assert "bad.yaml:3:" in result.stderr and "BadRequest" in result.stderr


def test_unknown_kind(system):
    result = apply(system, "apiVersion: extensions.agents.x-k8s.io/v1beta1\nkind: SandboxTemplat\nmetadata: {name: x}\n")
    assert result.returncode == 1
    assert "bad.yaml:2:" in result.stderr and "SandboxTemplat" in result.stderr


def test_wrong_type_names_path_and_place(system):
    result = apply(system, pool("bad", "fast").replace("replicas: 1", "replicas: two").replace("---\n", ""))
    assert result.returncode == 1
    assert "bad.yaml:6:" in result.stderr and "spec.replicas" in result.stderr and "two" in result.stderr


def test_unknown_field_is_a_warning(system):
    result = apply(system, template("warned", container="frobnicate: 1"))
    assert result.returncode == 0, result.stderr
    assert "warning" in result.stderr and "frobnicate" in result.stderr and "bad.yaml:13:" in result.stderr
    assert system.ctl("delete", "template", "warned").returncode == 0


def test_nothing_of_a_bad_file_is_applied(system):
    result = apply(system, template("half") + pool("half", "half").replace("replicas: 1", "replicas: -3"))
    assert result.returncode == 1
    assert system.ctl("get", "template", "half").returncode == 1


def test_isolation_is_never_weakened(system):
    result = apply(system, template("host", extra="hostNetwork: true"))
    assert result.returncode == 1
    assert "hostNetwork" in result.stderr and "PodSpecUnsupported" in result.stderr


def test_missing_file(system):
    result = system.ctl("apply", "-f", "/no/such/file.yaml")
    assert result.returncode == 1 and "/no/such/file.yaml" in result.stderr


# ---- claims that cannot be served ----

@pytest.mark.parametrize("flag, word", [("--template", "TemplateNotFound"), ("--pool", "PoolNotFound")])
def test_unknown_source(system, flag, word):
    result = system.ctl("run", flag, "no-such-thing", "true")
    assert result.returncode == 125
    assert word in result.stderr and "no-such-thing" in result.stderr
    assert result.stdout == ""


def claim_fails(system, manifest, name, flags=(), timeout=60):
    system.apply(manifest)
    try:
        result = system.ctl("run", "--template", name, *flags, "true", timeout=timeout)
        assert result.returncode == 125
        return result.stderr
    finally:
        system.ctl("delete", "template", name)


def test_image_that_is_not_in_the_store(system):
    said = claim_fails(system, template("noimage", image="example.com/not/there:v9"), "noimage")
    assert "ImageNotFound" in said and "example.com/not/there:v9" in said


@pytest.mark.parametrize("runtime, word", [("kata", "RuntimeClassUnavailable"), ("frobvisor", "RuntimeClassUnknown")])
def test_runtime_class_that_the_host_cannot_do(system, runtime, word):
    said = claim_fails(system, template("norun", runtime=runtime), "norun")
    assert word in said and runtime in said


def test_a_probe_that_never_succeeds(system):
    probe = "readinessProbe:\n  httpGet: {path: /nothing-here, port: 8889}\n  periodSeconds: 1\n"
    said = claim_fails(system, template("noprobe", container=probe), "noprobe", flags=("--wait", "5s"))
    assert "ProbeTimeout" in said and "readiness" in said and "refused" in said.lower()


# ---- peers that break the rules ----

def is_well(system):
    assert system.ctl("run", "--pool", "fast", "--", "echo", "well").stdout == "well\n"


@pytest.mark.parametrize("door", ["controller.sock", "router.sock", "node.sock"])
@pytest.mark.parametrize("garbage", [
    b"\0" * 4096,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + b"\x00\x40\x00\x01\x25\x00\x00\x00\x01" + b"\xff" * 16384,
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    os.urandom(65536),
], ids=["zeros", "preface-ff", "bad-hpack", "http1-length", "random"])
def test_garbage_ends_its_own_connection_only(system, door, garbage):
    before = system.services()
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(15)
    peer.connect(f"{system.run_dir}/{door}")
    try:
        peer.sendall(garbage)
        while peer.recv(65536):
            pass
    except (ConnectionError, BrokenPipeError):
        pass
    peer.close()
    assert system.services() == before


def stub(system, kind, channel_name, **options):
    channel = grpc.insecure_channel(f"unix:{system.run_dir}/{channel_name}", options=list(options.items()))
    return kind(channel)


def test_oversized_message_is_refused_by_its_code(system):
    templates = stub(system, template_pb2_grpc.TemplateServiceStub, "controller.sock")
    request = template_pb2.ApplyRequest(manifests=[template_pb2.Manifest(json=b" " * (5 << 20))])
    with pytest.raises(grpc.RpcError) as failed:
        templates.Apply(request, timeout=20)
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    is_well(system)


def test_oversized_metadata_is_refused(system):
    claims = stub(system, claim_pb2_grpc.ClaimServiceStub, "controller.sock")
    with pytest.raises(grpc.RpcError) as failed:
        claims.ListClaims(claim_pb2.ListClaimsRequest(), timeout=20, metadata=[(f"x-{i}", "y" * 1000) for i in range(40)])
    assert failed.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
    is_well(system)


def test_bad_requests_name_what_is_wrong(system):
    claims = stub(system, claim_pb2_grpc.ClaimServiceStub, "controller.sock")
    for request in (claim_pb2.CreateClaimRequest(), claim_pb2.CreateClaimRequest(name="Bad_Name", spec=claim_pb2.ClaimSpec(pool="fast"))):
        with pytest.raises(grpc.RpcError) as failed:
            claims.CreateClaim(request, timeout=20)
        assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert failed.value.details()


def test_the_router_serves_claimed_sandboxes_only(system):
    member = next(n for n in system.ctl("get", "sandboxes", "-o", "name").stdout.split() if "/fast" in n)
    result = system.ctl("exec", member, "true")
    assert result.returncode == 125
    assert "NotClaimed" in result.stderr or "SandboxNotFound" in result.stderr
    result = system.ctl("exec", "sandbox/never-was", "true")
    assert result.returncode == 125 and "SandboxNotFound" in result.stderr


# ---- starting ----

def up(*flags, timeout=60):
    return subprocess.run([SANDBOXCTL, "up", "--foreground", *flags], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


def test_a_second_up_in_the_same_folders_is_refused(system):
    result = up("--run-dir", system.run_dir, "--state-dir", str(system.state_dir))
    assert result.returncode == 1
    assert "AddressInUse" in result.stderr and "running already" in result.stderr
    is_well(system)


def test_state_folder_that_cannot_be_written(system):
    result = up("--run-dir", "/run/asb-test-nowrite", "--state-dir", "/proc/sys/nothing")
    assert result.returncode == 1 and "StateNotWritable" in result.stderr
    assert not pathlib.Path("/run/asb-test-nowrite").exists()


def test_a_database_of_a_newer_schema_is_refused():
    with tempfile.TemporaryDirectory(prefix="asb-test-", dir="/var/lib") as state:
        flags = ("--run-dir", f"/run/{pathlib.Path(state).name}", "--state-dir", state)
        database = pathlib.Path(state) / "controller/store.db"
        first = subprocess.Popen([SANDBOXCTL, "up", "--foreground", *flags], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # Its socket is there before its database is: only an answer says that it is open.
            wait_for(lambda: subprocess.run([SANDBOXCTL, "get", "pools", *flags[:2]], capture_output=True, timeout=30).returncode == 0,
                     60, "the controller serves")
        finally:
            first.send_signal(signal.SIGINT)
            first.wait(60)
        store = sqlite3.connect(f"file:{database}?mode=rw", uri=True)  # not made here
        store.execute("PRAGMA user_version = 9999")
        store.commit()
        store.close()

        result = up(*flags)
        assert result.returncode == 1 and "SchemaTooNew" in result.stderr
        store = sqlite3.connect(database)
        assert store.execute("PRAGMA user_version").fetchone() == (9999,)
        store.close()
        subprocess.run([SANDBOXCTL, "down", "--all", *flags], capture_output=True, timeout=60, check=True)
        os.mkdir(state)  # for the end of the block


@pytest.mark.parametrize("args, says", [
    (("frobnicate",), "frobnicate"),
    (("get", "frobs"), "frobs"),
    (("get", "pools", "--frob"), "--frob"),
    (("apply",), "-f"),
    (("image", "import"), "import"),
])
def test_wrong_usage_says_what_and_exits_with_2(args, says):
    result = subprocess.run([SANDBOXCTL, *args], capture_output=True, text=True, timeout=10)
    assert result.returncode == 2
    assert says in result.stderr and result.stdout == ""


def test_services_that_are_not_there():
    result = subprocess.run([SANDBOXCTL, "get", "pools", "--run-dir", "/run/asb-test-none"], capture_output=True, text=True, timeout=10)
    assert result.returncode == 1 and "NotRunning" in result.stderr and "sandboxctl up" in result.stderr
