"""Bad input: each gets a clear error and changes nothing."""
import json, os, pathlib, re, socket, ssl, subprocess, threading, http.server, hashlib

from e2e import oci
from e2e.harness import BINARY, Cluster, Failed, eventually, run


def setup():
    c = Cluster("bad")
    c.up("--no-demo")
    return c


def teardown(c):
    c.close()


def revision(c):
    return len(c.get("cm,pods,deploy", "-n", "default")["items"])


def refused(c, manifest, *expected):
    before = revision(c)
    done = c.kubectl("create", "-f", "-", input=manifest, check=False)
    assert done.returncode == 1, done
    for text in expected:
        assert text in done.stderr, f"{text!r} not in {done.stderr!r}"
    assert revision(c) == before


def test_manifest_unknown_field(c):
    refused(c, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replcas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i, imag: x}]}}}\n",
            'unknown field "spec.replcas"', 'unknown field "spec.template.spec.containers[0].imag"')


def test_manifest_duplicate_field(c):
    body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":{"a":"1","a":"2"}}'
    done = c.kubectl("create", "--raw", "/api/v1/namespaces/default/configmaps?fieldValidation=Strict", "-f", "-", input=body, check=False)
    assert done.returncode == 1 and 'duplicate field "data.a"' in done.stderr, done.stderr
    assert c.kubectl("get", "cm", "d", check=False).returncode == 1


def test_manifest_missing_field(c):
    refused(c, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n", "spec.containers[0].image: Required value")
    refused(c, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n", "spec.selector: Required value")


def test_manifest_wrong_type(c):
    refused(c, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: two, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n",
            "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")
    refused(c, "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: i, ports: [{containerPort: 99999}]}], restartPolicy: Sometimes}\n",
            "a lowercase RFC 1123 subdomain", "must be between 1 and 65535, inclusive", 'supported values: "Always", "OnFailure", "Never"')


def test_yaml_bomb(c):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)) + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n"
    path = c.home / "bomb.yaml"
    path.write_text(bomb)
    done = c.appliance("apply", "-f", path, check=False, timeout=20)
    assert done.returncode == 1 and "alias" in done.stderr, done.stderr
    raw = c.raw("POST", "/api/v1/namespaces/default/configmaps", bomb.encode(), "application/yaml")
    assert raw[0] == 400, raw


def test_body_over_the_limit(c):
    status, body = c.raw("POST", "/api/v1/namespaces/default/configmaps", b'{"a":"' + b"x" * (4 << 20) + b'"}', "application/json")
    assert status == 413, (status, body[:200])
    assert c.kubectl("get", "nodes").returncode == 0


def wire(c, payload, tls=True):
    """Bytes in, bytes out, from inside the machine."""
    script = r'''
import socket, ssl, sys
s = socket.create_connection(("127.0.0.1", 6443), 5); s.settimeout(5)
if sys.argv[1] == "tls":
    x = ssl._create_unverified_context(); s = x.wrap_socket(s)
s.sendall(sys.stdin.buffer.read()); out = b""
try:
    while True:
        d = s.recv(65536)
        if not d: break
        out += d
        if len(out) > 100000: break
except (socket.timeout, OSError): pass
sys.stdout.buffer.write(out)
'''
    return subprocess.run(["nsenter", f"--net=/run/netns/{c.netns}", "python3", "-c", script, "tls" if tls else "plain"], input=payload, capture_output=True, timeout=30).stdout


def test_malformed_http(c):
    for payload in [b"GARBAGE\r\n\r\n", b"GET /version HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"GET /version HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                    b"GET /version HTTP/1.1\r\nHost : x\r\n\r\n", b"GET /ver\x00sion HTTP/1.1\r\nHost: x\r\n\r\n"]:
        answer = wire(c, payload)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), (payload, answer[:200])
    assert wire(c, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431")
    assert b'"major"' in wire(c, b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_malformed_tls(c):
    assert b"HTTP request to an HTTPS server" in wire(c, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", tls=False)
    wire(c, os.urandom(2000), tls=False)
    wire(c, b"\x16\x03\x01\xff\xff" + os.urandom(500), tls=False)
    assert c.kubectl("get", "--raw", "/readyz").stdout == "ok"


class Registry:
    """A registry on the machine's loopback that lies as told."""
    def __init__(self, c, lie):
        self.c, folder = c, c.home / f"registry-{lie}"
        folder.mkdir(exist_ok=True)
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}).encode()
        layer = b"\x1f\x8b" + b"x" * 5000
        digest = lambda b: "sha256:" + hashlib.sha256(b).hexdigest()
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(layer), "size": len(layer)}]}
        if lie == "digest":
            layer = b"\x1f\x8b" + b"y" * 5000
        if lie == "size":
            layer += b"more than was said"
        (folder / "spec.json").write_text(json.dumps({"lie": lie, "manifest": manifest, "config": config.decode(), "config_digest": manifest["config"]["digest"], "layer_digest": manifest["layers"][0]["digest"], "layer": layer.hex()}))
        script = r'''
import http.server, json, sys, time, socketserver
spec = json.load(open(sys.argv[1]))
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_HEAD(self): self.do_GET()
    def do_GET(self):
        p, kind = self.path, "application/octet-stream"
        if p == "/v2/": body = b"{}"
        elif "/manifests/" in p: body, kind = json.dumps(spec["manifest"]).encode(), spec["manifest"]["mediaType"]
        elif p.endswith(spec["config_digest"]): body = spec["config"].encode()
        elif p.endswith(spec["layer_digest"]): body = bytes.fromhex(spec["layer"])
        else: self.send_error(404); return
        self.send_response(200); self.send_header("Content-Type", kind); self.send_header("Content-Length", str(len(body))); self.end_headers()
        if self.command == "HEAD": return
        if spec["lie"] == "stall" and p.endswith(spec["layer_digest"]):
            self.wfile.write(body[:100]); self.wfile.flush(); time.sleep(600)
        self.wfile.write(body)
class S(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
s = S(("127.0.0.1", 0), H); print(s.server_port, flush=True); s.serve_forever()
'''
        self.process = c.popen("python3", "-c", script, folder / "spec.json", stdout=subprocess.PIPE)
        self.name = f"127.0.0.1:{int(self.process.stdout.readline())}/x:1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def pull_fails(c, lie, *expected, timeout=120):
    with Registry(c, lie) as registry:
        done = c.appliance("image pull", registry.name, check=False, timeout=timeout)
        assert done.returncode == 1, done
        assert any(t in done.stderr for t in expected), done.stderr
        assert "127.0.0.1" not in c.appliance("image ls").stdout


def test_registry_lies_about_digest(c):
    pull_fails(c, "digest", "digest")


def test_registry_lies_about_size(c):
    pull_fails(c, "size", "size", "bytes")


def test_registry_stalls(c):
    pull_fails(c, "stall", "no byte", "stall", "timed out", "time", timeout=200)


def test_image_of_another_architecture(c):
    oci.archive(c.home / "arm.tar", oci.layer({"x": b"y"}), architecture="arm64")
    done = c.appliance("image import", c.home / "arm.tar", "--tag", "arm:1", check=False)
    assert done.returncode == 1 and "arm64" in done.stderr and "amd64" in done.stderr, done


def test_layers_with_hostile_paths(c):
    marker = pathlib.Path("/tmp/appliance-hostile-marker")
    files = {"../../../../../../../tmp/appliance-hostile-marker": b"x", "/tmp/appliance-hostile-marker": b"x", "a": ("link", "/tmp"), "a/appliance-hostile-marker": b"x", "ok": b"fine"}
    oci.archive(c.home / "hostile.tar", oci.layer(files))
    done = c.appliance("image import", c.home / "hostile.tar", "--tag", "hostile:1", check=False)
    assert not marker.exists()
    assert done.returncode in (0, 1) and (done.returncode == 0 or "path" in done.stderr or "name" in done.stderr), done


def test_data_of_a_newer_version(c):
    c.appliance("down", check=False)
    copy = c.home / "newer"
    run("cp", "-a", c.data, copy)
    db = next((copy / "store").rglob("*.db"))
    run("python3", "-c", "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('pragma user_version=9999'); d.commit()", db)
    done = c.inside(BINARY, "server", "--data-dir", copy, "--run-dir", c.home / "newer-run", "--node-name", "n1", check=False, timeout=60)
    assert done.returncode == 1 and "newer" in done.stderr, done.stderr[-1500:]
    c.up("--no-demo")
