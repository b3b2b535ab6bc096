// A JSON value as YAML, for reading: block style, keys in their own order. What is edited comes from the server as YAML;
// this is for parts of objects, as the template of a revision. Pure.

const PLAIN = /^[A-Za-z_./][\w ./:@%+=-]*$/;
const NOT_TEXT = /^(true|false|yes|no|on|off|null|~|y|n)$/i;

export function emit(value: unknown, indent = ""): string {
  if (Array.isArray(value)) return value.length ? value.map((one) => item(one, indent)).join("") : `${indent}[]\n`;
  if (value && typeof value === "object") {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    return entries.length ? entries.map(([key, one]) => entry(key, one, indent)).join("") : `${indent}{}\n`;
  }
  return `${indent}${scalar(value)}\n`;
}

const is_block = (value: unknown): boolean => !!value && typeof value === "object" && Object.keys(value).length > 0;

function entry(key: string, value: unknown, indent: string): string {
  const name = `${indent}${scalar(key)}:`;
  if (is_block(value)) return `${name}\n${emit(value, Array.isArray(value) ? indent : indent + "  ")}`;
  if (typeof value === "string" && value.includes("\n")) return `${name} ${block(value, indent + "  ")}`;
  return `${name} ${flow(value)}\n`;
}

const item = (value: unknown, indent: string): string =>
  is_block(value) ? `${indent}- ${emit(value, indent + "  ").slice(indent.length + 2)}` : `${indent}- ${flow(value)}\n`;

const flow = (value: unknown): string =>
  Array.isArray(value) ? "[]" : value && typeof value === "object" ? "{}" : scalar(value);

const block = (text: string, indent: string): string => {
  const lines = text.replace(/\n$/, "").split("\n");
  return `${text.endsWith("\n") ? "|" : "|-"}\n${lines.map((line) => (line ? indent + line : "")).join("\n")}\n`;
};

const scalar = (value: unknown): string =>
  typeof value !== "string"
    ? String(value)
    : PLAIN.test(value) && !NOT_TEXT.test(value) && !/(: |:$| $| #)/.test(value)
      ? value
      : JSON.stringify(value);
