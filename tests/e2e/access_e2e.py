"""Who may come in: join tokens and their verbs, certificate requests through kubectl, cordon and drain, the texts of 401 and 403."""
import base64, json, re, time

from e2e.harness import BINARY, Cluster, eventually, run

TOKEN = re.compile(r"^appliance join (\S+):(\d+) --token (K10([0-9a-f]{64})::([a-z0-9]{6})\.([a-z0-9]{32}))\n$")
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def setup():
    c = Cluster("access")
    c.up()
    c.wait_pods("app=demo", 2)
    return c


def teardown(c):
    c.close()


def api(c, method, path, token=None, body=None, cert=None):
    """Status and document of a request by curl, by bearer token or client certificate."""
    argv = ["curl", "-sS", "--max-time", "20", "-X", method, "--cacert", c.data / "pki/ca.crt", "-w", "\n%{http_code}", "-H", "Content-Type: application/json"]
    if token:
        argv += ["-H", f"Authorization: Bearer {token}"]
    if cert:
        argv += ["--cert", cert[0], "--key", cert[1]]
    if body is not None:
        argv += ["-d", json.dumps(body)]
    text, _, code = c.inside(*argv, f"https://127.0.0.1:6443{path}").stdout.rpartition("\n")
    return int(code), json.loads(text)


def make_key(c, name, subject, *more):
    """A key and a request by openssl: what any other client would send."""
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject, "-keyout", c.home / f"{name}.key", "-out", c.home / f"{name}.csr", *more)
    return base64.b64encode((c.home / f"{name}.csr").read_bytes()).decode()


def request(name, pem, signer, usage="client auth"):
    return {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
            "spec": {"request": pem, "signerName": signer, "usages": ["digital signature", usage]}}


def new_token(c, *flags):
    made = c.appliance("token create", *flags)
    match = TOKEN.match(made.stdout)
    assert match, made.stdout
    return match


def test_token_create_prints_the_whole_command_and_keeps_a_hash(c):
    made = new_token(c, "--ttl", "7d", "--description", "rack 4")
    assert (made[1], made[2]) == (c.node_ip, "6443")
    der = run("openssl", "x509", "-in", c.data / "pki/ca.crt", "-fingerprint", "-sha256", "-noout").stdout
    assert made[4] == der.split("=")[1].strip().replace(":", "").lower()
    listed = json.loads(c.appliance("token list", "-o", "json").stdout)["tokens"]
    one = next(t for t in listed if t["id"] == made[5])
    assert (one["role"], one["description"], one["expired"]) == ("worker", "rack 4", False), one
    left = time.mktime(time.strptime(one["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert 7 * 86400 - 120 < left <= 7 * 86400, left
    table = c.appliance("token list").stdout
    assert table.startswith("ID ") and made[5] in table and "rack 4" in table, table
    assert f"id: {made[5]}" in c.appliance("token list", "-o", "yaml").stdout
    secret = c.kubectl("get", "secret", "-n", "kube-system", f"join-token-{made[5]}", "-o", "json").stdout
    for shown in [table, secret, json.dumps(listed), c.appliance("store get", "/registry/secrets", "--prefix").stdout]:
        assert made[6] not in shown and base64.b64encode(made[6].encode()).decode() not in shown


def test_token_texts(c):
    for flags, text in [(["--ttl", "soon"], '--ttl "soon" is not a time like 30m, 24h or 7d'), (["--ttl", "400d"], "--ttl: longer than 365 days"), (["--description", "x" * 300], "--description: must be text of at most 256 bytes"),
                        (["--server"], "not yet")]:
        done = c.appliance("token create", *flags, check=False)
        assert done.returncode == 2 and text in done.stderr, done
    done = c.appliance("token delete", "zzzzzz", check=False)
    assert done.returncode == 1 and 'join token "zzzzzz" not found' in done.stderr, done
    assert run(BINARY, "token", "nonsense", check=False).returncode == 2
    for verb in ["create", "list", "delete"]:
        assert run(BINARY, "token", verb, "--help").stdout.count("appliance token") >= 2


def test_token_opens_what_joining_needs_until_it_is_deleted(c):
    made = new_token(c)
    bearer = f"{made[5]}.{made[6]}"
    code, who = api(c, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", bearer, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    assert code == 201 and who["status"]["userInfo"]["username"] == f"system:bootstrap:{made[5]}", who
    code, why = api(c, "GET", "/api/v1/pods", bearer)
    assert code == 403 and why["message"] == f'pods is forbidden: User "system:bootstrap:{made[5]}" cannot list resource "pods" in API group "" at the cluster scope', why
    assert c.appliance("token delete", made[5]).stdout == f'join token "{made[5]}" deleted\n'
    code, why = api(c, "GET", "/version", bearer)
    assert code == 401 and why["message"] == "unknown join token" and why["reason"] == "Unauthorized", why
    assert made[5] not in c.appliance("token list").stdout


def test_token_expires(c):
    made = new_token(c, "--ttl", "1s")
    bearer = f"{made[5]}.{made[6]}"
    code, why = eventually("expiry", lambda: next((x for x in [api(c, "GET", "/version", bearer)] if x[0] == 401), None))
    assert why["message"].startswith("the join token expired at 20"), why
    assert api(c, "GET", "/version", f"{made[5]}.{'0' * 32}")[1]["message"] == "unknown join token"
    assert "(expired)" in c.appliance("token list").stdout


def test_token_joins_a_node_by_certificate_requests(c):
    made = new_token(c)
    bearer = f"{made[5]}.{made[6]}"
    signer = "kubernetes.io/kube-apiserver-client-kubelet"
    body = request("w1-client", make_key(c, "w1", "/O=system:nodes/CN=system:node:w1"), signer)
    code, told = api(c, "POST", REQUESTS, bearer, body)
    assert code == 201, told
    issued = eventually("certificate", lambda: api(c, "GET", f"{REQUESTS}/w1-client", bearer)[1]["status"].get("certificate"))
    (c.home / "w1.crt").write_bytes(base64.b64decode(issued))
    w1 = (c.home / "w1.crt", c.home / "w1.key")
    code, node = api(c, "POST", "/api/v1/nodes", None, {"metadata": {"name": "w1"}}, w1)
    assert code == 201, node
    for path in ["/api/v1/secrets", "/api/v1/namespaces/default/secrets", f"{REQUESTS}", "/api/v1/namespaces/kube-system/secrets/node-key.w1"]:
        assert api(c, "GET", path, None, None, w1)[0] == 403, path
    assert api(c, "DELETE", "/api/v1/nodes/n1", None, None, w1)[0] == 403
    # Another machine under the same name, and under the server's.
    for name in ["w1", "n1"]:
        other = request(f"other-{name}", make_key(c, f"other-{name}", f"/O=system:nodes/CN=system:node:{name}"), signer)
        assert api(c, "POST", REQUESTS, bearer, other)[0] == 201
        condition = eventually("denial", lambda: api(c, "GET", f"{REQUESTS}/other-{name}", bearer)[1].get("status", {}).get("conditions"))[0]
        assert (condition["type"], condition["reason"]) == ("Denied", "NodeNameTaken"), condition
        assert f'node name "{name}" is taken' in condition["message"]
    listing = c.kubectl("get", "csr").stdout
    assert listing.split("\n")[0].split() == ["NAME", "AGE", "SIGNERNAME", "REQUESTOR", "REQUESTEDDURATION", "CONDITION"], listing
    assert re.search(rf"w1-client +\S+ +{signer} +system:bootstrap:{made[5]} +<none> +Approved,Issued", listing), listing
    assert re.search(r"other-w1 .* Denied", listing), listing
    assert api(c, "DELETE", "/api/v1/nodes/w1", None, None, w1)[0] == 200  # its own: it leaves
    eventually("the name is free", lambda: "node-key.w1" not in c.kubectl("get", "secrets", "-n", "kube-system").stdout)


def test_kubectl_certificate_approve_and_deny(c):
    pem = make_key(c, "jane", "/O=dev/CN=jane")
    for name in ["jane", "joe"]:
        c.apply(json.dumps(request(name, pem, "kubernetes.io/kube-apiserver-client")))
    assert re.search(r"jane +\S+ +kubernetes.io/kube-apiserver-client +system:admin +<none> +Pending", c.kubectl("get", "csr").stdout)
    assert "certificatesigningrequest.certificates.k8s.io/joe denied" in c.kubectl("certificate", "deny", "joe").stdout
    assert "certificatesigningrequest.certificates.k8s.io/jane approved" in c.kubectl("certificate", "approve", "jane").stdout
    issued = eventually("certificate", lambda: c.get("csr", "jane")["status"].get("certificate"))
    (c.home / "jane.crt").write_bytes(base64.b64decode(issued))
    code, why = api(c, "GET", "/api/v1/pods", None, None, (c.home / "jane.crt", c.home / "jane.key"))
    assert code == 403 and why["message"] == 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope', why
    described = c.kubectl("describe", "csr", "jane").stdout
    assert "Approved,Issued" in described and "Common Name:" in described and "jane" in described, described
    assert re.search(r"joe .* Denied", c.kubectl("get", "csr").stdout)
    assert "certificate" not in c.get("csr", "joe")["status"]
    explained = c.kubectl("explain", "csr.spec.signerName").stdout
    assert "FIELD: signerName <string>" in explained, explained
    c.kubectl("delete", "csr", "jane", "joe")


def test_certificate_request_that_does_not_parse_is_refused(c):
    bad = c.kubectl("apply", "-f", "-", input=json.dumps(request("bad", "eA==", "example.test/signer")), check=False)
    assert bad.returncode == 1 and 'spec.request: Invalid value: "eA=="' in bad.stderr, bad


def test_wrong_credentials_are_401_and_rights_403(c):
    code, why = api(c, "GET", "/api/v1/pods", "nonsense")
    assert code == 401 and why["message"] == "Unauthorized", why
    code, why = api(c, "GET", "/api/v1/pods", f"abcdef.{'0' * 32}")
    assert code == 401 and why["message"] == "unknown join token", why
    code, why = api(c, "GET", "/api/v1/pods")
    assert code == 403 and 'User "system:anonymous" cannot list resource "pods"' in why["message"], why
    server = ["--server", "https://127.0.0.1:6443", "--certificate-authority", c.data / "pki/ca.crt", "--kubeconfig", "/dev/null"]
    done = c.kubectl(*server, "--token", "nonsense", "get", "pods", check=False)
    assert done.returncode == 1 and "error: You must be logged in to the server (Unauthorized)" in done.stderr, done
    made = new_token(c)
    done = c.kubectl(*server, "--token", f"{made[5]}.{made[6]}", "get", "secrets", check=False)
    assert done.returncode == 1 and f'Error from server (Forbidden): secrets is forbidden: User "system:bootstrap:{made[5]}" cannot list resource "secrets"' in done.stderr, done


def test_cordon_drain_and_uncordon(c):
    pods = lambda: c.get("pods", "-l", "app=demo")["items"]
    before = {p["metadata"]["uid"] for p in pods()}
    assert len(before) == 2
    assert c.kubectl("cordon", "n1").stdout == "node/n1 cordoned\n"
    assert c.kubectl("cordon", "n1").stdout == "node/n1 already cordoned\n"
    assert "SchedulingDisabled" in c.kubectl("get", "node", "n1").stdout
    dry = c.kubectl("drain", "n1", "--dry-run=server", "--ignore-daemonsets", "--delete-emptydir-data")
    assert {p["metadata"]["uid"] for p in pods()} == before, dry.stdout
    drained = c.kubectl("drain", "n1", "--ignore-daemonsets", "--delete-emptydir-data", "--grace-period=1", "--timeout=60s")
    assert drained.stdout.count("evicting pod default/") + drained.stderr.count("evicting pod default/") >= 2, drained
    assert "node/n1 drained" in drained.stdout, drained
    replaced = eventually("new pods wait", lambda: next((p for p in [pods()] if len(p) == 2 and not before & {x["metadata"]["uid"] for x in p}), None))
    for pod in replaced:
        assert pod["status"]["phase"] == "Pending" and "nodeName" not in pod["spec"], pod
    eventually("reason", lambda: "unschedulable" in c.kubectl("describe", "pods", "-l", "app=demo").stdout)
    assert c.kubectl("uncordon", "n1").stdout == "node/n1 uncordoned\n"
    c.wait_pods("app=demo", 2)


def test_tokens_and_requests_survive_down_and_up(c):
    made = new_token(c, "--description", "stays")
    c.apply(json.dumps(request("stays", make_key(c, "stays", "/CN=x"), "kubernetes.io/kube-apiserver-client")))
    c.appliance("down", "--keep-pods")
    c.up()
    assert "stays" in c.appliance("token list").stdout
    assert api(c, "GET", "/version", f"{made[5]}.{made[6]}")[0] == 200
    assert c.get("csr", "stays")["spec"]["username"] == "system:admin"
