"""The first road: up, kubectl run, exec, logs, delete, the demo, down."""
from e2e.harness import Cluster, eventually, BINARY


def setup():
    cluster = Cluster("first")
    cluster.first_up = cluster.up()
    return cluster


def teardown(cluster):
    cluster.close()


def test_up_prints_what_to_do_next(c):
    assert "The demo answers on" in c.first_up.stdout, c.first_up.stdout
    assert "kubectl --context appliance" in c.first_up.stdout


def test_demo_answers(c):
    page = c.curl(f"http://{c.node_ip}:30080/").stdout
    assert "It works." in page and "demo-" in page, page
    assert len(c.wait_pods("app=demo", 2)) == 2


def test_second_up_changes_nothing(c):
    again = c.up().stdout
    assert "Nothing to do" in again, again


def test_kubectl_run_and_exec(c):
    c.kubectl("run", "one", "--image=appliance/demo", "--image-pull-policy=IfNotPresent")
    c.kubectl("wait", "--for=condition=Ready", "pod/one", "--timeout=60s")
    out = c.kubectl("exec", "one", "--", "/appliance", "version").stdout
    assert out.startswith("appliance "), out
    assert "listening on port 8080" in c.kubectl("logs", "one").stdout


def test_kubectl_delete_waits(c):
    c.kubectl("delete", "pod", "one", "--grace-period=1")
    gone = c.kubectl("get", "pod", "one", check=False)
    assert gone.returncode == 1 and 'pods "one" not found' in gone.stderr, gone.stderr


def test_status(c):
    out = c.appliance("status").stdout
    assert "Ready" in out and "voter" in out, out


def test_down_and_up_again(c):
    c.appliance("down")
    refused = c.kubectl("get", "pods", check=False)
    assert refused.returncode != 0
    c.up()
    c.wait_pods("app=demo", 2)
    page = c.curl(f"http://{c.node_ip}:30080/").stdout
    assert "It works." in page
