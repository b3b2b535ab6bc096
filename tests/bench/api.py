"""The API server: ConfigMap creates at 1 and 64 clients with the server's CPU for each, and a list of 5,000 pods of ~2 KB."""
import json, time
from e2e.harness import Cluster, run
from bench._common import *

CLIENT = r'''
import http.client, json, socket, sys, threading, time
path, clients, total, prefix = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
class U(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(path)
times, lock = [], threading.Lock()
def work(k):
    c, mine = U("localhost"), []
    for i in range(total // clients):
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{prefix}-{k}-{i}"}, "data": {"k": "x" * 256}})
        start = time.perf_counter()
        c.request("POST", "/api/v1/namespaces/default/configmaps", body, {"Content-Type": "application/json"}); r = c.getresponse(); r.read()
        assert r.status == 201, r.status
        mine.append(time.perf_counter() - start)
    with lock: times.extend(mine)
threads = [threading.Thread(target=work, args=(k,)) for k in range(clients)]
start = time.perf_counter(); [t.start() for t in threads]; [t.join() for t in threads]; wall = time.perf_counter() - start
times.sort(); print(json.dumps([len(times) / wall, times[len(times) // 2] * 1000, times[int(len(times) * .99)] * 1000]))
'''
c = Cluster("bench")
try:
    c.up("--no-demo")
    pid = c.server_pid()
    for clients, total in ((1, 1000), (64, 6400)):
        before = cpu_seconds(pid)
        rate, p50, p99 = json.loads(run("python3", "-c", CLIENT, c.run_dir / "control.sock", clients, total, f"c{clients}", timeout=300).stdout)
        line(f"ConfigMap creates, {clients} client{'s' if clients > 1 else ''}: per second; p50 and p99 ms; server CPU µs each", f"{rate:.0f}; {p50:.2f} and {p99:.1f}; {(cpu_seconds(pid) - before) / total * 1e6:.0f}")
    pods = r'''
import http.client, json, socket, sys
class U(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
c = U("localhost")
for i in range(5000):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{i:05}", "annotations": {"x": "y" * 900}}, "spec": {"schedulerName": "none", "automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}]}}
    c.request("POST", "/api/v1/namespaces/default/pods", json.dumps(pod), {"Content-Type": "application/json"}); r = c.getresponse(); r.read(); assert r.status == 201, r.status
'''
    run("python3", "-c", pods, c.run_dir / "control.sock", timeout=300)
    times, size = [], 0
    before = cpu_seconds(pid)
    for _ in range(9):
        start = time.perf_counter()
        size = len(c.inside("curl", "-sS", "--unix-socket", c.run_dir / "control.sock", "http://localhost/api/v1/pods").stdout)
        times.append(time.perf_counter() - start)
    line("list of 5,000 pods: MB; median ms; server CPU ms each", f"{size / 1e6:.1f}; {median(times) * 1000:.0f}; {(cpu_seconds(pid) - before) / 9 * 1000:.0f}")
    line("server with 5,000 pods and 7,400 ConfigMaps, MB PSS", f"{pss_kb(pid) / 1024:.0f}")
finally:
    c.close()
