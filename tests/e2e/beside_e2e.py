"""Beside others (issue 1.9): a machine whose address changes, and machines whose firewall is Docker's, ufw's or firewalld's."""
import json, os, pathlib, re, subprocess, time

from e2e import oci
from e2e.harness import BINARY, Cluster, Failed, eventually, run
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
