// What differs between two templates, field by field: "containers[web].image: demo:1 -> demo:2". Lists of named things
// are compared by name, so that one more container is one change.

export interface Change {
  path: string;
  before?: string;
  after?: string;
}

const KEYS = ["name", "mountPath", "containerPort", "key", "ip", "topologyKey"]; // what names an entry, tried in turn

export function diff(before: unknown, after: unknown, ignore: (path: string) => boolean = () => false): Change[] {
  const out: Change[] = [];
  compare("", before, after, ignore, out);
  return out;
}

// The hash label is the revision's name, not a change that somebody made.
export const template_diff = (before: unknown, after: unknown): Change[] =>
  diff(before, after, (path) => path.endsWith("pod-template-hash"));

function compare(path: string, a: unknown, b: unknown, ignore: (path: string) => boolean, out: Change[]): void {
  if (ignore(path) || (a === undefined && b === undefined)) return;
  const key = key_of(a, b);
  const left = parts_of(a, key);
  const right = parts_of(b, key);
  if (left && right && Array.isArray(a) === Array.isArray(b)) {
    for (const part of new Set([...left.keys(), ...right.keys()]))
      compare(join(path, part), left.get(part), right.get(part), ignore, out);
    return;
  }
  const before = text_of(a);
  const after = text_of(b);
  if (before !== after) out.push({ path, before, after });
}

// The field that names the entries of both lists, each once; undefined: they are known by their place.
function key_of(a: unknown, b: unknown): string | undefined {
  if (!Array.isArray(a) || !Array.isArray(b)) return undefined;
  const names = (list: any[], key: string) => list.map((item) => item?.[key]);
  const is_unique = (list: unknown[]) => !list.includes(undefined) && new Set(list).size === list.length;
  return KEYS.find((key) => is_unique(names(a, key)) && is_unique(names(b, key)));
}

// Children by the piece of path that leads to them; null: a value of its own.
function parts_of(value: unknown, key: string | undefined): Map<string, unknown> | null {
  if (Array.isArray(value)) return new Map(value.map((item, index) => [`[${key ? item[key] : index}]`, item]));
  return value && typeof value === "object" ? new Map(Object.entries(value)) : null;
}

const join = (path: string, key: string) => (path && !key.startsWith("[") ? `${path}.${key}` : path + key);

function text_of(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
