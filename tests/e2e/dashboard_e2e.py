"""`appliance dashboard`: the link, the session that it becomes, and what a session may not. The pages have their own tests."""
import http.cookies, json, os, pathlib, re, signal

from e2e.harness import BINARY, Cluster, eventually

PERSON = 12345  # uid of somebody who may not ask the control socket


def setup():
    c = Cluster("dashboard")
    c.up("--no-demo")
    c.origin = f"https://{c.node_ip}:6443"
    return c


def teardown(c):
    c.close()


def ask(c, method, path, body=None, cookie="", origin="", marked=False, more=()):
    """From another machine, as a browser would: status, headers and body."""
    words = ["curl", "-sS", "--max-time", "20", "--cacert", c.data / "pki/ca.crt", "-X", method, "-D", "-", *more]
    if body is not None:
        words += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(body)]
    for name, value in (("Cookie", cookie), ("Origin", origin), ("X-Appliance", "1" if marked else "")):
        words += ["-H", f"{name}: {value}"] if value else []
    head, _, text = c.client(*words, c.origin + path).stdout.partition("\n\n")
    status, *headers = head.splitlines()
    return int(status.split()[1]), {h.partition(": ")[0].lower(): h.partition(": ")[2] for h in headers}, text


def link(c, *flags):
    return json.loads(c.appliance("dashboard", "-o", "json", *flags).stdout)


def key_of(url):
    return re.fullmatch(r"https://[^/]+/ui/#k=([\w-]{43})", url).group(1)


def log_in(c):
    status, headers, text = ask(c, "POST", "/ui/v1/session", {"key": key_of(link(c)["url"])}, origin=c.origin, marked=True)
    assert status == 201, text
    return headers["set-cookie"].partition(";")[0], headers, json.loads(text)


def test_the_link_becomes_a_session_once(c):
    made = link(c)
    assert made["url"].startswith(c.origin + "/ui/#k="), made
    assert made["ca"] == str(c.data / "pki/ca.crt") and len(made["caSHA256"]) == 64, made
    body = {"key": key_of(made["url"])}
    status, headers, text = ask(c, "POST", "/ui/v1/session", body, origin=c.origin, marked=True)
    assert status == 201 and json.loads(text)["user"] == "system:admin", (status, text)
    cookie = http.cookies.SimpleCookie(headers["set-cookie"])["__Host-appliance"]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "Strict" and cookie["path"] == "/" and cookie["max-age"] == "43200" and not cookie["domain"], headers
    status, _, text = ask(c, "GET", "/api/v1/nodes", cookie=headers["set-cookie"].partition(";")[0])
    assert status == 200 and json.loads(text)["items"][0]["metadata"]["name"] == "n1", text
    status, headers, text = ask(c, "POST", "/ui/v1/session", body, origin=c.origin, marked=True)
    assert status == 401 and "appliance dashboard" in json.loads(text)["message"] and "set-cookie" not in headers, text


def test_what_it_prints(c):
    done = c.appliance("dashboard")
    assert key_of(done.stdout.strip()) and done.stdout.count("\n") == 1, done
    assert "60 seconds" in done.stderr and "once" in done.stderr and str(c.data / "pki/ca.crt") in done.stderr, done
    assert c.appliance("dashboard", "-o", "table", check=False).returncode == 2


def test_a_session_writes_from_its_own_page_alone(c):
    cookie, _, _ = log_in(c)
    path, body = "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "written"}}
    assert ask(c, "POST", path, body, cookie)[0] == 403
    assert ask(c, "POST", path, body, cookie, "https://evil.test", True)[0] == 403
    assert ask(c, "POST", path, body, cookie, c.origin)[0] == 403
    upgrade = ("-H", "Upgrade: websocket", "-H", "Connection: Upgrade", "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==", "-H", "Sec-WebSocket-Protocol: v1.stream.appliance")
    for origin in ("", "https://evil.test"):
        assert ask(c, "GET", "/ui/v1/stream", cookie=cookie, origin=origin, more=upgrade)[0] == 403
    assert ask(c, "POST", path, body, cookie, c.origin, True)[0] == 201


def test_a_session_outlives_the_server_and_ends_by_sign_out(c):
    cookie, _, before = log_in(c)
    c.appliance("down", "--keep-pods")
    c.up("--no-demo")
    status, _, text = ask(c, "GET", "/ui/v1/session", cookie=cookie)
    assert status == 200 and json.loads(text) == before, text
    assert ask(c, "DELETE", "/ui/v1/session", cookie=cookie)[0] == 403
    assert ask(c, "DELETE", "/ui/v1/session", cookie=cookie, origin=c.origin, marked=True)[0] == 200
    assert ask(c, "GET", "/ui/v1/session", cookie=cookie)[0] == 401
    assert ask(c, "GET", "/api/v1/nodes", cookie=cookie)[0] == 401


def test_no_secret_is_stored_or_logged(c):
    key = key_of(link(c)["url"])
    _, headers, _ = ask(c, "POST", "/ui/v1/session", {"key": key}, origin=c.origin, marked=True)
    identity, _, secret = headers["set-cookie"].partition(";")[0].partition("=")[2].partition(".")
    found = c.get("secrets", "-n", "kube-system", f"ui-session-{identity}")
    assert found["type"] == "appliance.dev/ui-session", found
    log = (c.data / "log/server.log").read_text()
    assert identity in log
    for hidden in (key, secret):
        assert hidden not in json.dumps(found) and hidden not in log


def test_a_persons_own_kubeconfig(c):
    """Who may not ask the control socket is known by the kubeconfig, and is there who kubectl makes of it."""
    config = c.home / "own-kubeconfig"
    config.write_text(c.kubeconfig.read_text())
    os.chown(config, PERSON, PERSON)
    env = dict(os.environ, KUBECONFIG=str(config), APPLIANCE_RUN_DIR=str(c.run_dir), HOME="/nonexistent")
    done = c.inside("setpriv", f"--reuid={PERSON}", f"--regid={PERSON}", "--clear-groups", c.public_binary(), "dashboard", "-o", "json", env=env)
    status, _, text = ask(c, "POST", "/ui/v1/session", {"key": key_of(json.loads(done.stdout)["url"])}, origin=c.origin, marked=True)
    assert status == 201 and json.loads(text)["user"] == "system:admin", text


def test_without_a_server_it_says_what_to_do(c):
    env = dict(os.environ, KUBECONFIG=str(c.home / "none"))
    done = c.inside(BINARY, "dashboard", "--run-dir", c.home / "nowhere", check=False, env=env)
    assert done.returncode == 1 and "no server answers" in done.stderr and "hint: appliance up" in done.stderr and done.stdout == "", done
    done = c.inside(BINARY, "dashboard", check=False, env=dict(env, APPLIANCE_RUN_DIR=str(c.home / "nowhere")))
    assert done.returncode == 1 and "no server answers" in done.stderr, done


def test_up_names_it(c):
    assert "appliance dashboard" in c.up("--no-demo").stdout


def test_it_opens_as_the_person_and_shows_the_link_to_nobody_else(c):
    """A stand-in for xdg-open tells what it was given. The link is in a file that only the person can read, never among the
    arguments of a program, and the file goes when the link is worth nothing any more."""
    home, bin_dir, told = c.home / "person", c.home / "bin", c.home / "told"
    for folder in (home, told):
        folder.mkdir()
        os.chown(folder, PERSON, PERSON)
    bin_dir.mkdir()
    opener = bin_dir / "xdg-open"
    opener.write_text(f"#!/bin/sh\nid -u >{told}/uid\nprintf '%s' \"$*\" >{told}/arguments\nstat -c %a \"$1\" >{told}/mode\ntr '\\0' ' ' </proc/$PPID/cmdline >{told}/parent\n"
                      f"cp \"$1\" {told}/page\necho $PPID >{told}/pid.new; mv {told}/pid.new {told}/pid\n")
    opener.chmod(0o755)
    passwd = c.home / "passwd"
    passwd.write_text(pathlib.Path("/etc/passwd").read_text() + f"person:x:{PERSON}:{PERSON}::{home}:/bin/sh\n")
    env = dict(os.environ, SUDO_UID=str(PERSON), SUDO_GID=str(PERSON), PATH=f"{bin_dir}:{os.environ['PATH']}", DISPLAY=":99")
    verb = f"{BINARY} dashboard --data-dir {c.data} --run-dir {c.run_dir}"
    as_person = lambda flag="": ["unshare", "-m", "sh", "-c", f"mount --bind {passwd} /etc/passwd && exec script -qec '{verb} {flag}' /dev/null"]
    quiet = c.inside("unshare", "-m", "sh", "-c", f"mount --bind {passwd} /etc/passwd && {verb}", env=env)
    assert quiet.stdout.startswith("https://") and not list(home.iterdir()), "it opened a browser without a terminal"
    assert "/ui/#k=" in c.inside(*as_person("--no-open"), env=env).stdout and not list(home.iterdir()), "it opened a browser against --no-open"
    shown = c.inside(*as_person(), env=env).stdout
    key = re.search(r"/ui/#k=([\w-]{43})", shown).group(1)
    eventually("the browser is asked", lambda: (told / "pid").exists())
    read = lambda name: (told / name).read_text().strip()
    try:
        assert read("uid") == str(PERSON) and read("mode") == "600"
        page = pathlib.Path(read("arguments"))
        assert page.parent == home and page.name.startswith("appliance-dashboard-"), page
        assert f"url={c.origin}/ui/#k={key}" in (told / "page").read_text()
        assert key not in read("arguments") and key not in read("parent"), "the link is among a program's arguments"
        eventually("the page is removed with the link's end", lambda: not page.exists(), timeout=75)
    finally:
        left = pathlib.Path(f"/proc/{read('pid')}/cmdline")
        if left.exists() and b"--opener" in left.read_bytes():
            os.kill(int(read("pid")), signal.SIGTERM)
