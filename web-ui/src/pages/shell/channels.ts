// The messages of exec over a WebSocket, subprotocol v5.channel.k8s.io: the first byte names the channel. Pure.
//   0 stdin   1 stdout   2 stderr   3 a Status at the end   4 resize {"Width":80,"Height":24}   255 closes a channel

export const SUBPROTOCOL = "v5.channel.k8s.io";

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const STATUS = 3;
export const RESIZE = 4;
export const CLOSE = 255;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function frame(channel: number, data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const out = new Uint8Array(bytes.length + 1);
  out[0] = channel;
  out.set(bytes, 1);
  return out;
}

export const resize_frame = (columns: number, rows: number): Uint8Array =>
  frame(RESIZE, JSON.stringify({ Width: columns, Height: rows }));

export const close_frame = (channel: number): Uint8Array => frame(CLOSE, new Uint8Array([channel]));

export interface Message {
  channel: number;
  data: Uint8Array;
}
export function read_frame(buffer: ArrayBuffer): Message | null {
  if (buffer.byteLength === 0) return null;
  const bytes = new Uint8Array(buffer);
  return { channel: bytes[0]!, data: bytes.subarray(1) };
}

export interface Exit {
  code?: number; // of the process
  error?: string; // it did not run, or nobody knows how it ended
}

// What channel 3 says: a Status, of which one cause holds the exit code.
export function read_status(data: Uint8Array): Exit {
  const text = decoder.decode(data);
  try {
    const status = JSON.parse(text);
    if (status.status === "Success") return { code: 0 };
    const cause = (status.details?.causes ?? []).find((one: any) => one.reason === "ExitCode");
    const code = Number.parseInt(cause?.message, 10);
    if (status.reason === "NonZeroExitCode" && Number.isFinite(code)) return { code };
    return { error: String(status.message ?? "The command failed.") };
  } catch {
    return { error: text || "The command ended, and nothing is known of how." };
  }
}

export function exec_path(ns: string, pod: string, container: string | undefined, command: string[]): string {
  const query = new URLSearchParams();
  if (container) query.set("container", container);
  for (const word of command) query.append("command", word);
  for (const name of ["stdin", "stdout", "tty"]) query.set(name, "true");
  return `/api/v1/namespaces/${encodeURIComponent(ns)}/pods/${encodeURIComponent(pod)}/exec?${query}`;
}

// The best shell there is. Without sh the others are tried by their paths; without any the image has none.
export const SHELLS: string[][] = [
  [
    "sh",
    "-c",
    "export TERM=xterm-256color; command -v bash >/dev/null 2>&1 && exec bash; " +
      "command -v ash >/dev/null 2>&1 && exec ash; exec sh",
  ],
  ["/bin/bash"],
  ["/bin/ash"],
];

// It never began, for the program is not there: the next one may be.
export const is_no_such_program = ({ code, error }: Exit): boolean =>
  code === 127 || code === 126 || /no such file|not found|executable file/i.test(error ?? "");
