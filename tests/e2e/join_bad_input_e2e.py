"""Joins that must not work: each says which thing is wrong and what to do, and leaves nothing behind. And joins that are
killed: run again, they end well."""
import json, re, subprocess, threading, time

from e2e.fleet import Fleet
from e2e.harness import BINARY, eventually, run


def setup():
    f = Fleet("badjoin")
    f.n1 = f.server()
    f.w = f.add("w1", "a")
    f.explain = lambda: "\n".join(m.explain() for m in f.machines)
    return f


def teardown(f):
    f.close()


def refused(f, token, *expected, machine=None, address=None, flags=(), code=1):
    machine = machine or f.w
    done = machine.join(token, address, *flags, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    for text in ("error: ", *expected):
        assert text in done.stderr, (text, done.stderr)
    assert machine.left_behind() == [], machine.left_behind()
    assert [n["metadata"]["name"] for n in f.n1.get("nodes")["items"]] == ["n1"]
    return done.stderr


def test_wrong_token(f):
    good = f.token()
    err = refused(f, good[:-4] + "zzzz", "join token", "hint: ", "appliance token create")
    assert good.rsplit(".", 1)[1][:12] not in err
    for bad in ("K10nonsense", "K11" + good[3:], good.replace("::", ":"), ""):
        done = f.w.join(bad, check=False)
        assert done.returncode == 2 and "error: " in done.stderr, (bad, done)


def test_expired_token(f):
    token = f.token("--ttl", "1s")
    ident = re.search(r"::(\w+)\.", token).group(1)
    eventually("expired", lambda: time.time() > json_expiry(f, ident) if json_expiry(f, ident) else True)
    refused(f, token, "join token", "hint: ", "appliance token create")


def json_expiry(f, ident):
    listed = json.loads(f.n1.appliance("token list", "-o", "json").stdout)
    entry = next((t for t in listed["tokens"] if t["id"] == ident), None)
    return entry and time.mktime(time.strptime(entry["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def test_revoked_token(f):
    token = f.token()
    f.n1.appliance("token delete", re.search(r"::(\w+)\.", token).group(1))
    refused(f, token, "join token", "hint: ", "appliance token create")


def test_wrong_ca(f):
    other = Fleet("otherca")
    try:
        server = other.server()
        token = other.token()
    finally:
        other.close()
    refused(f, token, "another CA", "hint: ", "appliance token create")


def test_name_already_taken(f):
    err = refused(f, f.token(), "n1", "hint: ", flags=("--node-name", "n1"))
    assert "taken" in err or "already" in err, err


def test_unreachable_address(f):
    nobody = f.address("a", 250)
    refused(f, f.token(), f"no server answers at https://{nobody}:6443", "hint: ", address=nobody)
    refused(f, f.token(), "no server answers at", "hint: ", address=f"{f.n1.node_ip}:1")
    done = f.w.join(f.token(), "not/an/address", check=False)
    assert done.returncode == 2 and "HOST:PORT" in done.stderr, done.stderr


def test_overlapping_cidrs(f):
    run("ip", "-n", f.w.netns, "link", "add", "lan", "type", "bridge")
    run("ip", "-n", f.w.netns, "addr", "add", "10.42.77.1/24", "dev", "lan")
    run("ip", "-n", f.w.netns, "link", "set", "lan", "up")
    try:
        done = f.w.join(f.token(), check=False)
        assert done.returncode == 1 and "10.42.0.0/16" in done.stderr and "10.42.77.0/24 on lan" in done.stderr and "hint: " in done.stderr, done.stderr
    finally:
        run("ip", "-n", f.w.netns, "link", "del", "lan")
    assert f.w.left_behind() == []


def test_two_machines_with_one_address(f):
    refused(f, f.token(), f"node n1 already has the address {f.n1.node_ip}", "hint: ", "--node-ip", flags=("--node-ip", f.n1.node_ip))


def test_machine_with_a_cluster_of_its_own(f):
    done = f.n1.join(f.token(), check=False)
    assert done.returncode == 1 and "runs a cluster of its own" in done.stderr and "hint: " in done.stderr, done.stderr
    assert f.n1.kubectl("get", "nodes").returncode == 0


def test_killed_join_ends_well_when_run_again(f):
    """kill -9 of the joining program, and of the server, at different instants."""
    for number, delay in enumerate([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7]):
        token = f.token()
        join = f.w.popen(BINARY, "join", f.n1.node_ip, "--token", token, *f.w.dirs(), *f.w.flags, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Event().wait(delay)  # the instant of the kill is the input of this test
        join.kill()
        join.wait()
        f.w.join(f.token())
        assert next(c for c in f.n1.get("node", "w1")["status"]["conditions"] if c["type"] == "Ready")["status"] == "True"
        f.w.appliance("leave")
        assert f.w.left_behind() == [], (delay, f.w.left_behind())


def test_member_whose_name_was_given_back(f):
    """A worker that was deleted is told to leave; a join that was killed at its end and is run again late joins anew."""
    f.w.join(f.token())
    files = [f.w.data / name for name in ("cluster.json", "pki/ca.crt", "pki/node.crt", "pki/node.key")]
    kept = {path: path.read_bytes() for path in files}
    f.w.appliance("down")
    f.n1.kubectl("delete", "node", "w1")
    eventually("the name is free", lambda: "node-key.w1" not in f.n1.kubectl("get", "secrets", "-n", "kube-system").stdout)
    done = f.w.join(f.token(), check=False)
    assert done.returncode == 1 and "was removed from the cluster" in done.stderr and "appliance leave --force" in done.stderr, done.stderr
    f.w.appliance("leave")  # the cluster's word that the node was removed is enough: no --force
    assert f.w.left_behind() == [], f.w.left_behind()
    # What a join leaves that was killed before its worker began; meanwhile the cluster gave the name back.
    (f.w.data / "pki").mkdir(parents=True, mode=0o700)
    for path, content in kept.items():
        path.write_bytes(content)
        path.chmod(0o600)
    member = json.loads(kept[f.w.data / "cluster.json"])
    (f.w.data / "cluster.json").write_text(json.dumps({**member, "podCIDR": ""}))
    out = f.w.join(f.token()).stdout
    assert "certificate issued to w1" in out, out
    assert (f.w.data / "pki/node.key").read_bytes() == kept[f.w.data / "pki/node.key"]
    assert next(c for c in f.n1.get("node", "w1")["status"]["conditions"] if c["type"] == "Ready")["status"] == "True"
    assert "already, as w1" in f.w.join(f.token()).stdout
    f.w.appliance("leave")
    assert f.w.left_behind() == [], f.w.left_behind()


def test_server_killed_during_a_join(f):
    for delay in [0.0, 0.02, 0.05, 0.1]:
        token = f.token()
        join = f.w.popen(BINARY, "join", f.n1.node_ip, "--token", token, *f.w.dirs(), *f.w.flags, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Event().wait(delay)  # the instant of the kill is the input of this test
        f.n1.kill_server()
        f.n1.up("--no-demo")
        join.communicate(timeout=150)
        f.w.join(f.token())
        eventually("Ready", lambda: next(c for c in f.n1.get("node", "w1")["status"]["conditions"] if c["type"] == "Ready")["status"] == "True")
        f.w.appliance("leave")


def test_join_to_the_wrong_cluster(f):
    """A worker that is in one cluster does not go to another by a second join."""
    f.w.join(f.token())
    other = Fleet("other")
    try:
        other.server()
        done = f.w.join(other.token(), check=False)
        assert done.returncode == 1 and "worker of another cluster" in done.stderr and "appliance leave" in done.stderr, done.stderr
    finally:
        other.close()
    assert f.w.server_pid()
    f.w.appliance("leave")
