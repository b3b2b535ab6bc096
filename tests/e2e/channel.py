"""A client of the API's exec that owes nothing to kubectl: WebSocket (RFC 6455) with subprotocol v4.channel.k8s.io, written from the
protocol's description. v4 has channels 0 to 4 and no way to close stdin: the end of input must be said in the input itself."""
import base64, ctypes, json, os, secrets, socket, ssl, struct, threading, urllib.parse

STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)
PROTOCOL = "v4.channel.k8s.io"
CLONE_NEWNET = 0x40000000


def connect_inside(netns, address):
    """A TCP connection from within another network namespace: a thread goes there, the socket stays there."""
    made = []
    def go():
        try:
            fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(fd, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(fd)
            made.append(socket.create_connection(address, 10))
        except OSError as error:
            made.append(error)
    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


class Exec:
    """One exec session. Use as a context; read() until what was asked for is there."""
    def __init__(self, cluster, pod, command, namespace="default", timeout_s=20, protocols=PROTOCOL, **flags):
        query = urllib.parse.urlencode([("command", word) for word in command] + [(k, "true") for k, wanted in flags.items() if wanted])
        pki = cluster.data / "pki"
        context = ssl.create_default_context(cafile=pki / "ca.crt")
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self.socket = context.wrap_socket(connect_inside(cluster.netns, ("127.0.0.1", 6443)), server_hostname="127.0.0.1")
        self.socket.settimeout(timeout_s)
        self.out = {STDOUT: b"", STDERR: b"", STATUS: b""}
        self.close_code = None
        self.buffer = b""
        self.socket.sendall((f"GET /api/v1/namespaces/{namespace}/pods/{pod}/exec?{query} HTTP/1.1\r\nHost: 127.0.0.1:6443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}\r\nSec-WebSocket-Protocol: {protocols}\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.code = int(lines[0].split()[1])
        self.protocol = next((l.split(":", 1)[1].strip() for l in lines if l.lower().startswith("sec-websocket-protocol:")), None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed without a close frame")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, channel, payload):
        body = bytes([channel]) + payload
        self._frame(2, body)

    def _frame(self, opcode, body):
        mask = secrets.token_bytes(4)
        length = struct.pack("!B", 0x80 | len(body)) if len(body) < 126 else struct.pack("!BH", 0x80 | 126, len(body)) if len(body) < 65536 else struct.pack("!BQ", 0x80 | 127, len(body))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(body)))

    def resize(self, width, height):
        self.send(RESIZE, json.dumps({"Width": width, "Height": height}).encode())

    def read_frame(self):
        """False when the server has closed."""
        message = b""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            assert not second & 0x80, "a server must not mask"
            if length == 126:
                length, = struct.unpack("!H", self._take(2))
            elif length == 127:
                length, = struct.unpack("!Q", self._take(8))
            body, opcode = self._take(length), first & 0x0F
            if opcode == 8:
                self.close_code = struct.unpack("!H", body[:2])[0] if len(body) >= 2 else None
                self._frame(8, body[:2])
                return False
            if opcode == 9:
                self._frame(10, body)
            if opcode in (0, 1, 2):
                message += body
                if first & 0x80:
                    break
        if message:
            self.out[message[0]] += message[1:]
        return True

    def read_until(self, channel, expected):
        while expected not in self.out[channel]:
            assert self.read_frame(), f"closed before {expected!r}; got {self.out}"

    def finish(self):
        """Reads to the end; the Status of channel 3."""
        while self.read_frame():
            pass
        return json.loads(self.out[STATUS])
