"""Pods: created to Running one by one, 50 at once, and 200 that come and go without leaving anything."""
import datetime, json, os, pathlib, subprocess, threading, time
from e2e.harness import BINARY, Cluster, eventually, run
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


c = Cluster("bench")
seen, stop = {}, []
try:
    c.up("--no-demo")
    c.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    threading.Thread(target=watch, args=(c, seen, stop), daemon=True).start()
    script = r'''
import http.client, json, socket, sys, time
class U(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
w = U("localhost"); w.request("GET", "/api/v1/namespaces/default/pods?watch=1"); answer = w.getresponse()
c = U("localhost"); pod = json.load(sys.stdin); times = []
for i in range(40):
    pod["metadata"]["name"] = f"one-{i}"; start = time.perf_counter()
    c.request("POST", "/api/v1/namespaces/default/pods", json.dumps(pod), {"Content-Type": "application/json"}); r = c.getresponse(); r.read(); assert r.status == 201
    while True:
        e = json.loads(answer.readline())
        if e["object"]["metadata"]["name"] == f"one-{i}" and e["object"].get("status", {}).get("phase") == "Running": break
    times.append(time.perf_counter() - start)
print(json.dumps(times))
'''
    times = json.loads(run("python3", "-c", script, c.run_dir / "control.sock", input=json.dumps(POD)).stdout)
    line("pod created to Running, p50 ms", f"{percentile(times, 50) * 1000:.0f}", "60")
    line("pod created to Running, p99 ms", f"{percentile(times, 99) * 1000:.0f}")
    c.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
    eventually("all gone", lambda: not c.get("pods")["items"])
    eventually("groups gone", lambda: counts(c)["mounts"] < 10)
    names = [f"many-{i}" for i in range(50)]
    start = time.perf_counter()
    create(c, names)
    eventually("50 running", lambda: all(n in seen for n in names))
    line("50 pods at once to Running, s", f"{max(seen[n] for n in names) - start:.2f}", "2")
    pids = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and (lambda t: c.cgroup_parent in t and "supervisor" in t)((p / "cgroup").read_text() if (p / "cgroup").exists() else "")]
    supervisors = [pss_kb(p) for p in pids]
    line("supervisor of a pod, median KB PSS at 50", f"{median(supervisors):.0f}" if supervisors else "not found", "200")
    c.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
    eventually("all gone", lambda: not c.get("pods")["items"])
    settle = lambda: eventually("links gone", lambda: counts(c)["links"] <= 2, 60)
    settle()
    before, memory = counts(c), pss_kb(c.server_pid())
    for r in range(4):
        names = [f"flat-{r}-{i}" for i in range(50)]
        create(c, names)
        eventually("running", lambda: all(n in seen for n in names))
        c.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
        eventually("gone", lambda: not c.get("pods")["items"])
        settle()
    after = counts(c)
    for what in before:
        line(f"after 200 pods: {what}, before and after", f"{before[what]} and {after[what]}", "equal")
    line("after 200 pods: server, MB PSS, before and after", f"{memory / 1024:.1f} and {pss_kb(c.server_pid()) / 1024:.1f}", "flat")
finally:
    for process in stop:
        process.kill()
        process.wait()
    c.close()
