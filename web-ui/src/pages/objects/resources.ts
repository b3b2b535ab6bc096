// The kinds that the server has, from its discovery documents; those of KINDS are known at once.
import { useEffect, useState } from "preact/hooks";
import { find_plural, resources_of, type Resource } from "../../api/discovery";
import { KINDS } from "../../api/kinds";
import { request } from "../../api/request";

// undefined: being asked; null: the server does not have it.
export function useResource(plural: string): Resource | null | undefined | Error {
  const [found, set_found] = useState<{ plural: string; resource: Resource | null | Error } | null>(null);
  useEffect(() => {
    let over = false;
    find_plural(plural).then(
      (resource) => over || set_found({ plural, resource: resource ?? null }),
      (error: Error) => over || set_found({ plural, resource: error }),
    );
    return () => void (over = true);
  }, [plural]);
  const at_once = known.find((one) => one.plural === plural);
  if (at_once) return at_once;
  return found?.plural === plural ? found.resource : undefined;
}

const known: Resource[] = Object.values(KINDS).map((kind) => ({
  group: kind.group,
  version: "v1",
  kind: kind.one,
  plural: kind.kind,
  namespaced: kind.namespaced,
}));

// What may be listed; reviews are only asked.
export function useResources(): Resource[] {
  const [all, set_all] = useState<Resource[]>(known);
  useEffect(() => {
    let over = false;
    void list()
      .then((found) => over || set_all(found))
      .catch(() => undefined); // the known ones stay
    return () => void (over = true);
  }, []);
  return all;
}

async function list(): Promise<Resource[]> {
  const groups: any[] = (await request("GET", "/apis")).groups ?? [];
  const versions: string[] = ["v1", ...groups.map((one) => one.preferredVersion.groupVersion)];
  const lists = await Promise.all(versions.map((one) => resources_of(one).catch(() => [])));
  return lists.flat().filter((one) => !one.plural.endsWith("reviews"));
}
