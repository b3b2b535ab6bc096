import { expect, it } from "vitest";
import { close_frame, exec_path, frame, is_no_such_program, read_frame, read_status, resize_frame } from "./channels";

const bytes = (text: string) => new TextEncoder().encode(text);

it("a frame is the channel and then the bytes, both ways", () => {
  expect([...frame(0, "é")]).toEqual([0, 0xc3, 0xa9]);
  expect([...frame(0, "")]).toEqual([0]);
  expect([...close_frame(0)]).toEqual([255, 0]);
  const read = read_frame(new Uint8Array([1, 104, 105]).buffer)!;
  expect([read.channel, ...read.data]).toEqual([1, 104, 105]);
  expect(read_frame(new ArrayBuffer(0))).toBeNull();
});

it("a resize is width and height as JSON on channel 4", () => {
  const sent = resize_frame(120, 40);
  expect(sent[0]).toBe(4);
  expect(JSON.parse(new TextDecoder().decode(sent.subarray(1)))).toEqual({ Width: 120, Height: 40 });
});

it("the status at the end is an exit code, or an error in words", () => {
  expect(read_status(bytes('{"metadata":{},"status":"Success"}'))).toEqual({ code: 0 });
  const failure = {
    status: "Failure",
    reason: "NonZeroExitCode",
    message: "command terminated with non-zero exit code",
  };
  const details = { causes: [{ reason: "ExitCode", message: "3" }] };
  expect(read_status(bytes(JSON.stringify({ ...failure, details })))).toEqual({ code: 3 });
  expect(read_status(bytes('{"status":"Failure","reason":"InternalError","message":"gone"}'))).toEqual({
    error: "gone",
  });
  expect(read_status(bytes("no json"))).toEqual({ error: "no json" });
  expect(read_status(bytes("")).error).toBeTruthy();
});

it("a path has the container and each word of the command, quoted for a URL", () => {
  expect(exec_path("a/b", "p", "c", ["sh", "-c", "x && y"])).toBe(
    "/api/v1/namespaces/a%2Fb/pods/p/exec?container=c&command=sh&command=-c&command=x+%26%26+y" +
      "&stdin=true&stdout=true&tty=true",
  );
});

it("a program that is not there is told from one that failed", () => {
  expect(is_no_such_program({ error: 'exec: "sh": executable file not found in $PATH' })).toBe(true);
  expect(is_no_such_program({ code: 127 })).toBe(true);
  expect(is_no_such_program({ code: 1 })).toBe(false);
  expect(is_no_such_program({ error: "the container is not running" })).toBe(false);
});
