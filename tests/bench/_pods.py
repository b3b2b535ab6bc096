"""What the benchmarks of pods share: a small pod, many at once, what a machine holds on to."""
import json, os, pathlib, subprocess, threading, time
from e2e.harness import eventually, run
from bench._common import *

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"app": "b"}}, "spec": {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [{"name": "c", "image": "appliance/demo", "imagePullPolicy": "IfNotPresent"}]}}


def counts(c):
    pid = c.server_pid()
    groups = sum(1 for top in c.groups() for _ in top.rglob("*") if _.is_dir())
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")), "mounts": sum(str(c.home) in l for l in open("/proc/mounts")), "groups": groups,
            "links": len(c.inside("ip", "-o", "link").stdout.splitlines())}


def watch(c, seen, stop):
    """Times at which the API said Running, by name, from one watch."""
    process = c.popen("curl", "-sN", "--unix-socket", c.run_dir / "control.sock", "http://localhost/api/v1/namespaces/default/pods?watch=1", stdout=subprocess.PIPE)
    stop.append(process)
    for text in process.stdout:
        event = json.loads(text)
        name, status = event["object"]["metadata"]["name"], event["object"].get("status", {})
        if event["type"] == "DELETED":
            seen.pop(name, None)
        elif status.get("phase") == "Running" and name not in seen:
            seen[name] = time.perf_counter()


CREATE = r'''
import http.client, json, socket, sys, time
class U(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
c = U("localhost"); pod = json.load(sys.stdin)
for name in sys.argv[2:]:
    pod["metadata"]["name"] = name
    c.request("POST", "/api/v1/namespaces/default/pods", json.dumps(pod), {"Content-Type": "application/json"}); r = c.getresponse(); r.read(); assert r.status == 201, r.status
'''


def create(c, names):
    run("python3", "-c", CREATE, c.run_dir / "control.sock", *names, input=json.dumps(POD))


def supervisors(c):
    """PSS of each pod's supervisor, in KB."""
    pids = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and (lambda t: c.cgroup_parent in t and "supervisor" in t)((p / "cgroup").read_text() if (p / "cgroup").exists() else "")]
    return [pss_kb(p) for p in pids]


def settle(c, links=2):
    eventually("links gone", lambda: counts(c)["links"] <= links, 60)


def come_and_go(c, seen, name, number, links=2):
    """So many pods at once, Running, deleted, gone."""
    names = [f"{name}-{i}" for i in range(number)]
    create(c, names)
    eventually("running", lambda: all(n in seen for n in names), 120)
    c.kubectl("delete", "pods", "-l", "app=b", "--force", "--grace-period=0")
    eventually("gone", lambda: not c.get("pods", "-l", "app=b")["items"], 120)
    settle(c, links)


def drop_events(c):
    """How many events there were; then none. In a cluster they live for an hour."""
    number = len(c.get("events")["items"])
    done = c.inside("curl", "-sS", "--max-time", "120", "-X", "DELETE", "--unix-socket", c.run_dir / "control.sock", "-w", "%{http_code}", "-o", "/dev/null", "http://localhost/api/v1/namespaces/default/events").stdout
    assert done == "200", done
    eventually("events gone", lambda: len(c.get("events")["items"]) < 20)
    return number
