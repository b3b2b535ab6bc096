"""The whole suite of kubectl_e2e.py with the kubectl that a person gets who types `kubectl` on this machine. A machine without one, or
with one that is too old for exec by WebSocket, has nothing to drive: the last test then says so, and the promise is kept."""
import filecmp, json, shutil

from e2e import kubectl_e2e
from e2e.harness import fetched_kubectl, run

OLDEST = (1, 30)  # the first that asks for exec by WebSocket; older ones speak SPDY alone


def find():
    """The path and no reason, or no path and the reason."""
    path = shutil.which("kubectl")
    if path is None:
        return None, "no kubectl in PATH"
    if filecmp.cmp(path, fetched_kubectl(), shallow=False):
        return None, f"{path} is the very program that kubectl_e2e.py runs"
    version = json.loads(run(path, "version", "--client", "-o", "json").stdout)["clientVersion"]
    if (int(version["major"]), int(version["minor"].rstrip("+"))) < OLDEST:
        return None, f"{path} is {version['gitVersion']}, which is older than {OLDEST[0]}.{OLDEST[1]}"
    return path, None


OWN, WHY_NOT = find()
SUITE = {name: function for name, function in vars(kubectl_e2e).items() if name.startswith("test_")}
driven = set()


def setup():
    if OWN is None:
        return driven
    c = kubectl_e2e.setup("kubectl-own")
    c.kubectl_path = OWN
    return c


def teardown(c):
    if OWN is not None:
        c.close()


def with_own(name, function):
    def test(c):
        assert c.kubectl_path == OWN
        function(c)
        driven.add(name)
    return test


if OWN is not None:
    globals().update({name: with_own(name, function) for name, function in SUITE.items()})


def test_the_whole_suite_was_driven(c):
    print(f"    {OWN or 'nothing to drive: ' + WHY_NOT}", flush=True)
    assert len(SUITE) > 30
    assert OWN is None or driven == set(SUITE), f"{OWN} failed in {sorted(set(SUITE) - driven)}"
