"""A server, a worker on its segment, and a worker behind a router: joined, used, restarted, lost and taken out again."""
import json, pathlib, re, subprocess, threading, time

from e2e import oci
from e2e.fleet import Fleet
from e2e.harness import BINARY, eventually, run

SLEEP = ["sleep", "100000"]
WEB = ["sh", "-c", "mkdir /tmp/w; hostname >/tmp/w/index.html; dd if=/dev/zero of=/tmp/w/big bs=1M count=4 2>/dev/null; exec httpd -f -p 8000 -h /tmp/w"]


def setup():
    f = Fleet("join")
    f.n1 = f.server("--node-monitor-grace-period", "4s", "--default-unreachable-toleration-seconds", "5s")
    f.w1, f.w2 = f.add("w1", "a"), f.add("w2", "b")
    started = time.monotonic()
    f.joined = f.w1.join(f.token()).stdout
    f.join_seconds = time.monotonic() - started
    f.w2.join(f.token())
    oci.tools_archive(f.n1.home / "tools.tar")
    for machine in f.machines:
        machine.appliance("image import", f.n1.home / "tools.tar", "--tag", "test/tools:1")
    f.n1.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    f.explain = lambda: "\n".join(m.explain() for m in f.machines)
    for node in ("n1", "w1", "w2"):
        pod(f, f"on-{node}", node)
    return f


def teardown(f):
    f.close()


def pod(f, name, node=None, command=WEB, wait=True, **spec):
    labels = {"app": name, **({"set": "fleet"} if command == WEB else {})}
    f.n1.apply(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
                           "spec": dict({"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "test/tools:1", "command": command, "ports": [{"name": "http", "containerPort": 8000}]}]},
                                        **({"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}), **spec)}))
    if wait:
        f.n1.wait_pods(f"app={name}", 1)


def sh(f, name, script, check=True):
    return f.n1.kubectl("exec", name, "--", "sh", "-c", script, check=check).stdout


def ip_of(f, name):
    return f.n1.get("pod", name)["status"]["podIP"]


def node_ready(f, name):
    return next(c for c in f.n1.get("node", name)["status"]["conditions"] if c["type"] == "Ready")["status"]


def test_token_create_prints_the_whole_command(f):
    text = f.n1.appliance("token create").stdout
    command = re.search(rf"appliance join {re.escape(f.n1.node_ip)}:6443 --token (K10[0-9a-f]{{64}}::[a-z0-9]{{6}}\.[a-z0-9]{{32}})", text)
    assert command, text
    ca = run("openssl", "x509", "-in", f.n1.data / "pki/ca.crt", "-outform", "DER", "-out", f.n1.home / "ca.der")
    assert run("sha256sum", f.n1.home / "ca.der").stdout.split()[0] in command.group(1), (ca, command.group(1))


def test_join_makes_a_ready_worker(f):
    assert "node w1 is Ready" in f.joined, f.joined
    for node, address in (("n1", f.n1.node_ip), ("w1", f.w1.node_ip), ("w2", f.w2.node_ip)):
        live = f.n1.get("node", node)
        assert node_ready(f, node) == "True"
        assert {"type": "InternalIP", "address": address} in live["status"]["addresses"]
    ranges = [f.n1.get("node", n)["spec"]["podCIDR"] for n in ("n1", "w1", "w2")]
    assert ranges == ["10.42.0.0/24", "10.42.1.0/24", "10.42.2.0/24"], ranges
    status = json.loads(f.w1.appliance("status", "-o", "json").stdout)
    assert status["role"] == "worker" and status["problems"] == [], status


def test_join_again_and_up_change_nothing(f):
    before = f.w1.server_pid()
    assert "Nothing to do" in f.w1.join(f.token()).stdout
    assert "Nothing to do" in f.w1.inside(BINARY, "up", *f.w1.dirs()).stdout
    assert f.w1.server_pid() == before


def test_keys_stay_at_home(f):
    """The worker's keys are 0600 and nowhere on the server; certificates are the node's own, with client and server use apart."""
    key = (f.w1.data / "pki/node.key").read_text()
    assert (f.w1.data / "pki/node.key").stat().st_mode & 0o777 == 0o600 and (f.w1.data / "pki/kubelet.key").stat().st_mode & 0o777 == 0o600
    body = key.splitlines()[1][48:]  # behind the 36 bytes that every P-256 key begins with
    assert run("grep", "-rlF", body, f.w1.data / "pki", check=False).stdout.split() == [str(f.w1.data / "pki/node.key")]
    assert run("grep", "-rlF", body, f.n1.data, check=False).stdout == ""
    for file, usage, name in (("node.crt", "TLS Web Client Authentication", "system:node:w1"), ("kubelet.crt", "TLS Web Server Authentication", "system:node:w1")):
        eventually(file, lambda: (f.w1.data / "pki" / file).exists())
        text = run("openssl", "x509", "-noout", "-text", "-in", f.w1.data / "pki" / file).stdout
        assert usage in text and name in text and "system:nodes" in text, text
    assert f"IP Address:{f.w1.node_ip}" in text and "DNS:w1" in text, text
    kinds = {(c["spec"]["signerName"], c["spec"]["username"].split(":")[1]) for c in f.n1.get("csr")["items"]}
    assert {("kubernetes.io/kube-apiserver-client-kubelet", "bootstrap"), ("kubernetes.io/kubelet-serving", "node")} <= kinds, kinds


def test_node_identity_has_limits(f):
    pki = f.w1.data / "pki"
    def ask(method, path, body=None):
        out = f.w1.inside("curl", "-sS", "-o", f.w1.home / "answer", "-w", "%{http_code}", "-X", method, "--cacert", pki / "ca.crt", "--cert", pki / "node.crt", "--key", pki / "node.key",
                          *(["-H", "Content-Type: application/merge-patch+json", "-d", json.dumps(body)] if body else []), f"https://{f.n1.node_ip}:6443{path}").stdout
        return int(out)
    assert ask("GET", "/api/v1/nodes/w1") == 200
    assert ask("PATCH", "/api/v1/nodes/w2/status", {"status": {"conditions": []}}) == 403
    assert ask("DELETE", "/api/v1/nodes/n1") == 403
    assert ask("GET", "/api/v1/namespaces/kube-system/secrets") == 403
    assert ask("GET", "/api/v1/pods") == 403
    assert ask("PATCH", "/api/v1/namespaces/default/pods/on-w2/status", {"status": {"phase": "Failed"}}) == 403
    assert ask("PATCH", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w2", {"spec": {"holderIdentity": "x"}}) == 403


def test_mutual_tls_everywhere(f):
    """Without a certificate nobody is served: neither by the API nor by a kubelet; with a node's own, not by a kubelet."""
    eventually("kubelet API of w1", lambda: f.n1.inside("curl", "-sk", "-o", "/dev/null", f"https://{f.w1.node_ip}:10250/healthz", check=False).returncode == 0)
    url = f"https://{f.w1.node_ip}:10250/containerLogs/default/on-w1/c"
    code = lambda machine, *argv: machine.inside("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", *argv, check=False).stdout
    assert code(f.n1, url) in ("401", "403"), code(f.n1, url)
    pki = f.w2.data / "pki"
    assert code(f.w2, "--cert", pki / "node.crt", "--key", pki / "node.key", url) == "403"
    server = f.n1.data / "pki"
    assert code(f.n1, "--cert", server / "kubelet-client.crt", "--key", server / "kubelet-client.key", url) == "200"
    assert code(f.w1, f"https://{f.n1.node_ip}:6443/api/v1/nodes") in ("401", "403")
    assert f.w1.inside("curl", "-sS", f"http://{f.n1.node_ip}:6443/version", check=False).stdout.find("gitVersion") < 0


def test_pods_reach_pods_by_direct_routes(f):
    assert f" via {f.w1.node_ip} dev eth0" in f.n1.inside("ip", "route", "show", "10.42.1.0/24").stdout
    for a, b in (("n1", "w1"), ("w1", "n1")):
        assert eventually("direct", lambda: sh(f, f"on-{a}", f"curl -sS -m 3 http://{ip_of(f, f'on-{b}')}:8000/")) == f"on-{b}\n"


def test_pods_reach_pods_by_vxlan(f):
    assert "vxlan" in f.n1.inside("ip", "-d", "link", "show", "type", "vxlan").stdout
    for a, b in (("n1", "w2"), ("w2", "n1"), ("w1", "w2"), ("w2", "w1")):
        assert eventually("tunnel", lambda: sh(f, f"on-{a}", f"curl -sS -m 3 http://{ip_of(f, f'on-{b}')}:8000/")) == f"on-{b}\n"


def test_big_transfers_pass_the_tunnel(f):
    for a, b in (("n1", "w2"), ("w2", "w1"), ("w1", "n1")):
        assert sh(f, f"on-{a}", f"curl -sS -m 10 http://{ip_of(f, f'on-{b}')}:8000/big | wc -c").strip() == str(4 << 20), (a, b)


def test_source_addresses_are_kept_and_not_forged(f):
    """What arrives is from the pod's own address; a pod that takes another's is not heard."""
    pod(f, "forger", "n1", SLEEP, securityContext={"runAsUser": 0})
    capture = "import socket; s=socket.socket(); s.bind(('', 9100)); s.listen(); s.settimeout(10); print(s.accept()[1][0])"
    there = next(p for p in f.w2.supervisors() if b"httpd" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes())
    heard = subprocess.Popen(["nsenter", "-t", str(there), "-n", "python3", "-c", capture], stdout=subprocess.PIPE, text=True)
    eventually("listening", lambda: run("nsenter", "-t", there, "-n", "ss", "-ltnH", "sport = :9100").stdout.strip())
    sh(f, "forger", f"curl -sS -m 3 http://{ip_of(f, 'on-w2')}:9100/", check=False)
    assert heard.communicate(timeout=20)[0].strip() == ip_of(f, "forger")
    # The same from the pod's own namespace, with another pod's address on its link: dropped on the host's side.
    pid = next(p for p in f.n1.supervisors() if pathlib.Path(f"/proc/{p}/cmdline").read_bytes().startswith(b"sleep"))
    victim, target = ip_of(f, "on-w1"), ip_of(f, "on-w2")
    run("nsenter", "-t", pid, "-n", "ip", "addr", "add", f"{victim}/32", "dev", "eth0")
    ask = "import socket,sys; s=socket.socket(); s.settimeout(2); s.bind((sys.argv[1],0)); s.connect((sys.argv[2],8000)); print('connected')"
    speak = lambda source: run("nsenter", "-t", pid, "-n", "python3", "-c", ask, source, target, check=False).stdout.strip()
    assert speak(ip_of(f, "forger")) == "connected"
    assert speak(victim) == ""
    f.n1.kubectl("delete", "pod", "forger", "--force", "--grace-period=0")


def test_services_for_pods_of_any_node(f):
    f.n1.apply("apiVersion: v1\nkind: Service\nmetadata: {name: fleet}\nspec:\n  type: NodePort\n  selector: {set: fleet}\n  ports: [{port: 80, targetPort: http, nodePort: 30155}]\n")
    address = f.n1.get("svc", "fleet")["spec"]["clusterIP"]
    everyone = {"on-n1", "on-w1", "on-w2"}
    for node in ("n1", "w1", "w2"):
        seen = set()
        def ask():
            seen.add(sh(f, f"on-{node}", f"curl -sS -m 3 http://{address}/").strip())
            return seen == everyone
        eventually(f"every endpoint from {node}", ask)


def test_node_ports_of_any_node(f):
    for machine in f.machines:
        seen = set()
        def ask():
            seen.add(f.w2.inside("curl", "-sS", "--max-time", "3", f"http://{machine.node_ip}:30155/").stdout.strip())
            return seen == {"on-n1", "on-w1", "on-w2"}
        eventually(f"every endpoint by {machine.name}'s port", ask)


def test_dns_on_any_node(f):
    address = f.n1.get("svc", "fleet")["spec"]["clusterIP"]
    for node in ("n1", "w1", "w2"):
        assert sh(f, f"on-{node}", "curl -sS -m 5 http://fleet.default.svc.cluster.local/").strip().startswith("on-")
    for machine in f.machines:
        assert machine.inside("dig", "+short", "@10.43.0.10", "fleet.default.svc.cluster.local").stdout.strip() == address
    f.n1.kubectl("delete", "svc", "fleet")


def test_logs_of_pods_of_any_node(f):
    for node in ("w1", "w2"):
        pod(f, f"talk-{node}", node, ["sh", "-c", "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.2; done"])
        assert "line 0" in eventually("log", lambda: f.n1.kubectl("logs", f"talk-{node}").stdout)
        assert f.n1.kubectl("logs", f"talk-{node}", "--tail=1").stdout.startswith("line ")
        follow = f.n1.popen(f.n1.kubectl_path, "--kubeconfig", f.n1.kubeconfig, "logs", "-f", f"talk-{node}", stdout=subprocess.PIPE)
        try:
            assert [follow.stdout.readline().strip() for _ in range(5)] == [f"line {i}" for i in range(5)]
        finally:
            follow.kill()
            follow.wait()
    f.n1.kubectl("delete", "pod", "talk-w1", "talk-w2", "--force", "--grace-period=0")


def test_exec_in_pods_of_any_node(f):
    for node in ("w1", "w2"):
        assert f.n1.kubectl("exec", f"on-{node}", "--", "hostname").stdout == f"on-{node}\n"
        assert f.n1.kubectl("exec", "-i", f"on-{node}", "--", "cat", input="through\n").stdout == "through\n"
        assert f.n1.kubectl("exec", f"on-{node}", "--", "sh", "-c", "exit 7", check=False).returncode == 7


def test_worker_restart_adopts_everything(f):
    before, started = f.w1.settled(), f.n1.get("pod", "on-w1")["status"]["containerStatuses"][0]
    f.w1.kill_server()
    assert f.n1.inside("curl", "-sS", "--max-time", "5", f"http://{ip_of(f, 'on-w1')}:8000/").stdout == "on-w1\n"
    f.w1.inside(BINARY, "up", *f.w1.dirs(), *f.w1.flags)
    after = f.n1.get("pod", "on-w1")["status"]["containerStatuses"][0]
    assert f.w1.supervisors() == before, (before, f.w1.supervisors())
    assert after["restartCount"] == started["restartCount"] and after["containerID"] == started["containerID"], (started, after)
    assert sh(f, "on-w1", "hostname") == "on-w1\n"


def test_worker_restart_without_its_server(f):
    """A worker that starts while no server answers keeps its pods, and catches up."""
    before = f.w1.settled()
    f.w1.unplug()
    f.w1.kill_server()
    log = open(f.w1.home / "alone.log", "w")
    alone = f.w1.popen(BINARY, "server", *f.w1.dirs(), *f.w1.flags, stdout=log, stderr=log)
    eventually("adopted", lambda: "adopted what runs" in (f.w1.home / "alone.log").read_text())
    assert f.w1.supervisors() == before
    assert f.w1.inside("curl", "-sS", "--max-time", "5", f"http://{ip_of(f, 'on-w1')}:8000/").stdout == "on-w1\n"
    f.w1.plug()
    eventually("Ready again", lambda: node_ready(f, "w1") == "True")
    assert f.w1.supervisors() == before
    f.w1.appliance("down", "--keep-pods")
    alone.wait()
    f.w1.inside(BINARY, "up", *f.w1.dirs(), *f.w1.flags)
    assert f.w1.supervisors() == before


def test_cut_off_for_a_minute(f):
    """Longer than the grace period, shorter than what pods tolerate: pods go on, and the status catches up."""
    pod(f, "patient", "w2", WEB, tolerations=[{"key": f"node.kubernetes.io/{k}", "operator": "Exists", "effect": "NoExecute"} for k in ("unreachable", "not-ready")])
    before = f.w2.settled()
    f.w2.unplug()
    began = time.monotonic()
    eventually("NotReady", lambda: node_ready(f, "w2") == "Unknown")
    address = ip_of(f, "patient")
    while time.monotonic() - began < 60:  # the issue's own minute: the link stays down, pods answer all the time
        assert f.w2.inside("curl", "-sS", "--max-time", "3", f"http://{address}:8000/").stdout == "patient\n"
        threading.Event().wait(1)  # between two questions
    f.w2.plug()
    eventually("Ready again", lambda: node_ready(f, "w2") == "True")
    eventually("the pod too", lambda: f.n1.wait_pods("app=patient", 1))
    assert set(before) & set(f.w2.supervisors()), "no process of the pods lived on"
    f.n1.kubectl("delete", "pod", "patient", "--force", "--grace-period=0")


def test_cordon_and_uncordon(f):
    f.n1.kubectl("cordon", "w1")
    assert "SchedulingDisabled" in f.n1.kubectl("get", "node", "w1").stdout
    pod(f, "nowhere", "w1", SLEEP, wait=False)
    eventually("unschedulable", lambda: "unschedulable" in f.n1.kubectl("describe", "pod", "nowhere").stdout)
    f.n1.kubectl("uncordon", "w1")
    f.n1.wait_pods("app=nowhere", 1)
    f.n1.kubectl("delete", "pod", "nowhere", "--force", "--grace-period=0")


def deployment(f, name, replicas):
    f.n1.apply(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
        "metadata": {"labels": {"app": name}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "test/tools:1", "command": WEB}]}}}}))
    return f.n1.wait_pods(f"app={name}", replicas)


def nodes_of(f, selector):
    return [p["spec"].get("nodeName") for p in f.n1.get("pods", "-l", selector)["items"] if "deletionTimestamp" not in p["metadata"]]


def test_drain(f):
    deployment(f, "spread", 6)
    assert set(nodes_of(f, "app=spread")) == {"n1", "w1", "w2"}
    out = f.n1.kubectl("drain", "w1", "--force", "--timeout=60s").stdout
    assert "node/w1 drained" in out, out
    f.n1.wait_pods("app=spread", 6)
    assert "w1" not in nodes_of(f, "app=spread")
    f.n1.kubectl("uncordon", "w1")


def test_node_that_dies(f):
    """NotReady after 4 s, tainted, its pods replaced after 5 s; it comes back, and its old pods are cleaned up."""
    pod(f, "on-w1", "w1")
    deployment(f, "spread", 9)
    f.n1.wait_pods("app=spread", 9)
    assert "w2" in nodes_of(f, "app=spread")
    f.w2.die()
    began = time.monotonic()
    eventually("NotReady", lambda: node_ready(f, "w2") == "Unknown")
    assert time.monotonic() - began >= 2, "before the grace period could have passed"
    taints = eventually("taints", lambda: [t["key"] for t in f.n1.get("node", "w2")["spec"].get("taints", [])])
    assert "node.kubernetes.io/unreachable" in taints, taints
    eventually("replaced", lambda: len([n for n in nodes_of(f, "app=spread") if n in ("n1", "w1")]) == 9)
    assert "w2   " in f.n1.kubectl("get", "nodes").stdout and "NotReady" in f.n1.kubectl("get", "node", "w2").stdout
    f.w2.plug()
    f.w2.inside(BINARY, "up", *f.w2.dirs(), *f.w2.flags)
    eventually("Ready again", lambda: node_ready(f, "w2") == "True")
    eventually("no old pod is left", lambda: not [p for p in f.n1.get("pods", "-l", "app=spread")["items"] if "deletionTimestamp" in p["metadata"]])
    eventually("no taint is left", lambda: not f.n1.get("node", "w2")["spec"].get("taints"))
    eventually("no old sandbox is left", lambda: len(list((f.w2.run_dir / "pods").iterdir())) <= len([n for n in f.n1.get("pods", "-A")["items"] if n["spec"].get("nodeName") == "w2"]))
    f.n1.kubectl("delete", "deployment", "spread")
    eventually("no pod of it is left", lambda: not f.n1.get("pods", "-l", "app=spread")["items"])


def test_kill_in_the_middle_of_drain(f):
    deployment(f, "spread", 6)
    drain = f.n1.popen(f.n1.kubectl_path, "--kubeconfig", f.n1.kubeconfig, "drain", "w1", "--force", "--timeout=60s", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    drain.stdout.readline()
    f.n1.kill_server()
    drain.kill()
    drain.wait()
    f.n1.up("--no-demo")
    f.w1.kill_server()
    f.w1.inside(BINARY, "up", *f.w1.dirs(), *f.w1.flags)
    f.n1.kubectl("drain", "w1", "--force", "--timeout=60s")
    f.n1.wait_pods("app=spread", 6)
    assert "w1" not in nodes_of(f, "app=spread")
    f.n1.kubectl("uncordon", "w1")
    f.n1.kubectl("delete", "deployment", "spread")
    eventually("no pod of it is left", lambda: not f.n1.get("pods", "-l", "app=spread")["items"])


def test_leave(f):
    pod(f, "on-w2", "w2")
    out = f.w2.appliance("leave").stdout
    assert "node w2 removed" in out, out
    assert "w2" not in f.n1.kubectl("get", "nodes").stdout
    assert f.w2.left_behind() == [], f.w2.left_behind()
    assert "Nothing to do" in f.w2.appliance("leave").stdout
    f.w2.join(f.token())
    eventually("Ready", lambda: node_ready(f, "w2") == "True")


def test_kill_in_the_middle_of_leave(f):
    f.w2.appliance("image import", f.n1.home / "tools.tar", "--tag", "test/tools:1")
    for delay in (0.0, 0.03, 0.1, 0.3, 1.1, 1.4, 1.7):  # a pod of a second's grace leaves first, then the worker stops, then its files go
        pod(f, "on-w2", "w2")
        leave = f.w2.popen(BINARY, "leave", *f.w2.dirs(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Event().wait(delay)  # the instant of the kill is the input of this test
        leave.kill()
        leave.wait()
        f.w2.appliance("leave")
        assert f.w2.left_behind() == [], (delay, f.w2.left_behind())
        assert "w2" not in f.n1.kubectl("get", "nodes").stdout, delay
        f.w2.join(f.token())
        f.w2.appliance("image import", f.n1.home / "tools.tar", "--tag", "test/tools:1")


def test_delete_node(f):
    pod(f, "on-w2", "w2")
    f.n1.kubectl("delete", "node", "w2")
    eventually("its pods are gone", lambda: not [p for p in f.n1.get("pods", "-A")["items"] if p["spec"].get("nodeName") == "w2"])
    f.w2.appliance("leave")
    assert f.w2.left_behind() == [], f.w2.left_behind()
