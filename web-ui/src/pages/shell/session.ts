// One shell in a container: finds a program that is there, carries bytes both ways, and tells how it ended. A connection
// that breaks is made anew with a fresh shell, as long as the page is open.
import { request, StatusError } from "../../api/request";
import {
  exec_path,
  frame,
  is_no_such_program,
  read_frame,
  read_status,
  resize_frame,
  SHELLS,
  STATUS,
  STDERR,
} from "./channels";
import { STDIN, STDOUT, SUBPROTOCOL, type Exit } from "./channels";

export type ShellState =
  | { is: "connecting" }
  | { is: "open" }
  | { is: "lost" } // and tried again
  | { is: "ended"; exit: Exit }
  | { is: "no-shell" }
  | { is: "refused"; error: unknown };

export interface ShellEvents {
  output: (bytes: Uint8Array) => void;
  state: (state: ShellState) => void;
}

export interface Place {
  ns: string;
  pod: string;
  container?: string;
}

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5000;

export class ShellSession {
  private socket: WebSocket | null = null;
  private shell = 0;
  private retry_ms = RETRY_FIRST_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private size: [columns: number, rows: number] = [80, 24];
  private over = false;

  constructor(
    private readonly place: Place,
    private readonly events: ShellEvents,
  ) {}

  start(): void {
    clearTimeout(this.timer);
    this.socket?.close(); // a shell that is replaced ends; what it still says is not heard
    this.events.state({ is: "connecting" });
    const { ns, pod, container } = this.place;
    const path = exec_path(ns, pod, container, SHELLS[this.shell]!);
    const socket = new WebSocket(`wss://${location.host}${path}`, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let opened = false;
    let heard = false;
    let exit: Exit | null = null;
    socket.onopen = () => {
      opened = true;
      this.retry_ms = RETRY_FIRST_MS;
      socket.send(resize_frame(...this.size) as Uint8Array<ArrayBuffer>);
      this.events.state({ is: "open" });
    };
    socket.onmessage = (event) => {
      const message = read_frame(event.data as ArrayBuffer);
      if (!message) return;
      if (message.channel === STATUS) exit = read_status(message.data);
      else if ((message.channel === STDOUT || message.channel === STDERR) && message.data.length) {
        heard = true;
        this.events.output(message.data);
      }
    };
    socket.onclose = () => {
      if (this.socket !== socket || this.over) return;
      this.socket = null;
      if (exit) this.ended(exit, heard);
      else if (opened) this.again();
      else void this.why();
    };
  }

  private ended(exit: Exit, heard: boolean): void {
    if (heard || !is_no_such_program(exit)) return this.events.state({ is: "ended", exit });
    if (++this.shell < SHELLS.length) return this.start();
    this.shell = 0;
    this.events.state({ is: "no-shell" });
  }

  private again(): void {
    this.events.state({ is: "lost" });
    this.timer = setTimeout(() => this.start(), this.retry_ms);
    this.retry_ms = Math.min(this.retry_ms * 2, RETRY_MAX_MS);
  }

  // A browser does not tell why an upgrade was refused: the same question without one does.
  private async why(): Promise<void> {
    const { ns, pod, container } = this.place;
    try {
      await request("GET", exec_path(ns, pod, container, SHELLS[this.shell]!));
      this.again();
    } catch (error) {
      if (this.over) return;
      const refused = error instanceof StatusError && ![0, 500, 502, 503, 504].includes(error.status.code);
      if (refused && !/upgrade request required/i.test(error.message)) this.events.state({ is: "refused", error });
      else this.again();
    }
  }

  type(text: string): void {
    this.send(frame(STDIN, text));
  }
  type_bytes(text: string): void {
    this.send(
      frame(
        STDIN,
        Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
      ),
    );
  }
  resize(columns: number, rows: number): void {
    this.size = [columns, rows];
    this.send(resize_frame(columns, rows));
  }
  private send(bytes: Uint8Array): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }
}
