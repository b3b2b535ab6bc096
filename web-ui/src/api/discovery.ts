// What kinds the server has, asked when a page needs one that KINDS does not have. Answers are kept.
import { KINDS } from "./kinds";
import { request } from "./request";

export interface Resource {
  group: string;
  version: string;
  kind: string; // "Deployment"
  plural: string;
  namespaced: boolean;
}

const kept = new Map<string, Promise<Resource[]>>();

const split = (api_version: string): [group: string, version: string] => {
  const at = api_version.indexOf("/");
  return at < 0 ? ["", api_version] : [api_version.slice(0, at), api_version.slice(at + 1)];
};

// Of one "v1" or "apps/v1"; subresources are left out. A refusal is not kept.
export function resources_of(api_version: string): Promise<Resource[]> {
  const known = kept.get(api_version);
  if (known) return known;
  const [group, version] = split(api_version);
  const path = group
    ? `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`
    : `/api/${encodeURIComponent(version)}`;
  const asked = request("GET", path).then((answer) => resources_in(group, version, answer.resources ?? []));
  kept.set(api_version, asked);
  asked.catch(() => kept.delete(api_version));
  return asked;
}

export const resources_in = (group: string, version: string, list: any[]): Resource[] =>
  list
    .filter((one) => !one.name.includes("/"))
    .map((one) => ({ group, version, kind: one.kind, plural: one.name, namespaced: one.namespaced }));

export async function resource_of(api_version: string, kind: string): Promise<Resource | undefined> {
  return (await resources_of(api_version)).find((one) => one.kind === kind);
}

// The group of a plural that the URL names.
export async function find_plural(plural: string): Promise<Resource | undefined> {
  const known = KINDS[plural];
  if (known) return { group: known.group, version: "v1", kind: known.one, plural, namespaced: known.namespaced };
  const groups = (await request("GET", "/apis")).groups ?? [];
  const versions: string[] = ["v1", ...groups.map((one: any) => one.preferredVersion.groupVersion)];
  const lists = await Promise.all(versions.map((one) => resources_of(one).catch(() => [])));
  return lists.flat().find((one) => one.plural === plural);
}
