// A stored value for people: as text, or byte by byte. Pure.

export interface Value {
  encoding: "json" | "text" | "base64";
  value: string;
}

export type ValueForm = "text" | "hex";

export const bytes_of = ({ encoding, value }: Value): Uint8Array =>
  encoding === "base64"
    ? Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0))
    : new TextEncoder().encode(value);

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");
const visible = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");

// 16 bytes a line: where, in hex, as ASCII.
export function hex_dump(bytes: Uint8Array): string {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const codes = part.map((byte) => hex(byte, 2)).join(" ");
    out.push(`${hex(at, 8)}  ${codes.padEnd(47)}  ${part.map(visible).join("")}`);
  }
  return out.join("\n");
}
