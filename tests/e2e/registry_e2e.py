"""Something that nobody here wrote: nginx of Debian's packages, in an image made with mmdebstrap and umoci, from Debian's
docker-registry on loopback, as a Deployment behind a Service, rolled under load and scaled."""
import json, os, pathlib, subprocess, threading, time

from e2e.harness import BINARY, Cluster, Failed, Skip, apt_sources, eventually, run, ROOT

CACHE = ROOT / "build/e2e/nginx"
REGISTRY_CONFIG = """version: 0.1
storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
http: {addr: 127.0.0.1:5000}
log: {level: error}
%s"""


def nginx_layout():
    """An OCI layout with two tags, made once per build folder: the first takes a minute."""
    layout = CACHE / "layout"
    if (CACHE / "done").exists():
        return layout
    run("rm", "-rf", CACHE)
    CACHE.mkdir(parents=True)
    run("mmdebstrap", "--variant=extract", "--include=nginx-light,libc6,libpcre2-8-0,libssl3,zlib1g,libcrypt1,busybox-static,curl", "bookworm", CACHE / "rootfs", *apt_sources(), timeout=400)
    rootfs = CACHE / "rootfs"
    for folder in ["var/lib/nginx/body", "var/log/nginx", "run", "tmp", "var/www/html", "proc", "sys", "dev"]:
        (rootfs / folder).mkdir(parents=True, exist_ok=True)
    (rootfs / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n")
    (rootfs / "etc/group").write_text("root:x:0:\nwww-data:x:33:\n")
    (rootfs / "etc/nginx/nginx.conf").write_text("user www-data;\nworker_processes 1;\ndaemon off;\nerror_log /dev/stderr;\npid /run/nginx.pid;\nevents { worker_connections 512; }\n"
                                                 "http { access_log off; keepalive_requests 1000000; server { listen 80; root /var/www/html; location / { add_header X-Pod $hostname; } } }\n")
    run("umoci", "init", "--layout", layout)
    for version in ("1", "2"):
        (rootfs / "var/www/html/index.html").write_text(f"version {version}\n")
        run("tar", "-C", rootfs, "--numeric-owner", "-cf", CACHE / f"l{version}.tar", ".")
        run("umoci", "new", "--image", f"{layout}:{version}")
        run("umoci", "raw", "add-layer", "--image", f"{layout}:{version}", CACHE / f"l{version}.tar")
        run("umoci", "config", "--image", f"{layout}:{version}", "--config.cmd", "/usr/sbin/nginx", "--config.stopsignal", "SIGQUIT", "--config.env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "--config.exposedports", "80/tcp")
    (CACHE / "done").write_text("")
    return layout


def setup():
    layout = nginx_layout()
    c = Cluster("registry")
    (c.home / "registry").mkdir()
    config = c.home / "registry.yml"
    config.write_text(REGISTRY_CONFIG % (c.home / "registry", ""))
    c.registry = c.popen("docker-registry", "serve", config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually("the registry", lambda: c.curl("http://127.0.0.1:5000/v2/").returncode == 0)
    for version in ("1", "2"):
        c.inside("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:{version}", f"docker://127.0.0.1:5000/nginx:{version}", timeout=120)
    c.digest = json.loads(c.inside("skopeo", "inspect", "--tls-verify=false", "docker://127.0.0.1:5000/nginx:1").stdout)["Digest"]
    c.up("--no-demo")
    return c


def teardown(c):
    c.registry.kill()
    c.registry.wait()
    c.close()


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx}
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 20
      containers:
      - name: nginx
        image: 127.0.0.1:5000/nginx:1
        imagePullPolicy: Always
        ports: [{name: http, containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {exec: {command: [/bin/busybox, sleep, "2"]}}}
---
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  type: NodePort
  selector: {app: nginx}
  ports: [{name: http, port: 80, targetPort: http, nodePort: 30090}]
"""


def test_pull_by_tag_and_digest(c):
    out = c.appliance("image pull", "127.0.0.1:5000/nginx:1", timeout=180).stdout
    assert "127.0.0.1:5000/nginx" in out
    c.appliance("image pull", f"127.0.0.1:5000/nginx@{c.digest}")
    listed = json.loads(c.appliance("image ls", "-o", "json").stdout)["images"]
    assert any(c.digest in d for i in listed for d in i["digests"]), listed
    none = c.appliance("image pull", "127.0.0.1:5000/nginx:nope", check=False)
    assert none.returncode == 1 and "404" in none.stderr or "not found" in none.stderr or "unknown" in none.stderr, none


def test_deployment_behind_a_service(c):
    c.apply(DEPLOYMENT)
    c.wait_pods("app=nginx", 3, timeout=90)
    pods = c.get("pods", "-l", "app=nginx")["items"]
    assert all(c.digest in p["status"]["containerStatuses"][0]["imageID"] for p in pods), pods[0]["status"]["containerStatuses"]
    names = set()
    def spread():
        names.update(l.split(": ")[1] for l in c.curl(f"http://{c.node_ip}:30090/", "-D", "-").stdout.splitlines() if l.startswith("X-Pod"))
        return len(names) == 3
    eventually("all three answer", spread)


def test_reached_by_address_port_and_name(c):
    ip = c.get("svc", "nginx")["spec"]["clusterIP"]
    c.kubectl("run", "asker", "--image=127.0.0.1:5000/nginx:1", "--command", "--", "/bin/busybox", "sleep", "100000")
    c.kubectl("wait", "--for=condition=Ready", "pod/asker", "--timeout=30s")
    for url in [f"http://{ip}/", f"http://{c.node_ip}:30090/", "http://nginx/", "http://nginx.default.svc.cluster.local/"]:
        assert eventually(url, lambda: c.kubectl("exec", "asker", "--", "/usr/bin/curl", "-sS", "-m", "5", url).stdout) == "version 1\n", url
    for url in [f"http://{ip}/", f"http://{c.node_ip}:30090/"]:
        assert c.curl(url).stdout == "version 1\n"
    name = "nginx.default.svc.cluster.local"
    found = c.inside("dig", "+short", "@10.43.0.10", name).stdout.strip()
    assert found == ip and c.curl(f"http://{name}/", "--resolve", f"{name}:80:{found}").stdout == "version 1\n"
    c.kubectl("delete", "pod", "asker", "--now")


class Load:
    def __init__(self, c):
        script = r'''
import http.client, select, sys, threading
host, port = sys.argv[1], int(sys.argv[2]); stop = threading.Event(); ok = [0]; bad = []; seen = set()
def fresh():
    while not stop.is_set():
        try:
            x = http.client.HTTPConnection(host, port, timeout=10); x.request("GET", "/", headers={"Connection": "close"}); r = x.getresponse(); seen.add(r.read()); x.close()
            assert r.status == 200; ok[0] += 1
        except Exception as e: bad.append(repr(e))
        stop.wait(0.002)
t = [threading.Thread(target=fresh) for _ in range(4)]
[x.start() for x in t]; print("ready", flush=True); sys.stdin.readline(); stop.set(); [x.join() for x in t]
print(ok[0], len(bad), sorted(seen), bad[:5])
'''
        self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{c.peer}", "python3", "-c", script, c.node_ip, "30090"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def finish(self):
        out, _ = self.process.communicate("\n", timeout=60)
        return int(out.split()[0]), int(out.split()[1]), out


def test_rolled_under_load_without_a_failed_request(c):
    load = Load(c)
    try:
        c.kubectl("set", "image", "deploy/nginx", "nginx=127.0.0.1:5000/nginx:2")
        c.kubectl("rollout", "status", "deploy/nginx", "--timeout=120s", timeout=150)
        eventually("the old ones are gone", lambda: len(c.get("pods", "-l", "app=nginx")["items"]) == 3)
    finally:
        ok, bad, out = load.finish()
    assert bad == 0 and ok > 100, out
    assert c.curl(f"http://{c.node_ip}:30090/").stdout == "version 2\n"


def test_scaled_to_10(c):
    c.kubectl("scale", "deploy/nginx", "--replicas=10")
    c.wait_pods("app=nginx", 10, timeout=90)
    eventually("ten endpoints", lambda: sum(len(s["endpoints"]) for s in c.get("endpointslices", "-l", "kubernetes.io/service-name=nginx")["items"]) == 10)
    c.kubectl("delete", "deploy,svc", "nginx")


def test_basic_auth_and_pull_secrets(c):
    folder = c.home / "private"
    folder.mkdir()
    try:
        import crypt
        hashed = crypt.crypt("pw", crypt.mksalt(crypt.METHOD_BLOWFISH))
    except Exception as why:
        raise Skip(f"no bcrypt here: {why}")
    (folder / "htpasswd").write_text(f"u:{hashed}\n")
    config = folder / "config.yml"
    config.write_text((REGISTRY_CONFIG % (c.home / "registry", f"auth: {{htpasswd: {{realm: r, path: {folder / 'htpasswd'}}}}}\n")).replace("5000", "5001"))
    registry = c.popen("docker-registry", "serve", config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually("the private registry", lambda: c.curl("http://127.0.0.1:5001/v2/", "-o", "/dev/null", "-w", "%{http_code}").stdout == "401")
        refused = c.appliance("image pull", "127.0.0.1:5001/nginx:2", check=False)
        assert refused.returncode == 1 and "401" in refused.stderr, refused
        c.kubectl("create", "secret", "docker-registry", "creds", "--docker-server=127.0.0.1:5001", "--docker-username=u", "--docker-password=pw")
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "private"}, "spec": {"imagePullSecrets": [{"name": "creds"}], "containers": [{"name": "c", "image": "127.0.0.1:5001/nginx:2", "imagePullPolicy": "Always"}]}}
        c.apply(json.dumps(pod))
        c.kubectl("wait", "--for=condition=Ready", "pod/private", "--timeout=60s", timeout=70)
        pod["metadata"]["name"], pod["spec"]["imagePullSecrets"] = "public", []
        c.apply(json.dumps(pod))
        eventually("the refusal", lambda: c.get("pod", "public")["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff"))
        c.kubectl("delete", "pod", "private", "public", "--now")
    finally:
        registry.kill()
        registry.wait()
