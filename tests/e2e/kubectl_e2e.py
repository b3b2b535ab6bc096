"""Unmodified kubectl drives the cluster: every verb of the issue, with trixie's 1.32. kubectl_own_e2e.py runs the same tests with
the machine's own."""
import http.server, json, os, pty, re, select, struct, fcntl, termios, subprocess, threading, time

from e2e import oci
from e2e.harness import Cluster, Failed, eventually, run

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: appliance/demo
        imagePullPolicy: IfNotPresent
        env: [{name: A, value: "1"}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {app: %s}}
spec:
  terminationGracePeriodSeconds: 1
  restartPolicy: %s
  containers:
%s
"""


def container(name, args="", image="appliance/demo"):
    return f"  - {{name: {name}, image: {image}, imagePullPolicy: IfNotPresent{', args: ' + json.dumps(args) if args else ''}}}"


def setup(name="kubectl"):
    c = Cluster(name)
    c.up("--no-demo")
    oci.busybox_archive(c.home / "busybox.tar")
    c.appliance("image import", c.home / "busybox.tar", "--tag", "test/busybox:1")
    c.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    c.apply(WEB)
    c.wait_pods("app=web", 2)
    return c


def teardown(c):
    c.close()


def columns(text):
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def test_version(c):
    out = c.kubectl("version").stdout
    assert re.search(r"Client Version: v1\.\d+", out) and re.search(r"Server Version: v1\.33\.", out), out


def test_api_resources(c):
    out = c.kubectl("api-resources").stdout
    rows = {r.split()[0]: r.split() for r in out.splitlines()[1:]}
    assert rows["pods"][1:] == ["po", "v1", "true", "Pod"], rows["pods"]
    assert rows["deployments"][1:] == ["deploy", "apps/v1", "true", "Deployment"]
    assert rows["nodes"][1:] == ["no", "v1", "false", "Node"]
    assert rows["endpointslices"][1:] == ["discovery.k8s.io/v1", "true", "EndpointSlice"]
    wide = c.kubectl("api-resources", "--api-group=apps", "-o", "wide").stdout
    assert "create,delete,deletecollection,get,list,patch,update,watch" in wide and "all" in wide


def test_api_versions(c):
    out = c.kubectl("api-versions").stdout.split()
    for version in ["v1", "apps/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1", "coordination.k8s.io/v1", "discovery.k8s.io/v1"]:
        assert version in out, out


def test_cluster_info(c):
    out = re.sub(r"\x1b\[[0-9;]*m", "", c.kubectl("cluster-info").stdout)
    assert "Kubernetes control plane is running at https://127.0.0.1:6443" in out, out


def test_get_plain(c):
    rows = columns(c.kubectl("get", "pods", "-l", "app=web").stdout)
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"], rows
    assert len(rows) == 3 and rows[1][1:4] == ["1/1", "Running", "0"], rows
    assert columns(c.kubectl("get", "deploy", "web").stdout)[1][:4] == ["web", "2/2", "2", "2"]
    missing = c.kubectl("get", "pod", "none", check=False)
    assert missing.returncode == 1 and missing.stderr == 'Error from server (NotFound): pods "none" not found\n', missing.stderr
    empty = c.kubectl("get", "pods", "-n", "kube-public")
    assert empty.stderr == "No resources found in kube-public namespace.\n" and empty.stdout == ""
    unknown = c.kubectl("get", "nope", check=False)
    assert 'the server doesn\'t have a resource type "nope"' in unknown.stderr


def test_get_all_namespaces(c):
    rows = columns(c.kubectl("get", "pods", "-A").stdout)
    assert rows[0][0] == "NAMESPACE" and any(r[0] == "default" for r in rows[1:]), rows


def test_get_selector(c):
    assert len(c.get("pods", "-l", "app in (web,x),!tier")["items"]) == 2
    assert c.get("pods", "-l", "app!=web,app")["items"] == [] or all(p["metadata"]["labels"]["app"] != "web" for p in c.get("pods", "-l", "app!=web,app")["items"])
    bad = c.kubectl("get", "pods", "-l", "a==b==c", check=False)
    assert bad.returncode == 1


def test_get_field_selector(c):
    name = c.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    assert [p["metadata"]["name"] for p in c.get("pods", "--field-selector", f"metadata.name={name},status.phase=Running")["items"]] == [name]
    bad = c.kubectl("get", "pods", "--field-selector", "spec.foo=1", check=False)
    assert "field label not supported: spec.foo" in bad.stderr, bad.stderr


def test_get_wide(c):
    rows = columns(c.kubectl("get", "pods", "-l", "app=web", "-o", "wide").stdout)
    assert rows[0][5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"], rows
    assert rows[1][5].startswith("10.42.") and rows[1][6:] == ["n1", "<none>", "<none>"], rows
    node = columns(c.kubectl("get", "nodes", "-o", "wide").stdout)
    assert node[1][:3] == ["n1", "Ready", "<none>"] and c.node_ip in node[1], node


def test_get_yaml(c):
    text = c.kubectl("get", "deploy", "web", "-o", "yaml").stdout
    assert text.startswith("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n") and "  progressDeadlineSeconds: 600\n" in text, text[:300]
    assert "maxSurge: 25%" in text and "terminationMessagePath: /dev/termination-log" in text


def test_get_json(c):
    pod = c.get("pods", "-l", "app=web")["items"][0]
    assert pod["kind"] == "Pod" and pod["status"]["qosClass"] == "BestEffort" and pod["spec"]["nodeName"] == "n1"
    assert pod["spec"]["serviceAccountName"] == "default" and pod["spec"]["tolerations"][0]["tolerationSeconds"] == 300


def test_get_name(c):
    assert c.kubectl("get", "svc,deploy", "-o", "name").stdout.split() == ["service/kubernetes", "service/web", "deployment.apps/web"]


def test_get_jsonpath(c):
    assert c.kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].name}").stdout == "2 c"


def test_get_custom_columns(c):
    out = c.kubectl("get", "deploy", "web", "-o", "custom-columns=N:.metadata.name,R:.spec.replicas").stdout
    assert out.split() == ["N", "R", "web", "2"], out


def test_get_watch(c):
    watch = c.popen(c.kubectl_path, "--kubeconfig", c.kubeconfig, "get", "configmaps", "-w", "--output-watch-events", stdout=subprocess.PIPE, env=dict(os.environ, HOME=str(c.home)))
    try:
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(watch.stdout.readline, "")), daemon=True)
        reader.start()
        eventually("the first line", lambda: len(lines) > 1)
        c.kubectl("create", "cm", "watched", "--from-literal=a=1")
        c.kubectl("delete", "cm", "watched")
        eventually("both events", lambda: any("ADDED" in l and "watched" in l for l in lines) and any("DELETED" in l and "watched" in l for l in lines))
    finally:
        watch.kill()
        watch.wait()


def test_describe(c):
    pod = c.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    text = c.kubectl("describe", "pod", pod).stdout
    for expected in ["Status:           Running", "Controlled By:  ReplicaSet/web-", "Successfully assigned default/" + pod + " to n1", "Created container", "Started container", "QoS Class:                   BestEffort"]:
        assert expected in text, f"{expected!r} not in\n{text}"
    deploy = c.kubectl("describe", "deploy", "web").stdout
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in deploy and "ScalingReplicaSet" in deploy, deploy
    node = c.kubectl("describe", "node", "n1").stdout
    assert "KubeletReady" in node and "Non-terminated Pods:" in node, node
    assert "Endpoints:" in c.kubectl("describe", "svc", "web").stdout


def test_create(c):
    assert c.kubectl("create", "ns", "made").stdout == "namespace/made created\n"
    again = c.kubectl("create", "ns", "made", check=False)
    assert again.stderr == 'Error from server (AlreadyExists): namespaces "made" already exists\n', again.stderr
    c.kubectl("create", "-n", "made", "secret", "generic", "s", "--from-literal=p=q")
    assert c.kubectl("get", "-n", "made", "secret", "s", "-o", "jsonpath={.data.p} {.type}").stdout == "cQ== Opaque"
    c.kubectl("create", "-n", "made", "deploy", "d1", "--image=example.test/app:1", "--replicas=0", "--port=80")
    c.kubectl("create", "-n", "made", "svc", "nodeport", "sn", "--tcp=80")
    c.kubectl("create", "-n", "made", "sa", "robot")
    token = c.kubectl("create", "-n", "made", "token", "robot", "--duration=10m").stdout
    assert len(token.strip().split(".")) == 3
    none = c.kubectl("create", "-n", "nowhere", "cm", "x", check=False)
    assert 'namespaces "nowhere" not found' in none.stderr
    dry = c.kubectl("create", "cm", "dry", "--from-literal=a=1", "--dry-run=server", "-o", "name").stdout
    assert dry == "configmap/dry\n" and c.kubectl("get", "cm", "dry", check=False).returncode == 1
    c.kubectl("delete", "ns", "made", timeout=60)
    assert c.kubectl("get", "ns", "made", check=False).returncode == 1


def test_run(c):
    assert c.kubectl("run", "r1", "--image=appliance/demo", "--image-pull-policy=IfNotPresent", "--labels=app=r", "--env=X=y").stdout == "pod/r1 created\n"
    c.kubectl("wait", "--for=condition=Ready", "pod/r1", "--timeout=30s")
    out = c.kubectl("run", "once", "--image=appliance/demo", "--image-pull-policy=IfNotPresent", "--restart=Never", "--command", "--", "/appliance", "version").stdout
    assert out == "pod/once created\n"
    c.wait_phase("once", "Succeeded")
    assert columns(c.kubectl("get", "pod", "once").stdout)[1][1:3] == ["0/1", "Completed"]
    c.kubectl("delete", "pod", "r1", "once", "--now")


def test_expose(c):
    assert c.kubectl("expose", "deploy", "web", "--name=exposed", "--port=81", "--target-port=8080").stdout == "service/exposed exposed\n"
    svc = c.get("svc", "exposed")
    assert svc["spec"]["selector"] == {"app": "web"} and svc["spec"]["clusterIP"].startswith("10.43.")
    eventually("the exposed service", lambda: "It works." in c.curl(f"http://{svc['spec']['clusterIP']}:81/").stdout)
    c.kubectl("delete", "svc", "exposed")


def test_apply_file(c):
    path = c.home / "cm.yaml"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: '1', b: '2'}\n")
    assert c.kubectl("apply", "-f", path).stdout == "configmap/applied created\n"
    assert c.kubectl("apply", "-f", path).stdout == "configmap/applied unchanged\n"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: '3'}\n")
    assert c.kubectl("apply", "-f", path).stdout == "configmap/applied configured\n"
    assert c.get("cm", "applied")["data"] == {"a": "3"}
    c.kubectl("delete", "-f", path)


def test_apply_folder(c):
    folder = c.home / "folder"
    folder.mkdir()
    for n in "xy":
        (folder / f"{n}.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: folder-{n}}}\n")
    assert c.kubectl("apply", "-f", folder).stdout == "configmap/folder-x created\nconfigmap/folder-y created\n"
    c.kubectl("delete", "-f", folder)


def test_apply_stdin(c):
    assert c.apply(WEB).stdout == "deployment.apps/web unchanged\nservice/web unchanged\n"


def test_apply_url(c):
    (c.home / "served").mkdir()
    (c.home / "served/u.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-url}\n")
    server = c.popen("python3", "-m", "http.server", "8099", "--bind", "127.0.0.1", "--directory", c.home / "served", stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        eventually("the file server", lambda: c.curl("http://127.0.0.1:8099/u.yaml").stdout)
        assert c.kubectl("apply", "-f", "http://127.0.0.1:8099/u.yaml").stdout == "configmap/from-url created\n"
    finally:
        server.kill()
        server.wait()
    c.kubectl("delete", "cm", "from-url")


def test_delete_grace_wait_force(c):
    c.apply(POD % ("slow", "slow", "Always", container("c")))
    c.kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=30s")
    start = time.monotonic()
    assert c.kubectl("delete", "pod", "slow", "--wait=false").stdout == 'pod "slow" deleted\n'
    assert time.monotonic() - start < 5
    eventually("slow gone", lambda: c.kubectl("get", "pod", "slow", check=False).returncode == 1)
    c.apply(POD % ("slow", "slow", "Always", container("c")))
    c.kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=30s")
    c.kubectl("delete", "pod", "slow", "--grace-period=2", "--wait=true")
    assert c.kubectl("get", "pod", "slow", check=False).returncode == 1
    c.apply(POD % ("slow", "slow", "Always", container("c")))
    forced = c.kubectl("delete", "pod", "slow", "--force", "--grace-period=0")
    assert 'pod "slow" force deleted' in forced.stdout and "Immediate deletion does not wait" in forced.stderr
    assert c.kubectl("get", "pod", "slow", check=False).returncode == 1


def test_scale(c):
    assert c.kubectl("scale", "deploy", "web", "--replicas=3").stdout == "deployment.apps/web scaled\n"
    c.wait_pods("app=web", 3)
    c.kubectl("scale", "deploy", "web", "--current-replicas=3", "--replicas=2")
    c.wait_pods("app=web", 2)


def test_rollout_status_restart_set_image(c):
    assert c.kubectl("rollout", "status", "deploy", "web").stdout.endswith('deployment "web" successfully rolled out\n')
    before = {p["metadata"]["name"] for p in c.get("pods", "-l", "app=web")["items"]}
    assert c.kubectl("rollout", "restart", "deploy", "web").stdout == "deployment.apps/web restarted\n"
    c.kubectl("rollout", "status", "deploy", "web", "--timeout=60s")
    after = {p["metadata"]["name"] for p in c.wait_pods("app=web", 2)}
    assert not before & after
    assert c.kubectl("set", "image", "deploy/web", "c=docker.io/appliance/demo:latest").stdout == "deployment.apps/web image updated\n"
    c.kubectl("rollout", "status", "deploy", "web", "--timeout=60s")
    assert c.kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}").stdout == "docker.io/appliance/demo:latest"
    assert "revision" in c.kubectl("rollout", "history", "deploy", "web").stdout.lower()


def logs_pod(c):
    if c.kubectl("get", "pod", "logs", check=False).returncode == 1:
        c.apply(POD % ("logs", "logs", "Always", container("web") + "\n" + container("other", ["--port", "8081"])))
        c.kubectl("wait", "--for=condition=Ready", "pod/logs", "--timeout=30s")


def test_logs_container_tail_since_timestamps(c):
    logs_pod(c)
    eventually("the line", lambda: c.kubectl("logs", "logs", "-c", "other").stdout == "listening on port 8081\n")
    assert "Defaulted container" in c.kubectl("logs", "logs").stderr
    assert c.kubectl("logs", "logs", "-c", "web", "--tail=0").stdout == ""
    assert c.kubectl("logs", "logs", "-c", "web", "--tail=1").stdout == "listening on port 8080\n"
    assert c.kubectl("logs", "logs", "-c", "web", "--since=1h").stdout == "listening on port 8080\n"
    stamped = c.kubectl("logs", "logs", "-c", "web", "--timestamps").stdout
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z listening on port 8080\n$", stamped), stamped
    wrong = c.kubectl("logs", "logs", "-c", "nope", check=False)
    assert "container nope is not valid for pod logs" in wrong.stderr, wrong.stderr


def test_logs_follow(c):
    logs_pod(c)
    follower = c.popen(c.kubectl_path, "--kubeconfig", c.kubeconfig, "logs", "-f", "logs", "-c", "web", stdout=subprocess.PIPE, env=dict(os.environ, HOME=str(c.home)))
    try:
        assert follower.stdout.readline() == "listening on port 8080\n"
        c.kubectl("delete", "pod", "logs", "--grace-period=1")
        assert follower.wait(timeout=30) == 0  # ends with the container
    finally:
        follower.kill()
        follower.wait()


def test_logs_previous(c):
    c.apply(POD % ("crash", "crash", "Always", "  - {name: c, image: appliance/demo, imagePullPolicy: IfNotPresent, command: [/appliance, version]}"))
    eventually("a restart", lambda: c.get("pod", "crash")["status"]["containerStatuses"][0]["restartCount"] >= 1)
    assert c.kubectl("logs", "crash", "--previous").stdout.startswith("appliance ")
    eventually("CrashLoopBackOff", lambda: "CrashLoopBackOff" in c.kubectl("get", "pod", "crash").stdout)
    c.kubectl("delete", "pod", "crash", "--grace-period=0", "--force")


def test_exec_exit_codes(c):
    pod = c.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    done = c.kubectl("exec", pod, "--", "/appliance", "nosuchverb", check=False)
    assert done.returncode == 2 and "no such verb" in done.stderr and "command terminated with exit code 2" in done.stderr, done
    missing = c.kubectl("exec", pod, "--", "/nope", check=False)
    assert missing.returncode != 0


def test_exec_piped_half_close(c):
    pod = c.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    # Reads standard input to its end, then fails for want of a server: it must see the end of file.
    done = c.kubectl("exec", "-i", pod, "--", "/appliance", "apply", "-f", "-", input=manifest, check=False, timeout=30)
    assert done.returncode == 1 and "no server answers" in done.stderr, done


def test_exec_tty_resize(c):
    c.apply(POD % ("tty", "tty", "Always", "  - {name: c, image: test/busybox:1, command: [sleep, '100000']}"))
    c.kubectl("wait", "--for=condition=Ready", "pod/tty", "--timeout=30s")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    # kubectl becomes the terminal's foreground process, as under a shell: the kernel then tells it of the new size.
    start = lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    process = subprocess.Popen(["nsenter", f"--net=/run/netns/{c.netns}", c.kubectl_path, "--kubeconfig", str(c.kubeconfig), "exec", "-it", "tty", "--", "sh"],
                               stdin=slave, stdout=slave, stderr=slave, env=dict(os.environ, HOME=str(c.home), TERM="xterm"), preexec_fn=start)
    seen = [b""]

    def read_until(expected, send=None):
        deadline = time.monotonic() + 20
        while expected not in seen[0]:
            assert time.monotonic() < deadline, (expected, seen[0])
            if send and not seen[0].endswith(b"\x00"):
                os.write(master, send)
            if select.select([master], [], [], 0.3)[0]:
                seen[0] += os.read(master, 4096)

    try:
        read_until(b"30 100", send=b"stty size\n")
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        read_until(b"40 120", send=b"stty size\n")
        os.write(master, b"exit 5\n")
        assert process.wait(timeout=20) == 5
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
    c.kubectl("delete", "pod", "tty", "--force", "--grace-period=0")


def test_events(c):
    pod = c.get("pods", "-l", "app=web")["items"][0]["metadata"]["name"]
    out = c.kubectl("events", "--for", f"pod/{pod}").stdout
    assert "Scheduled" in out and "Started" in out, out
    assert "LAST SEEN" in c.kubectl("get", "events").stdout


def test_label_annotate(c):
    assert c.kubectl("label", "deploy", "web", "tier=x").stdout == "deployment.apps/web labeled\n"
    assert c.kubectl("label", "deploy", "web", "tier-").stdout == "deployment.apps/web unlabeled\n"
    assert c.kubectl("annotate", "deploy", "web", "note=hello").stdout == "deployment.apps/web annotated\n"
    assert c.get("deploy", "web")["metadata"]["annotations"]["note"] == "hello"


def test_patch_json(c):
    assert c.kubectl("patch", "deploy", "web", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels/j","value":"1"}]').stdout == "deployment.apps/web patched\n"
    assert c.get("deploy", "web")["metadata"]["labels"]["j"] == "1"


def test_patch_merge(c):
    c.kubectl("patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"labels":{"j":null,"m":"1"}}}')
    assert c.get("deploy", "web")["metadata"]["labels"] == {"app": "web", "m": "1"}
    assert c.kubectl("patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"labels":{"m":"1"}}}').stdout == "deployment.apps/web patched (no change)\n"


def test_patch_strategic(c):
    c.kubectl("patch", "deploy", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"B","value":"2"}]}]}}}}')
    env = {e["name"]: e["value"] for e in c.get("deploy", "web")["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert env == {"A": "1", "B": "2"}, env
    c.kubectl("rollout", "status", "deploy", "web", "--timeout=60s")


def test_wait(c):
    c.kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=30s")
    c.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deploy/web", "--timeout=30s")
    late = c.kubectl("wait", "--for=condition=Nope", "deploy/web", "--timeout=1s", check=False)
    assert late.returncode == 1 and "timed out waiting for the condition on deployments/web" in late.stderr


def test_explain(c):
    out = c.kubectl("explain", "deployment.spec.strategy").stdout
    for expected in ["GROUP:      apps", "KIND:       Deployment", "VERSION:    v1", "FIELD: strategy <DeploymentStrategy>", "rollingUpdate\t<RollingUpdateDeployment>", "type\t<string>"]:
        assert expected in out, f"{expected!r} not in\n{out}"
    nope = c.kubectl("explain", "pod.spec.nope", check=False)
    assert nope.returncode == 1 and 'field "nope" does not exist' in nope.stderr
    assert "-required-" in c.kubectl("explain", "pod.spec", "--recursive").stdout


def test_auth(c):
    assert c.kubectl("auth", "can-i", "create", "pods").stdout == "yes\n"
    who = c.kubectl("auth", "whoami").stdout
    assert "system:admin" in who and "system:masters" in who, who


def test_strict_validation(c):
    def refused(manifest, *expected):
        path = c.home / "bad.yaml"
        path.write_text(manifest)
        done = c.kubectl("create", "-f", path, check=False)
        for text in expected:
            assert text in done.stderr, f"{text!r} not in {done.stderr}"
        assert done.returncode == 1
    refused("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndtaa: {}\n", 'unknown field "dtaa"')
    refused(WEB.split("---")[0].replace("replicas: 2", "replcas: 2").replace("name: web,", "name: web2,"), 'unknown field "spec.replcas"')
    refused("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c}]}\n", "spec.containers[0].image: Required value")
    refused("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: true}\n", "cannot unmarshal bool into Go struct field ConfigMap.data of type string")
