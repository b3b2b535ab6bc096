"""What a pod can say and what its containers then see: env, volumes, probes, restarts, users, limits, networks, tokens."""
import base64, json, re, subprocess, threading, time

from e2e import channel, oci
from e2e.harness import Cluster, Failed, Skip, eventually, run


def setup():
    c = Cluster("workload")
    c.up("--no-demo")
    oci.busybox_archive(c.home / "busybox.tar")
    c.appliance("image import", c.home / "busybox.tar", "--tag", "test/busybox:1")
    oci.tools_archive(c.home / "tools.tar")
    c.appliance("image import", c.home / "tools.tar", "--tag", "test/tools:1")
    c.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    return c


ECHO = r'''use IO::Socket::INET; use IO::Select;
my $u = IO::Socket::INET->new(LocalPort => 9000, Proto => "udp"); my $t = IO::Socket::INET->new(LocalPort => 9001, Listen => 16, ReuseAddr => 1);
my $s = IO::Select->new($u, $t);
while (1) { for my $h ($s->can_read) { if ($h == $u) { $u->recv(my $d, 2000); $u->send($d); } else { my $c = $t->accept; print $c "$ENV{HOSTNAME}\n"; close $c; } } }'''


def teardown(c):
    c.close()


def manifest(name, containers, **spec):
    for x in containers:
        x.setdefault("image", "test/busybox:1")
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}, "annotations": spec.pop("annotations", {})},
                       "spec": dict({"terminationGracePeriodSeconds": 1, "containers": containers}, **spec)})


def pod(c, name, containers, wait="Ready", **spec):
    c.apply(manifest(name, containers, **spec))
    if wait == "Ready":
        c.wait_pods(f"app={name}", 1)
    elif wait:
        c.wait_phase(name, wait)


SLEEP = ["sleep", "100000"]


def sh(c, name, script, container=None, check=True):
    return c.kubectl("exec", name, *(["-c", container] if container else []), "--", "sh", "-c", script, check=check).stdout


def drop(c, *names):
    c.kubectl("delete", "pod", *names, "--force", "--grace-period=0")


def test_env_literal_configmap_secret_downward(c):
    c.kubectl("create", "cm", "settings", "--from-literal=color=green", "--from-literal=size=xl")
    c.kubectl("create", "secret", "generic", "keys", "--from-literal=token=s3cret")
    pod(c, "env", [{"name": "c", "command": SLEEP, "envFrom": [{"configMapRef": {"name": "settings"}}], "resources": {"limits": {"cpu": "500m", "memory": "64Mi"}},
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)-$$(A)"}, {"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
                            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}}, {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                            {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]}])
    env = dict(l.split("=", 1) for l in sh(c, "env", "env").splitlines() if "=" in l)
    ip = c.get("pod", "env")["status"]["podIP"]
    expected = {"A": "1", "B": "1-$(A)", "T": "s3cret", "C": "green", "color": "green", "size": "xl", "POD": "env", "NODE": "n1", "IP": ip, "MEM": str(64 << 20), "HOSTNAME": "env", "KUBERNETES_SERVICE_HOST": "10.43.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    assert {k: env.get(k) for k in expected} == expected, env
    drop(c, "env")


def test_missing_configmap_says_so(c):
    c.apply(manifest("lacking", [{"name": "c", "command": SLEEP, "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "nowhere", "key": "k"}}}]}]))
    eventually("the reason", lambda: c.get("pod", "lacking")["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CreateContainerConfigError")
    assert 'configmap "nowhere" not found' in c.get("pod", "lacking")["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    drop(c, "lacking")


def test_volume_emptydir(c):
    pod(c, "empty", [{"name": "a", "command": ["sh", "-c", "echo hello >/data/x; sleep 100000"], "volumeMounts": [{"name": "v", "mountPath": "/data"}]},
                     {"name": "b", "command": SLEEP, "volumeMounts": [{"name": "v", "mountPath": "/other", "readOnly": True}, {"name": "m", "mountPath": "/mem"}]}],
        volumes=[{"name": "v", "emptyDir": {}}, {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}])
    eventually("the file", lambda: sh(c, "empty", "cat /other/x", "b") == "hello\n")
    assert sh(c, "empty", "touch /other/y 2>&1; true", "b").strip().endswith("Read-only file system")
    assert "No space left" in sh(c, "empty", "dd if=/dev/zero of=/mem/f bs=1024 count=2048 2>&1; true", "b")
    drop(c, "empty")


def test_volume_hostpath(c):
    (c.home / "host").mkdir(exist_ok=True)
    (c.home / "host/f").write_text("from the host\n")
    pod(c, "hostpath", [{"name": "c", "command": SLEEP, "volumeMounts": [{"name": "h", "mountPath": "/h"}]}], volumes=[{"name": "h", "hostPath": {"path": str(c.home / "host"), "type": "Directory"}}])
    assert sh(c, "hostpath", "cat /h/f") == "from the host\n"
    drop(c, "hostpath")
    c.apply(manifest("nohost", [{"name": "c", "command": SLEEP, "volumeMounts": [{"name": "h", "mountPath": "/h"}]}], volumes=[{"name": "h", "hostPath": {"path": "/no/such/dir", "type": "Directory"}}]))
    eventually("FailedMount", lambda: "FailedMount" in c.kubectl("get", "events", "--field-selector", "involvedObject.name=nohost").stdout)
    drop(c, "nohost")


def test_volumes_configmap_secret_downward_projected(c):
    c.kubectl("create", "cm", "files", "--from-literal=a.txt=one")
    c.kubectl("create", "secret", "generic", "hidden", "--from-literal=p=q")
    pod(c, "vols", [{"name": "c", "command": SLEEP, "volumeMounts": [{"name": "cm", "mountPath": "/cm"}, {"name": "s", "mountPath": "/s"}, {"name": "d", "mountPath": "/d"}, {"name": "cm", "mountPath": "/one", "subPath": "a.txt"}]}],
        annotations={"k": "v"}, volumes=[{"name": "cm", "configMap": {"name": "files"}}, {"name": "s", "secret": {"secretName": "hidden", "defaultMode": 256}},
                                         {"name": "d", "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}])
    assert sh(c, "vols", "cat /cm/a.txt /one /s/p /d/labels") == 'oneoneqapp="vols"'
    assert sh(c, "vols", "stat -L -c %a /s/p").strip() == "400"
    c.kubectl("patch", "cm", "files", "--type=merge", "-p", '{"data":{"a.txt":"two"}}')
    eventually("the new content", lambda: sh(c, "vols", "cat /cm/a.txt") == "two", timeout=90)
    drop(c, "vols")


def test_token_asks_the_api_from_inside(c):
    pod(c, "asker", [{"name": "c", "command": SLEEP}])
    base = "/var/run/secrets/kubernetes.io/serviceaccount"
    token = sh(c, "asker", f"cat {base}/token")
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert payload["sub"] == "system:serviceaccount:default:default" and payload["kubernetes.io"]["pod"]["name"] == "asker", payload
    assert sh(c, "asker", f"cat {base}/namespace") == "default" and "BEGIN CERTIFICATE" in sh(c, "asker", f"cat {base}/ca.crt")
    # From the pod's own network namespace, with the pod's own token and CA, through the service address.
    pid = pod_pid(c, "asker")
    (c.home / "ca.crt").write_text(sh(c, "asker", f"cat {base}/ca.crt"))
    ask = lambda path: run("nsenter", "-t", pid, "-n", "curl", "-sS", "--max-time", "10", "--cacert", c.home / "ca.crt", "-H", f"Authorization: Bearer {token}", f"https://10.43.0.1:443{path}").stdout
    assert json.loads(ask("/version"))["major"] == "1"
    refused = json.loads(ask("/api/v1/namespaces/default/pods"))
    assert refused["code"] == 403 and refused["message"] == 'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"', refused
    assert "system:serviceaccount:default:default" in ask("/apis") or json.loads(ask("/apis"))["kind"] in ("APIGroupList", "APIGroupDiscoveryList")
    drop(c, "asker")


def pod_pid(c, name):
    """A process of the pod, found by its hostname in the uts namespace."""
    import pathlib
    uid = c.get("pod", name)["metadata"]["uid"]
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                if uid in (p / "cgroup").read_text() and (p / "cmdline").read_bytes().startswith(b"sleep"):
                    return p.name
            except OSError:
                pass
    raise Failed(f"no process of pod {name}")


def test_init_containers_and_restart_policies(c):
    c.apply(manifest("inits", [{"name": "c", "command": ["sh", "-c", "cat /w/order; echo main; exit 0"], "volumeMounts": [{"name": "w", "mountPath": "/w"}]}], restartPolicy="Never", volumes=[{"name": "w", "emptyDir": {}}],
                     initContainers=[{"name": f"i{n}", "image": "test/busybox:1", "command": ["sh", "-c", f"echo {n} >>/w/order"], "volumeMounts": [{"name": "w", "mountPath": "/w"}]} for n in (1, 2)]))
    c.wait_phase("inits", "Succeeded")
    assert c.kubectl("logs", "inits").stdout == "1\n2\nmain\n"
    pod(c, "never", [{"name": "c", "command": ["sh", "-c", "exit 7"]}], wait="Failed", restartPolicy="Never")
    assert c.get("pod", "never")["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7
    c.apply(manifest("onfail", [{"name": "c", "command": ["sh", "-c", "if [ -e /w/x ]; then exit 0; fi; touch /w/x; exit 1"], "volumeMounts": [{"name": "w", "mountPath": "/w"}]}], restartPolicy="OnFailure", volumes=[{"name": "w", "emptyDir": {}}]))
    c.wait_phase("onfail", "Succeeded")
    assert c.get("pod", "onfail")["status"]["containerStatuses"][0]["restartCount"] == 1
    drop(c, "inits", "never", "onfail")


def test_probe_exec_readiness(c):
    c.apply(manifest("ready", [{"name": "c", "command": SLEEP, "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ok"]}, "periodSeconds": 1}}]))
    c.wait_phase("ready", "Running")
    eventually("unhealthy", lambda: "Readiness probe failed" in c.kubectl("get", "events", "--field-selector", "involvedObject.name=ready").stdout)
    assert columns_ready(c, "ready") == "0/1"
    sh(c, "ready", "touch /tmp/ok")
    eventually("ready", lambda: columns_ready(c, "ready") == "1/1")
    drop(c, "ready")


def columns_ready(c, name):
    return c.kubectl("get", "pod", name, "--no-headers").stdout.split()[1]


def test_probe_http_liveness_restarts(c):
    c.apply(manifest("live", [{"name": "c", "command": ["sh", "-c", "mkdir /tmp/www; echo hi >/tmp/www/index.html; exec httpd -f -p 8000 -h /tmp/www"], "livenessProbe": {"httpGet": {"path": "/index.html", "port": 8000}, "periodSeconds": 1, "failureThreshold": 2, "initialDelaySeconds": 1}}]))
    c.wait_pods("app=live", 1)
    sh(c, "live", "rm /tmp/www/index.html")
    eventually("a restart", lambda: c.get("pod", "live")["status"]["containerStatuses"][0]["restartCount"] == 1)
    assert "Liveness probe failed: HTTP probe failed with statuscode: 404" in c.kubectl("get", "events", "--field-selector", "involvedObject.name=live").stdout
    drop(c, "live")


def test_probe_tcp_startup(c):
    c.apply(manifest("startup", [{"name": "c", "command": ["sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.1; done; exec httpd -f -p 9000"], "startupProbe": {"tcpSocket": {"port": 9000}, "periodSeconds": 1, "failureThreshold": 100}}]))
    c.wait_phase("startup", "Running")
    assert c.get("pod", "startup")["status"]["containerStatuses"][0]["started"] is False
    sh(c, "startup", "touch /tmp/go")
    eventually("started", lambda: c.get("pod", "startup")["status"]["containerStatuses"][0]["started"] is True)
    drop(c, "startup")


def test_grace_and_prestop(c):
    (c.home / "stop").mkdir(exist_ok=True)
    c.apply(manifest("graceful", [{"name": "c", "command": ["sh", "-c", "trap 'echo term >>/h/log; exit 0' TERM; while :; do sleep 0.1; done"], "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "echo prestop >>/h/log"]}}}, "volumeMounts": [{"name": "h", "mountPath": "/h"}]}],
                     terminationGracePeriodSeconds=20, volumes=[{"name": "h", "hostPath": {"path": str(c.home / "stop")}}]))
    c.wait_pods("app=graceful", 1)
    start = time.monotonic()
    c.kubectl("delete", "pod", "graceful")
    assert time.monotonic() - start < 10
    assert (c.home / "stop/log").read_text() == "prestop\nterm\n"


def test_hostnetwork(c):
    pod(c, "hostnet", [{"name": "c", "command": SLEEP}], hostNetwork=True)
    assert c.get("pod", "hostnet")["status"]["podIP"] == c.node_ip
    drop(c, "hostnet")


def test_user_capabilities_seccomp_masks(c):
    pod(c, "plain", [{"name": "c", "command": SLEEP}])
    status = dict(l.split(":\t") for l in sh(c, "plain", "cat /proc/self/status").splitlines() if ":\t" in l)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and status["CapInh"].strip("0") == "" and status["CapAmb"].strip("0") == "", status
    assert int(status["CapEff"], 16) == 0x00000000a80425fb, status["CapEff"]
    assert sh(c, "plain", "cat /proc/interrupts | wc -c").strip() == "0"
    assert "Read-only" in sh(c, "plain", "(echo 1 >/proc/sys/kernel/hostname) 2>&1; true")
    assert "Operation not permitted" in sh(c, "plain", "mount -t tmpfs none /tmp 2>&1; true") or "denied" in sh(c, "plain", "mount -t tmpfs none /tmp 2>&1; true")
    mounts = sh(c, "plain", "cat /proc/mounts")
    assert re.search(r"^\S+ / overlay ", mounts, re.M) and "/dev/shm" in mounts and "/dev/mqueue" in mounts and "devpts" in mounts, mounts
    assert sh(c, "plain", "cat /etc/hosts").startswith("# Kubernetes-managed hosts file.")
    drop(c, "plain")
    pod(c, "user", [{"name": "c", "command": SLEEP, "securityContext": {"runAsUser": 1234, "runAsGroup": 2345, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}}], securityContext={"supplementalGroups": [77], "fsGroup": 88})
    assert sh(c, "user", "id").startswith("uid=1234(app) gid=2345(app)") and "77" in sh(c, "user", "id") and "88" in sh(c, "user", "id")
    assert "Read-only" in sh(c, "user", "touch /x 2>&1; true")
    drop(c, "user")


def test_image_user_and_config(c):
    oci.busybox_archive(c.home / "user.tar", {"Env": ["PATH=/bin", "FROM=image"], "User": "app:extra", "WorkingDir": "/tmp", "Entrypoint": ["sh", "-c"], "Cmd": ["id; echo $FROM; readlink /proc/self/cwd; sleep 100000"]})
    c.appliance("image import", c.home / "user.tar", "--tag", "test/user:1")
    pod(c, "imageuser", [{"name": "c", "image": "test/user:1"}])
    out = eventually("output", lambda: c.kubectl("logs", "imageuser").stdout)
    assert out.startswith("uid=1234(app) gid=3456(extra)") and "image\n/tmp\n" in out, out
    drop(c, "imageuser")


def test_exec_by_websocket_v4(c):
    pod(c, "v4", [{"name": "c", "command": SLEEP}])
    # Output, error output and exit code apart from each other; nobody asks for stdin.
    with channel.Exec(c, "v4", ["sh", "-c", "echo out; echo err >&2; exit 7"], stdout=True, stderr=True) as x:
        assert (x.code, x.protocol) == (101, "v4.channel.k8s.io")
        status = x.finish()
        assert x.out[channel.STDOUT] == b"out\n" and x.out[channel.STDERR] == b"err\n", x.out
        assert status["status"] == "Failure" and status["reason"] == "NonZeroExitCode", status
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}], status
        assert x.close_code == 1000
    with channel.Exec(c, "v4", ["true"], stdout=True, protocols="v3.channel.k8s.io, v4.channel.k8s.io") as x:
        assert x.protocol == "v4.channel.k8s.io" and x.finish() == {"metadata": {}, "status": "Success"}
    # stdin, small and larger than one TLS record; v4 cannot half-close, so the reader counts.
    big = bytes(range(32, 127)) * 2000
    with channel.Exec(c, "v4", ["sh", "-c", f"read line; echo got $line; head -c {len(big)}"], stdin=True, stdout=True, stderr=True) as x:
        x.send(channel.STDIN, b"hello\n")
        x.read_until(channel.STDOUT, b"got hello\n")
        x.send(channel.STDIN, big)
        assert x.finish()["status"] == "Success" and x.out[channel.STDOUT] == b"got hello\n" + big
    # A v5 close message means nothing in v4: the process goes on reading.
    with channel.Exec(c, "v4", ["sh", "-c", "cat"], stdin=True, stdout=True) as x:
        x.send(255, bytes([channel.STDIN]))
        x.send(channel.STDIN, b"still open\n")
        x.read_until(channel.STDOUT, b"still open\n")
    # A terminal and its sizes.
    with channel.Exec(c, "v4", ["sh"], stdin=True, stdout=True, tty=True) as x:
        x.resize(100, 30)
        x.send(channel.STDIN, b"stty size\n")
        x.read_until(channel.STDOUT, b"30 100\r\n")
        x.resize(120, 40)
        x.send(channel.STDIN, b"stty size; exit 5\n")
        status = x.finish()
        assert b"40 120\r\n" in x.out[channel.STDOUT] and status["details"]["causes"][0]["message"] == "5", (x.out, status)
    with channel.Exec(c, "v4", ["/nope"], stdout=True, stderr=True) as x:
        status = x.finish()
        assert status["status"] == "Failure" and "/nope" in status["message"], status
    with channel.Exec(c, "v4", ["true"], stdout=True, protocols="v3.channel.k8s.io") as x:
        assert x.code == 400
    drop(c, "v4")


def test_process_limits(c):
    hard = int(next(l.split()[4] for l in open(f"/proc/{c.server_pid()}/limits") if l.startswith("Max open files")))
    pod(c, "limits", [{"name": "c", "command": ["sh", "-c", "ulimit -n; ulimit -Hn; ulimit -c; sleep 100000"]}])
    expected = f"1024\n{min(hard, 524288)}\n0\n"
    assert c.kubectl("logs", "limits").stdout == expected
    assert sh(c, "limits", "ulimit -n; ulimit -Hn; ulimit -c") == expected  # an exec'ed process has the same
    assert sh(c, "limits", "ulimit -n $(ulimit -Hn) && ulimit -n") == f"{min(hard, 524288)}\n"
    drop(c, "limits")


def test_memory_limit_kills(c):
    c.apply(manifest("hungry", [{"name": "c", "command": ["sh", "-c", "tail /dev/zero"], "resources": {"limits": {"memory": "32Mi"}}}], restartPolicy="Never"))
    c.wait_phase("hungry", "Failed")
    state = c.get("pod", "hungry")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert state["reason"] == "OOMKilled" and state["exitCode"] == 137, state
    drop(c, "hungry")


def test_dns_and_services_between_pods(c):
    pod(c, "server", [{"name": "c", "image": "test/tools:1", "command": ["sh", "-c", "mkdir /tmp/w; hostname >/tmp/w/index.html; exec httpd -f -p 8000 -h /tmp/w"], "ports": [{"name": "http", "containerPort": 8000}]}])
    c.apply("apiVersion: v1\nkind: Service\nmetadata: {name: srv}\nspec:\n  type: NodePort\n  selector: {app: server}\n  ports: [{name: http, port: 80, targetPort: http, nodePort: 30123}]\n")
    pod(c, "client", [{"name": "c", "image": "test/tools:1", "command": SLEEP}])
    resolv = sh(c, "client", "cat /etc/resolv.conf")
    assert "nameserver 10.43.0.10" in resolv and "search default.svc.cluster.local svc.cluster.local cluster.local" in resolv and "ndots:5" in resolv, resolv
    ip = c.get("svc", "srv")["spec"]["clusterIP"]
    for url in [f"http://{ip}/", "http://srv/", "http://srv.default.svc.cluster.local/", f"http://{c.node_ip}:30123/"]:
        assert eventually(url, lambda: sh(c, "client", f"curl -sS -m 5 {url}")) == "server\n"
    # The pod reaches itself through its own service, and the host reaches service, node port and name.
    assert sh(c, "server", "curl -sS -m 5 http://srv/") == "server\n"
    for url in [f"http://{ip}/", f"http://{c.node_ip}:30123/", "http://127.0.0.1:30123/"]:
        assert c.curl(url).stdout == "server\n", url
    assert c.inside("dig", "+short", "@10.43.0.10", "srv.default.svc.cluster.local").stdout.strip() == ip
    assert c.client("curl", "-sS", "--max-time", "5", f"http://{c.node_ip}:30123/").stdout == "server\n"
    nodata = c.inside("dig", "@10.43.0.10", "AAAA", "srv.default.svc.cluster.local").stdout
    assert "status: NOERROR" in nodata and "ANSWER: 0" in nodata
    assert "NXDOMAIN" in c.inside("dig", "@10.43.0.10", "nothing.default.svc.cluster.local").stdout
    pod_ip = c.get("pod", "server")["status"]["podIP"]
    assert c.inside("dig", "+short", "@10.43.0.10", f"{pod_ip.replace('.', '-')}.default.pod.cluster.local").stdout.strip() == pod_ip
    c.kubectl("delete", "svc", "srv")
    drop(c, "server", "client")


def test_udp_service_and_hostport(c):
    pod(c, "udp", [{"name": "c", "image": "test/tools:1", "command": ["perl", "-e", ECHO], "ports": [{"containerPort": 9001, "hostPort": 18001}]}])
    c.apply("apiVersion: v1\nkind: Service\nmetadata: {name: udp}\nspec:\n  type: NodePort\n  selector: {app: udp}\n  ports: [{port: 90, targetPort: 9000, protocol: UDP, nodePort: 30124}]\n")
    ip = c.get("svc", "udp")["spec"]["clusterIP"]
    ask = "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(2); s.sendto(b'ping',(sys.argv[1],int(sys.argv[2]))); print(s.recv(10).decode())"
    assert eventually("udp", lambda: c.inside("python3", "-c", ask, ip, "90").stdout) == "ping\n"
    # The node port: from another machine, from the host by its address and by loopback, and from a pod.
    assert eventually("udp node port", lambda: c.client("python3", "-c", ask, c.node_ip, "30124").stdout) == "ping\n"
    for address in (c.node_ip, "127.0.0.1"):
        assert c.inside("python3", "-c", ask, address, "30124").stdout == "ping\n", address
    pod(c, "udp-client", [{"name": "c", "image": "test/tools:1", "command": SLEEP}])
    say = f"use IO::Socket::INET; my $u = IO::Socket::INET->new(PeerAddr => '{c.node_ip}', PeerPort => 30124, Proto => 'udp'); $u->send('ping'); alarm 5; $u->recv(my $d, 10); print $d"
    assert c.kubectl("exec", "udp-client", "--", "perl", "-e", say).stdout == "ping"
    eventually("host port", lambda: c.client("python3", "-c", "import socket,sys; s=socket.create_connection((sys.argv[1],18001),2); print(s.recv(10).decode().strip())", c.node_ip).stdout == "udp\n")
    c.kubectl("delete", "svc", "udp")
    drop(c, "udp", "udp-client")


def test_masquerade_outwards(c):
    server = c.client_popen("python3", "-c", "import socket; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(('0.0.0.0',7000)); s.listen(); print('on',flush=True); a=s.accept(); print(a[1][0],flush=True)")
    try:
        assert server.stdout.readline() == "on\n"
        pod(c, "outward", [{"name": "c", "command": SLEEP}])
        sh(c, "outward", f"echo x | nc -w 2 {c.peer_ip} 7000; true")
        assert server.stdout.readline().strip() == c.node_ip
    finally:
        server.kill()
        server.wait()
    drop(c, "outward")


def test_log_rotation_format(c):
    pod(c, "chatty", [{"name": "c", "command": ["sh", "-c", "yes 0123456789abcdef0123456789abcdef0123456789abcdef | head -c 26000000; echo; echo end; sleep 100000"]}])
    eventually("the end", lambda: c.kubectl("logs", "chatty", "--tail=1").stdout == "end\n")
    logs = sorted((c.data / "log/pods").glob("default_chatty_*/c/*"))
    assert len(logs) >= 3, logs
    line = logs[0].open().readline()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout F 0123456789", line), line
    drop(c, "chatty")


def test_node_lease_status_events(c):
    lease = c.get("lease", "n1", "-n", "kube-node-lease")
    node = c.get("node", "n1")
    assert lease["spec"]["holderIdentity"] == "n1" and node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.33")
    assert {x["type"] for x in node["status"]["conditions"]} == {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"}
    assert int(node["status"]["capacity"]["pods"]) == 110 and len(node["status"]["nodeInfo"]) == 10
    first = lease["spec"]["renewTime"]
    eventually("the lease is renewed", lambda: c.get("lease", "n1", "-n", "kube-node-lease")["spec"]["renewTime"] != first)


def test_namespace_and_owner_collection(c):
    c.kubectl("create", "ns", "going")
    c.kubectl("create", "deploy", "d", "-n", "going", "--image=test/busybox:1", "--", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")
    c.wait_pods("app=d", 1, namespace="going")
    c.kubectl("delete", "deploy", "d", "-n", "going", "--cascade=foreground")
    eventually("nothing left", lambda: not c.get("rs,pods", "-n", "going")["items"])
    c.kubectl("create", "cm", "x", "-n", "going")
    c.kubectl("delete", "ns", "going")
    assert c.kubectl("get", "ns", "going", check=False).returncode == 1
    assert c.get("sa", "-n", "default")["items"][0]["metadata"]["name"] == "default"
    c.kubectl("delete", "sa", "default", "--wait=false")
    c.kubectl("delete", "cm", "kube-root-ca.crt")
    eventually("made again", lambda: c.get("sa", "default") and c.get("cm", "kube-root-ca.crt")["data"]["ca.crt"])
