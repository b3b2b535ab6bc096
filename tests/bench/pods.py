"""Pods: created to Running one by one, 50 at once, and 200 that come and go without leaving anything."""
import json, threading, time
from e2e.harness import Cluster, eventually, run
from bench._common import *
from bench._pods import *

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
    found = supervisors(c)
    line("supervisor of a pod, median KB PSS at 50", f"{median(found):.0f}" if found else "not found", "200")
    c.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
    eventually("all gone", lambda: not c.get("pods")["items"])
    settle(c)
    before = counts(c)
    for r in range(4):
        come_and_go(c, seen, f"flat-{r}", 50)
    after = counts(c)
    both = ", ".join(f"{before[what]} and {after[what]} {what}" for what in before)
    line("before and after 200 pods", both, "equal")
finally:
    for process in stop:
        process.kill()
        process.wait()
    c.close()
