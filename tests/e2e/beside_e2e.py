"""Beside others (issue 1.9): a machine whose address changes, and machines whose firewall is Docker's, ufw's or firewalld's."""
import json, re

from e2e import firewalls, oci
from e2e.harness import BINARY, Cluster, eventually, run
from e2e.survival_e2e import processes, restarts

SLEEPER = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asker", "labels": {"app": "asker"}},
           "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "test/tools:1", "command": ["sleep", "100000"]}]}}


def setup():
    c = Cluster("beside")
    c.up()
    oci.tools_archive(c.home / "tools.tar")
    c.appliance("image import", c.home / "tools.tar", "--tag", "test/tools:1")
    c.apply(json.dumps(SLEEPER))
    c.wait_pods("app=asker", 1)
    c.wait_pods("app=demo", 2)
    return c


def teardown(c):
    c.close()


def ask(c, url, *flags):
    """From inside the pod."""
    return c.kubectl("exec", "asker", "--", "curl", "-sS", "-m", "5", *flags, url, check=False).stdout


def move(c, address):
    """The machine gets another address, as by DHCP on another lease."""
    for words in (f"addr del {c.node_ip}/24 dev eth0", f"addr add {address}/24 dev eth0", f"route replace default via {c.peer_ip}"):
        run("ip", "-n", c.netns, *words.split())
    c.node_ip, c.flags = address, ["--node-name", "n1", "--node-ip", address]


def test_a_node_address_that_changes(c):
    old, running, counts = c.node_ip, processes(c), restarts(c)
    service_ip = c.get("svc", "demo")["spec"]["clusterIP"]
    assert len(running) == 2
    new = old.rsplit(".", 1)[0] + ".77"
    move(c, new)
    # Before anybody has restarted the server: everything on this machine goes on.
    assert "It works." in ask(c, "http://demo/") and "It works." in c.curl(f"http://{service_ip}/").stdout
    assert c.kubectl("get", "nodes").returncode == 0
    c.appliance("down", "--keep-pods")
    c.up()
    eventually("the node's new address", lambda: [a["address"] for a in c.get("node", "n1")["status"]["addresses"] if a["type"] == "InternalIP"] == [new])
    status = json.loads(c.appliance("status", "-o", "json").stdout)
    assert new in json.dumps(status) and old not in json.dumps(status), status
    assert processes(c) == running and restarts(c) == counts
    eventually("the API's endpoint", lambda: c.get("endpoints", "kubernetes")["subsets"][0]["addresses"] == [{"ip": new}])
    # Pods by name and by address, the node port at the new address, from the pod, the machine and outside.
    assert "It works." in eventually("the name", lambda: ask(c, "http://demo.default.svc.cluster.local/"))
    assert "It works." in ask(c, f"http://{new}:30080/") and "It works." in c.curl(f"http://{service_ip}/").stdout
    page = eventually("from outside", lambda: c.client("curl", "-sS", "--max-time", "5", f"http://{new}:30080/").stdout)
    assert "It works." in page
    # The API through its service from a pod that is older than the change, and by the new address with a certificate that names it.
    base = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert '"major"' in eventually("the API from the pod", lambda: ask(c, "https://10.43.0.1/version", "--cacert", f"{base}/ca.crt"))
    pki = c.data / "pki"
    assert '"major"' in c.client("curl", "-sS", "--max-time", "5", "--cacert", pki / "ca.crt", f"https://{new}:6443/version").stdout
    gone = c.client("curl", "-sS", "--max-time", "2", f"http://{old}:30080/", check=False)
    assert gone.returncode != 0
    # New pods start and say the new address; those of before are told.
    c.kubectl("rollout", "restart", "deploy", "demo")
    c.kubectl("rollout", "status", "deploy", "demo", "--timeout=60s")
    assert {p["status"]["hostIP"] for p in c.wait_pods("app=demo", 2)} == {new}
    eventually("the old pod's host address", lambda: c.get("pod", "asker")["status"]["hostIP"] == new)


class Rules:
    """A firewall's tables while it lasts; theirs alone are removed, as by the program that made them."""
    def __init__(self, c, ruleset):
        self.c, self.tables = c, re.findall(r"^table (\w+ \w+) ", ruleset, re.M)
        c.inside("nft", "-f", "-", input=ruleset)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for table in self.tables:
            self.c.inside("nft", "delete", "table", *table.split())


def found(c):
    """What check says of the firewall: its details, or none when it is content."""
    out = json.loads(c.inside(BINARY, "check", "-o", "json", *c.dirs(), *c.flags).stdout)
    assert out["fit"], out
    lines = [x for x in out["checks"] if x["name"] == "firewall"]
    assert lines and all(x["state"] in ("ok", "warning") for x in lines), lines
    return [x["detail"] for x in lines if x["state"] == "warning"]


def works(c):
    """Which ways are open: each tried with new connections, one after the other."""
    pod_ip = c.get("pods", "-l", "app=demo")["items"][0]["status"]["podIP"]
    quick = ("--connect-timeout", "1")
    page = lambda text: "It works." in text
    outside = c.client_popen("sh", "-c", f"exec python3 -m http.server 7001 --bind {c.peer_ip} --directory {c.home} 2>&1 >/dev/null")
    try:
        eventually("the server outside", lambda: c.curl(f"http://{c.peer_ip}:7001/").stdout)
        return {"out": "Directory listing" in ask(c, f"http://{c.peer_ip}:7001/", *quick), "pods": page(ask(c, f"http://{pod_ip}:8080/", *quick)),
                "nodeport": page(c.client("curl", "-sS", *quick, f"http://{c.node_ip}:30080/", check=False).stdout),
                "api": '"major"' in ask(c, "https://10.43.0.1/version", "-k", *quick), "dns": page(ask(c, "http://demo/", "-m", "2"))}
    finally:
        outside.kill()
        outside.wait()


ALL = dict.fromkeys(["out", "pods", "nodeport", "api", "dns"], True)


def test_docker(c):
    assert found(c) == [] and works(c) == ALL
    with Rules(c, firewalls.docker()):
        said = found(c)
        assert len(said) == 1 and "chain FORWARD" in said[0] and "iptables -I DOCKER-USER -s 10.42.0.0/16 -j ACCEPT" in said[0], said
        # The input chain is not Docker's: API and DNS of this node go on; the service that leads to a pod does not.
        assert works(c) == dict(ALL, out=False, pods=False, nodeport=False, dns=False)
    with Rules(c, firewalls.docker(firewalls.DOCKER_REMEDY)):
        assert found(c) == [] and works(c) == ALL


def test_ufw(c):
    with Rules(c, firewalls.ufw()):
        said = found(c)
        assert len(said) == 2 and "ufw route allow from 10.42.0.0/16" in said[0] and "ufw allow from 10.42.0.0/16" in said[1], said
        assert works(c) == dict.fromkeys(ALL, False)
    with Rules(c, firewalls.ufw(firewalls.UFW_ROUTE)):
        said = found(c)
        assert len(said) == 1 and "chain INPUT" in said[0], said
        assert works(c) == dict(ALL, api=False, dns=False)
    with Rules(c, firewalls.ufw(firewalls.UFW_ROUTE, firewalls.UFW_INPUT)):
        assert found(c) == [] and works(c) == ALL


def test_firewalld(c):
    with Rules(c, firewalls.firewalld()):
        said = found(c)
        assert len(said) == 2 and "chain filter_FORWARD stops by a rule of chain filter_FWD_public" in said[0], said
        assert "firewall-cmd --permanent --zone=trusted --add-source=10.42.0.0/16" in said[0] and "chain filter_INPUT" in said[1], said
        now = works(c)  # what is sent on to a service counts as dnat, which firewalld accepts; the rest it rejects
        assert not now["out"] and not now["pods"] and not now["dns"], now
    with Rules(c, firewalls.firewalld(firewalls.FIREWALLD_FORWARD, firewalls.FIREWALLD_INPUT)):
        assert found(c) == [] and works(c) == ALL
