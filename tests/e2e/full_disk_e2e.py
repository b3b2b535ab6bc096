"""A full disk, for real (issue 4.4): the data folder is a small ext4 on a loop device, and something else fills it to the last block."""
import json, os, time

from e2e.harness import Cluster, eventually, run
from e2e.survival_e2e import Clients, processes, restarts

GRACE_S = 12  # far below the default: the disk stays full for longer than a silent node would be forgiven
TOLERATION_S = 4  # longer than a heartbeat takes to come back, far below the default


def setup():
    c = Cluster("disk", ["--node-monitor-grace-period", f"{GRACE_S}s", "--default-unreachable-toleration-seconds", str(TOLERATION_S)])
    image = c.home / "image"
    with open(image, "wb") as file:
        file.truncate(1300 << 20)  # what `check` asks for, and a little; sparse
    run("mkfs.ext4", "-q", "-F", "-m", "0", image)
    c.data.mkdir()
    run("mount", "-o", "loop", image, c.data)
    c.up()
    c.wait_pods("app=demo", 2)
    return c


def teardown(c):
    c.close()


def fill(path):
    size = 64 << 20
    with open(path, "wb", buffering=0) as file:
        while size >= 1 << 20:  # the bulk without writing it
            try:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
            except OSError:
                size //= 2
        file.seek(0, os.SEEK_END)
        while size >= 512:
            try:
                file.write(b"b" * size)
            except OSError:
                size //= 2


def create(c, n):
    """A ConfigMap of half a MiB, so that the log's prepared space is soon used up."""
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"big-{n}"}, "data": {"x": "x" * (1 << 19)}})
    return c.kubectl("create", "-f", "-", input=body, check=False)


def node_ready(c):
    return any(x["type"] == "Ready" and x["status"] == "True" for x in c.get("node", "n1")["status"]["conditions"])


def uids(c):
    return {p["metadata"]["uid"] for p in c.get("pods", "-A")["items"]}


def test_writes_are_refused_pods_go_on_and_room_brings_writes_back(c):
    c.kubectl("create", "cm", "before", "--from-literal=a=1")
    running, counts, pods = processes(c), restarts(c), uids(c)
    assert len(running) == 2
    eventually("the log's spare segment", lambda: list((c.data / "store/log").glob("spare-*")))
    ballast = c.data / "ballast"
    clients = Clients(c)
    try:
        fill(ballast)
        made = 0
        while (done := create(c, made)).returncode == 0:
            made += 1
            assert made < 200, "a full disk takes everything"
        full_since = time.monotonic()
        assert "no space left on device" in done.stderr and str(c.data) in done.stderr and "writes are refused" in done.stderr, done.stderr
        small = c.kubectl("create", "cm", "small", check=False)
        assert small.returncode == 1 and "no space left on device" in small.stderr, small
        # A person sees it at once, and reads go on.
        assert "no space left on device" in c.appliance("status", check=False).stdout
        assert c.get("cm", "before")["data"] == {"a": "1"}
        assert len([n for n in c.kubectl("get", "cm", "-o", "name").stdout.split() if "/big-" in n]) == made
        assert c.kubectl("exec", "deploy/demo", "--", "/appliance", "version").stdout.startswith("appliance ")
        while time.monotonic() < full_since + 1.5 * GRACE_S:  # heartbeats are writes too: the node must not be given up for it
            assert "It works." in c.curl(f"http://{c.node_ip}:30080/").stdout
            time.sleep(0.5)
        assert processes(c) == running
        ballast.unlink()
        eventually("writes again", lambda: c.kubectl("create", "cm", "after", "--from-literal=a=2", check=False).returncode == 0)
        eventually("a good status", lambda: "no space left" not in c.appliance("status", check=False).stdout)
        eventually("a ready node", lambda: node_ready(c))
        time.sleep(TOLERATION_S + 1)  # longer than the toleration: who was to be evicted would be gone
        assert uids(c) == pods and restarts(c) == counts and processes(c) == running, f"{pods} {uids(c)}\n{counts} {restarts(c)}"
    finally:
        ok, bad, err = clients.finish()
        ballast.unlink(missing_ok=True)
    assert bad == 0 and ok > 100, f"{ok} answers, {bad} errors: {err}"
    for n in range(made):
        c.kubectl("delete", "cm", f"big-{n}")


def test_a_server_starts_on_a_full_disk_and_recovers(c):
    running, counts = processes(c), restarts(c)
    ballast = c.data / "ballast"
    try:
        fill(ballast)
        c.kill_server()
        c.up()
        assert c.get("cm", "after")["data"] == {"a": "2"} and processes(c) == running
    finally:
        ballast.unlink(missing_ok=True)
    eventually("writes again", lambda: c.kubectl("create", "cm", "third", check=False).returncode == 0)
    eventually("a ready node", lambda: node_ready(c))
    assert restarts(c) == counts and processes(c) == running
