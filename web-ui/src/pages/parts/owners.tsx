// Who made an object, and who made that one: up to who has no owner.
import { useEffect, useState } from "preact/hooks";
import { KINDS, kind_of } from "../../api/kinds";
import { path_of, request } from "../../api/request";
import { ObjectLink } from "../../ui/link";
import { owner_of } from "../model/owner";
import type { Obj, OwnerReference } from "../model/types";

const LEVELS_MAX = 6; // a ring of owners has an end here

// A link where the kind is known, else its words.
export function ObjectOf({ kind, ns, name }: { kind: string; ns?: string; name: string }) {
  const known = kind_of(kind) ?? KINDS[kind];
  const words = (
    <>
      {kind.toLowerCase()} <bdi>{name}</bdi>
    </>
  );
  if (!known) return <span>{words}</span>;
  return (
    <ObjectLink kind={known.kind} ns={known.namespaced ? ns : undefined} name={name}>
      {words}
    </ObjectLink>
  );
}

async function climb(start: OwnerReference, ns: string | undefined): Promise<OwnerReference[]> {
  const found: OwnerReference[] = [];
  for (let owner: OwnerReference | undefined = start; owner && found.length < LEVELS_MAX; ) {
    found.unshift(owner);
    const kind = kind_of(owner.kind);
    if (!kind) break;
    const path = path_of({
      group: kind.group,
      kind: kind.kind,
      ns: kind.namespaced ? ns : undefined,
      name: owner.name,
    });
    const object: Obj | null = await request<Obj>("GET", path).catch(() => null); // not ours to see: the chain ends
    owner = object ? owner_of(object) : undefined;
  }
  return found;
}

// Owners above `object`, the uppermost first.
export function useOwners(object: Obj | null): OwnerReference[] {
  const [found, set_found] = useState<OwnerReference[]>([]);
  const first = object ? owner_of(object) : undefined;
  const ns = object?.metadata.namespace;
  useEffect(() => {
    let over = false;
    set_found(first ? [first] : []);
    if (first) void climb(first, ns).then((owners) => over || set_found(owners));
    return () => void (over = true);
  }, [first?.uid, ns]);
  return found;
}

export function OwnerChain({ object, one }: { object: Obj; one: string }) {
  const owners = useOwners(object);
  if (!owners.length) return <span class="muted">nobody: it was made by hand</span>;
  return (
    <ol class="chain">
      {owners.map((owner) => (
        <li key={owner.uid}>
          <ObjectOf kind={owner.kind} ns={object.metadata.namespace} name={owner.name} />
        </li>
      ))}
      <li aria-current="true">this {one}</li>
    </ol>
  );
}
