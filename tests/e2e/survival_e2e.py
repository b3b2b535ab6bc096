"""Crash, reboot, down, up, uninstall: what must outlive what."""
import os, pathlib, re, signal, subprocess, threading, time, socket

from e2e.harness import BINARY, Cluster, Failed, eventually, run

COUNTER = """
apiVersion: v1
kind: Pod
metadata: {name: counter, labels: {app: counter}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: appliance/demo
    imagePullPolicy: IfNotPresent
    command: [/appliance, demo-server, --count-every-ms, "20"]
"""


def processes(c):
    """pid -> start time of every container process of this cluster."""
    out = {}
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                if b"demo-server" in (p / "cmdline").read_bytes() and c.cgroup_parent in (p / "cgroup").read_text():
                    out[int(p.name)] = (p / "stat").read_text().rsplit(")", 1)[1].split()[19]
            except (FileNotFoundError, ProcessLookupError):
                pass
    return out


def snapshot(c):
    """What `uninstall` must leave as it was, outside of the machine's network namespace."""
    sysctls = {p: pathlib.Path(p).read_text() for p in ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/conf/all/rp_filter"] if os.path.exists(p)}
    return {"mounts": {l.split()[1] for l in open("/proc/mounts") if str(c.home) in l}, "groups": c.groups(), "sysctls": sysctls, "links": set(os.listdir("/sys/class/net"))}


def inside_snapshot(c):
    def out(*argv):
        return set(re.sub(r"handle \d+|^\d+: ", "", l).strip() for l in c.inside(*argv, check=False).stdout.splitlines())
    keys = ["net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.route_localnet", "net.netfilter.nf_conntrack_tcp_be_liberal"]
    sysctl = {k: c.inside("cat", "/proc/sys/" + k.replace(".", "/"), check=False).stdout for k in keys}
    return {"links": out("ip", "-br", "link"), "routes": out("ip", "-4", "route", "show", "table", "all"), "addresses": out("ip", "-4", "-br", "addr"), "nft": out("nft", "list", "ruleset"),
            "neighbours": out("ip", "neigh", "show", "nud", "permanent"), "sysctl": sysctl}


def setup():
    c = Cluster("survival")
    c.before = snapshot(c)
    c.before_inside = inside_snapshot(c)
    c.files_before = set(os.listdir(c.home))
    c.up()
    c.apply(COUNTER)
    c.wait_pods("app=counter", 1)
    c.wait_pods("app=demo", 2)
    return c


def teardown(c):
    c.close()


class Clients(threading.Thread):
    """Asks the page over new and over one old connection until stopped; counts errors."""
    def __init__(self, c):
        super().__init__(daemon=True)
        script = r'''
import socket, sys, time, http.client
host, port = sys.argv[1], int(sys.argv[2])
old = http.client.HTTPConnection(host, port, timeout=5)
ok = bad = 0
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        old.request("GET", "/"); r = old.getresponse(); body = r.read(); assert r.status == 200
        new = http.client.HTTPConnection(host, port, timeout=5); new.request("GET", "/"); r = new.getresponse(); r.read(); assert r.status == 200; new.close()
        ok += 2
    except Exception as e:
        bad += 1; print("error", repr(e), file=sys.stderr, flush=True); old = http.client.HTTPConnection(host, port, timeout=5)
    time.sleep(0.005)
print(ok, bad)
'''
        self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{c.peer}", "python3", "-c", script, c.node_ip, "30080"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def finish(self):
        out, err = self.process.communicate("\n", timeout=30)
        ok, bad = map(int, out.split())
        return ok, bad, err


def restarts(c):
    return {p["metadata"]["name"]: [s["restartCount"] for s in p["status"]["containerStatuses"]] for p in c.get("pods", "-A")["items"]}


def check_sequence(c):
    numbers = [int(l) for l in c.kubectl("logs", "counter").stdout.split("\n") if l.isdigit()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the log has a gap"
    return numbers[-1]


def test_kill_9_pods_serve_on(c):
    before, counts = processes(c), restarts(c)
    last = check_sequence(c)
    clients = Clients(c)
    try:
        c.kill_server()
        c.up()
    finally:
        ok, bad, err = clients.finish()
    assert bad == 0 and ok > 10, f"{ok} answers, {bad} errors: {err}"
    assert processes(c) == before, "other processes than before"
    eventually("the node", lambda: "Ready" in c.kubectl("get", "nodes").stdout)
    assert restarts(c) == counts
    eventually("the log goes on", lambda: check_sequence(c) > last + 20)


def test_down_keep_pods(c):
    before, counts = processes(c), restarts(c)
    clients = Clients(c)
    try:
        c.appliance("down", "--keep-pods")
        assert not (c.run_dir / "control.sock").exists()
        c.up()
    finally:
        ok, bad, err = clients.finish()
    assert bad == 0, err
    assert processes(c) == before and restarts(c) == counts
    check_sequence(c)


def test_down_stops_pods_and_keeps_data(c):
    c.kubectl("create", "cm", "kept", "--from-literal=a=1")
    c.appliance("down")
    assert not processes(c)
    c.up()
    assert c.get("cm", "kept")["data"] == {"a": "1"}
    c.wait_pods("app=demo", 2)
    c.wait_pods("app=counter", 1)


def test_reboot(c):
    counts = restarts(c)
    uids = {p["metadata"]["uid"] for p in c.get("pods", "-A")["items"]}
    c.kill_server()
    def all_dead():  # every process of the pods' groups, supervisors too; they may start no new ones
        pids = {int(p) for top in c.groups() for f in top.rglob("cgroup.procs") for p in f.read_text().split()}
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not pids
    eventually("no process of the pods", all_dead)
    def unmounted():
        mounts = [l.split()[1] for l in open("/proc/mounts") if l.split()[1].startswith(str(c.home))]
        for m in reversed(mounts):
            run("umount", "-l", m, check=False)
        return not mounts
    eventually("no mounts", unmounted)
    run("rm", "-rf", c.run_dir)
    for top in c.groups():  # control groups do not outlive a kernel either
        for group in sorted(top.rglob("*"), key=lambda p: -len(str(p))):
            if group.is_dir():
                group.rmdir()
        top.rmdir()
    for link in [l.split(":")[1].split("@")[0].strip() for l in c.inside("ip", "-o", "link").stdout.splitlines()]:
        if link not in ("lo", "eth0"):
            c.inside("ip", "link", "del", link, check=False)
    c.inside("nft", "flush", "ruleset")
    for key, value in c.before_inside["sysctl"].items():
        c.inside("sh", "-c", f"echo {value.strip()} >/proc/sys/{key.replace('.', '/')}")
    c.up()
    c.wait_pods("app=demo", 2)
    c.wait_pods("app=counter", 1)
    after = restarts(c)
    assert set(after) == set(counts)
    assert {p["metadata"]["uid"] for p in c.get("pods", "-A")["items"]} == uids
    assert all(after[n] == [x + 1 for x in counts[n]] for n in counts), f"{counts} -> {after}"
    assert "It works." in c.curl(f"http://{c.node_ip}:30080/").stdout


def safe_read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_uninstall_leaves_nothing(c):
    c.inside("true")
    out = c.inside(BINARY, "uninstall", "--yes", "--write-kubeconfig", c.kubeconfig, *c.dirs()).stdout
    assert f"removed {c.data}" in out, out
    after, after_inside = snapshot(c), inside_snapshot(c)
    for key in c.before:
        assert after[key] == c.before[key], f"{key}: {after[key] ^ c.before[key] if isinstance(after[key], set) else (c.before[key], after[key])}"
    for key in c.before_inside:
        assert after_inside[key] == c.before_inside[key], f"{key}: before {c.before_inside[key]}, after {after_inside[key]}"
    left = {n for n in os.listdir(c.home) if n not in (".kube",)} - c.files_before
    assert not left, left
    assert not processes(c)
    again = c.inside(BINARY, "uninstall", "--yes", "--write-kubeconfig", c.kubeconfig, *c.dirs()).stdout
    assert "Nothing to do" in again
