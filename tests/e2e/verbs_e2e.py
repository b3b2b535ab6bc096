"""The command line's own verbs: those that are there, and what those that are not answer."""
import json, os, pathlib, pwd, subprocess

from e2e.harness import BINARY, Cluster, eventually, run

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\ndata: {a: '1', b: '2'}\n"


def setup():
    c = Cluster("verbs")
    c.up()
    c.wait_pods("app=demo", 2)
    return c


def teardown(c):
    c.close()


def test_version(c):
    out = json.loads(run(BINARY, "version", "-o", "json").stdout)
    assert out["kubernetes"].startswith("v1.33.") and out["libraries"]["cpp-httplib"].startswith("0.18"), out
    assert run(BINARY, "version").stdout.startswith("appliance ")


def test_static_binary_runs_in_an_empty_root(c):
    assert "not a dynamic executable" in run("ldd", BINARY, check=False).stderr + run("ldd", BINARY, check=False).stdout or "statically linked" in run("ldd", BINARY, check=False).stdout
    root = c.home / "empty"
    root.mkdir()
    run("cp", BINARY, root / "appliance")
    assert run("chroot", root, "/appliance", "version").stdout.startswith("appliance ")
    assert os.path.getsize(BINARY) < 16_000_000


def test_help_has_examples(c):
    listing = run(BINARY, "help").stdout
    for verb in "up server down status uninstall check version completion get apply delete logs exec join leave dev dashboard".split():
        assert f"  {verb} " in listing
        text = run(BINARY, verb, "--help").stdout
        assert text.count(f"appliance {verb}") >= 2 and "Examples:" in text, text
    for verb in "pull ls rm import export demo".split():
        assert "Examples:" in run(BINARY, "image", verb, "--help").stdout


def test_not_yet_answers_2(c):
    for words in ["certs", "token create --server", "describe pod x", "scale deploy x", "rollout status x", "oci state x", "release verify", "update status", "dev fleet", "dev chaos",
                  "store serve", "store members", "store snapshot", "store compact", "store defrag", "store migrate", "image push x", "image build .", "image inspect x"]:
        done = run(BINARY, *words.split(), check=False)
        assert done.returncode == 2 and "not yet" in done.stderr, f"{words}: {done}"
    wrong = run(BINARY, "frobnicate", check=False)
    assert wrong.returncode == 2 and "no such verb" in wrong.stderr
    assert run(BINARY, "up", "--nope", check=False).returncode == 2


def test_completion(c):
    for shell in ["bash", "zsh", "fish"]:
        assert "uninstall" in run(BINARY, "completion", shell).stdout
    done = run("bash", "-c", f"source <({BINARY} completion bash); COMP_WORDS=(appliance unin); COMP_CWORD=1; _appliance; echo ${{COMPREPLY[0]}}")
    assert done.stdout == "uninstall\n"
    assert run(BINARY, "completion", "tcsh", check=False).returncode == 2


def test_check(c):
    out = json.loads(c.inside(BINARY, "check", "-o", "json", *c.dirs(), "--node-name", "n1").stdout)
    assert out["fit"] and {x["name"] for x in out["checks"]} >= {"root", "kernel", "cgroups", "overlay", "erofs", "namespaces", "nftables", "disk", "clock"}, out


def test_check_names_a_missing_kernel_feature(c):
    fake = c.home / "filesystems"
    fake.write_text("nodev\ttmpfs\n")
    script = f"mount --bind {fake} /proc/filesystems && mount -t tmpfs none /lib/modules && exec {BINARY} check --data-dir {c.data} --run-dir {c.run_dir}"
    done = c.inside("unshare", "-m", "sh", "-c", f"mkdir -p /lib/modules; {script}", check=False)
    assert done.returncode == 1 and "overlay" in done.stdout and "modprobe overlay" in done.stdout, done


def test_not_root(c):
    for verb in ["up", "server", "down", "uninstall --yes"]:
        done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", c.public_binary(), *verb.split(), *c.dirs(), check=False)
        assert done.returncode == 1 and "must run as root" in done.stderr and "sudo" in done.stderr, f"{verb}: {done}"


def test_get(c):
    rows = [l.split() for l in c.appliance("get", "pods", "-l", "app=demo").stdout.splitlines()]
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"] and rows[1][1:3] == ["1/1", "Running"], rows
    assert c.appliance("get", "pods", "-A").stdout.split()[0] == "NAMESPACE"
    ours, theirs = c.appliance("get", "deploy", "demo", "-o", "yaml").stdout, c.kubectl("get", "deploy", "demo", "-o", "yaml").stdout
    assert ours == theirs
    assert json.loads(c.appliance("get", "svc", "demo", "-o", "json").stdout)["spec"]["type"] == "NodePort"
    missing = c.appliance("get", "pod", "none", check=False)
    assert missing.returncode == 1 and 'pods "none" not found' in missing.stderr


def test_apply_and_delete(c):
    path = c.home / "cm.yaml"
    path.write_text(CM)
    assert c.appliance("apply", "-f", path).stdout == "configmap/v created\n"
    assert c.appliance("apply", "-f", path).stdout == "configmap/v unchanged\n"
    path.write_text(CM.replace(", b: '2'", ""))
    assert c.appliance("apply", "-f", path).stdout == "configmap/v configured\n"
    assert c.get("cm", "v")["data"] == {"a": "1"}
    assert c.kubectl("apply", "-f", path).stdout in ("configmap/v unchanged\n", "configmap/v configured\n")
    assert c.appliance("delete", "cm", "v").stdout == 'configmap "v" deleted\n'
    again = c.appliance("delete", "cm", "v", check=False)
    assert again.returncode == 1 and "not found" in again.stderr


def test_logs(c):
    pod = c.get("pods", "-l", "app=demo")["items"][0]["metadata"]["name"]
    assert c.appliance("logs", pod).stdout == "listening on port 8080\n"
    assert c.appliance("logs", pod, "--tail", "0").stdout == ""


def test_exec(c):
    pod = c.get("pods", "-l", "app=demo")["items"][0]["metadata"]["name"]
    assert c.inside(BINARY, "exec", pod, *c.dirs(), "--", "/appliance", "version").stdout.startswith("appliance ")
    assert c.inside(BINARY, "exec", pod, *c.dirs(), "--", "/appliance", "nope", check=False).returncode == 2


def test_image(c):
    assert "appliance/demo" in c.appliance("image ls").stdout
    archive = c.home / "demo.tar"
    c.appliance("image export", "appliance/demo", archive)
    listed = json.loads(run("skopeo", "inspect", f"oci-archive:{archive}").stdout)
    assert listed["Architecture"] == "amd64" and len(listed["Layers"]) == 1, listed
    c.appliance("image import", archive, "--tag", "copy:1")
    assert "copy" in c.appliance("image ls").stdout
    assert "removed" in c.appliance("image rm", "copy:1").stdout
    assert "library/copy" not in c.appliance("image ls").stdout
    assert "appliance/demo" in c.appliance("image demo").stdout
    gone = c.appliance("image rm", "copy:1", check=False)
    assert gone.returncode == 1 and "copy" in gone.stderr


def test_store(c):
    assert c.appliance("store put", "k1", "v1").stdout == "OK\n"
    assert c.appliance("store get", "k1").stdout == "k1\nv1\n"
    assert "/registry/pods/default/demo-" in c.appliance("store get", "/registry/pods/", "--prefix", "--keys-only").stdout
    watch = c.popen(BINARY, "store", "watch", "k", "--prefix", *c.dirs(), stdout=subprocess.PIPE)
    try:
        # The watch is open once it reports what comes after it: write until it does.
        import threading
        lines = []
        threading.Thread(target=lambda: lines.extend(iter(watch.stdout.readline, "")), daemon=True).start()
        n = iter(range(1000))
        eventually("an event", lambda: c.appliance("store put", "k2", f"v{next(n)}") and "k2\n" in lines)
        assert "PUT\n" in lines
    finally:
        watch.kill()
        watch.wait()
    assert c.appliance("store del", "k", "--prefix").stdout == "2\n"
    assert c.appliance("store get", "k1").stdout == ""
    status = json.loads(c.appliance("store status", "-w", "json").stdout)
    assert status["revision"] > 10 and status["problem"] == ""


def test_status_json(c):
    out = json.loads(c.appliance("status", "-o", "json").stdout)
    assert out["nodes"][0]["ready"] and out["pods"]["ready"] >= 2 and out["store"]["voters"] == 1


def test_files_are_private(c):
    assert (c.data / "admin.kubeconfig").stat().st_mode & 0o777 == 0o600
    assert (c.run_dir / "control.sock").stat().st_mode & 0o777 == 0o600
    assert c.kubeconfig.stat().st_mode & 0o777 == 0o600
    for key in (c.data / "pki").glob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600, key


def test_ports_in_use_name_the_holder(c):
    holder = c.popen("python3", "-c", "import socket,sys; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('0.0.0.0',7443)); s.listen(); print('on', flush=True); sys.stdin.read()", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == "on\n"
        done = c.inside(BINARY, "up", "--data-dir", c.home / "d2", "--run-dir", c.home / "r2", "--node-name", "n2", "--https-listen-port", "7443", check=False)
        assert done.returncode == 1 and "7443" in done.stderr and "python3" in done.stderr and str(holder.pid) in done.stderr, done.stderr
        assert not (c.home / "d2").exists()
    finally:
        holder.kill()
        holder.wait()


def test_second_server_on_the_same_data(c):
    layers = set(os.listdir(c.data / "containers"))
    for run_dir in (c.home / "r3", c.run_dir):
        done = c.inside(BINARY, "server", "--data-dir", c.data, "--run-dir", run_dir, "--node-name", "n3", "--https-listen-port", "7444", check=False, timeout=60)
        assert done.returncode == 1 and str(c.server_pid()) in done.stderr, done.stderr[-2000:]
        assert c.appliance("status").returncode == 0
        assert set(os.listdir(c.data / "containers")) == layers and layers
    assert "It works." in c.curl(f"http://{c.node_ip}:30080/").stdout


def test_environment_and_config_file(c):
    config = c.home / "config.yaml"
    config.write_text("node-nam: x\n")
    wrong = run(BINARY, "server", "--config", config, check=False)
    assert wrong.returncode == 1 and "node-nam: no such option" in wrong.stderr
    env = run(BINARY, "server", check=False, env=dict(os.environ, APPLIANCE_HTTPS_LISTEN_PORT="99999"))
    assert env.returncode == 1 and "APPLIANCE_HTTPS_LISTEN_PORT" in env.stderr, env
