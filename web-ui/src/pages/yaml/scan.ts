// Just enough reading of YAML to send it to the right place and to find a field's line again; the server parses it.
// Pure.

export interface Document {
  text: string;
  line: number; // of its first line, from 1
}

export interface Head {
  api_version: string;
  kind: string;
  name: string;
  ns: string;
}

const is_content = (line: string): boolean => !/^\s*(#.*)?$/.test(line) && !/^%/.test(line);

// Documents are parted by lines that begin with `---`; those that hold nothing are left out.
export function split_documents(text: string): Document[] {
  const out: Document[] = [];
  let lines: string[] = [];
  let first = 1;
  const end = () => {
    if (lines.some(is_content)) out.push({ text: lines.join("\n") + "\n", line: first });
    lines = [];
  };
  text.split(/\r?\n/).forEach((line, i) => {
    const begins = /^---(\s+(.*))?$/.exec(line);
    if (!begins && line !== "...") return void lines.push(line);
    end();
    first = i + 2;
    if (begins?.[2] && is_content(begins[2])) {
      lines.push(begins[2]);
      first = i + 1;
    }
  });
  end();
  return out;
}

const plain = (text: string | undefined): string =>
  (text ?? "")
    .replace(/\s+#.*$/, "")
    .trim()
    .replace(/^(["'])(.*)\1$/, "$2");

export function head_of(text: string): Head {
  if (/^\s*\{/.test(text)) return head_of_json(text);
  const top = (name: string) => plain(new RegExp(`^["']?${name}["']?:[ \\t]+(.*)$`, "m").exec(text)?.[1]);
  const metadata = block_of(text, "metadata");
  return { api_version: top("apiVersion"), kind: top("kind"), name: metadata("name"), ns: metadata("namespace") };
}

function head_of_json(text: string): Head {
  try {
    const { apiVersion, kind, metadata } = JSON.parse(text);
    return {
      api_version: apiVersion ?? "",
      kind: kind ?? "",
      name: metadata?.name ?? "",
      ns: metadata?.namespace ?? "",
    };
  } catch {
    return { api_version: "", kind: "", name: "", ns: "" };
  }
}

// The direct entries of a mapping at the top level, in block or in flow style.
function block_of(text: string, key: string): (name: string) => string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.startsWith(`${key}:`));
  if (from < 0) return () => "";
  const flow = /\{(.*)\}/.exec(lines[from]!)?.[1];
  if (flow !== undefined)
    return (name) => plain(new RegExp(`(?:^|,)\\s*["']?${name}["']?:\\s*([^,]*)`).exec(flow)?.[1]);
  const inside: string[] = [];
  for (const line of lines.slice(from + 1)) {
    if (is_content(line) && !/^\s/.test(line)) break;
    if (is_content(line)) inside.push(line);
  }
  const indent = /^\s*/.exec(inside[0] ?? "")![0];
  return (name) =>
    plain(inside.find((line) => line.startsWith(`${indent}${name}:`))?.slice(indent.length + name.length + 1));
}

// "spec.template.spec.containers[0].image" -> ["spec", …, "containers", 0, "image"]; keys may stand in brackets too:
// metadata.labels[a.b/c].
export function parts_of_path(path: string): (string | number)[] {
  const out: (string | number)[] = [];
  for (const [, bracket, word] of path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g))
    out.push(bracket === undefined ? word! : /^\d+$/.test(bracket) ? Number(bracket) : plain(bracket));
  return out;
}

// The line, from 1, of a field in block style; of its nearest parent when it is not there itself; 0: not even that.
export function line_of_field(text: string, path: string): number {
  const lines = text.split("\n");
  let found = 0;
  let range = { from: 0, to: lines.length, indent: 0 };
  for (const part of parts_of_path(path)) {
    const hit = typeof part === "number" ? nth_item(lines, range, part) : key_line(lines, range, part);
    if (hit < 0) break;
    found = hit + 1;
    range = children_of(lines, hit, range.to, typeof part === "number");
  }
  return found;
}

interface Range {
  from: number;
  to: number;
  indent: number;
}
const indent_of = (line: string): number => /^ */.exec(line)![0].length;
// The indentation of what a line says: of "  - name: x" that of `name`.
const inner_indent = (line: string): number => /^ *(- +)*/.exec(line)![0].length;

function key_line(lines: string[], { from, to, indent }: Range, key: string): number {
  for (let i = from; i < to; i++) {
    const line = lines[i]!;
    if (!is_content(line) || inner_indent(line) !== indent) continue;
    const said = /^ *(?:- +)*(?:"([^"]*)"|'([^']*)'|([^\s:#][^:]*)):(?:\s|$)/.exec(line);
    if ((said?.[1] ?? said?.[2] ?? said?.[3]) === key) return i;
  }
  return -1;
}

function nth_item(lines: string[], { from, to, indent }: Range, n: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const line = lines[i]!;
    if (is_content(line) && indent_of(line) === indent && /^ *-(\s|$)/.test(line) && count++ === n) return i;
  }
  return -1;
}

// What belongs to the entry at `line`: everything that is indented further, and list items at its own indentation.
function children_of(lines: string[], line: number, end: number, is_item: boolean): Range {
  const own = is_item ? indent_of(lines[line]!) : inner_indent(lines[line]!);
  let to = line + 1;
  while (to < end && belongs(lines[to]!, own, is_item)) to++;
  if (is_item) return { from: line, to, indent: inner_indent(lines[line]!) };
  const first = lines.slice(line + 1, to).find(is_content);
  return { from: line + 1, to, indent: first === undefined ? own + 2 : indent_of(first) };
}

const belongs = (line: string, own: number, is_item: boolean): boolean =>
  !is_content(line) || indent_of(line) > own || (!is_item && indent_of(line) === own && /^ *-(\s|$)/.test(line));

// What a difference should not tell of: the server writes it by itself.
export function without_revision(text: string): string {
  const lines = text.split("\n");
  const { from, to } = metadata_of(lines);
  const said_by_server = (line: string, i: number) =>
    i >= from && i < to && /^ {2}(resourceVersion|generation): /.test(line);
  return lines.filter((line, i) => !said_by_server(line, i)).join("\n");
}

// The lines of the object's own metadata, in block style; nothing else may be taken for them: a ConfigMap has any keys.
function metadata_of(lines: string[]): { from: number; to: number } {
  const at = lines.findIndex((line) => /^metadata:\s*(#.*)?$/.test(line));
  if (at < 0) return { from: 0, to: 0 };
  const end = lines.findIndex((line, i) => i > at && /^[^\s#]/.test(line));
  return { from: at + 1, to: end < 0 ? lines.length : end };
}

// What people write: the status is the cluster's, and a write of an object leaves it as it is.
export function without_status(text: string): string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => /^status:/.test(line));
  if (from < 0) return text;
  const next = lines.findIndex((line, i) => i > from && /^[^\s#-]/.test(line));
  return [...lines.slice(0, from), ...(next < 0 ? [""] : lines.slice(next))].join("\n");
}

export const desired = (text: string): string => without_revision(without_status(text));

export function revision_of(text: string): string {
  const lines = text.split("\n");
  const { from, to } = metadata_of(lines);
  const line = lines.slice(from, to).find((one) => one.startsWith("  resourceVersion: "));
  return plain(line?.slice("  resourceVersion: ".length));
}
