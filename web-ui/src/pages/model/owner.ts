// Owners: the controller first, else the first one named.
import type { Obj, OwnerReference } from "./types";

export function owner_of(object: Obj): OwnerReference | undefined {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.find((owner) => owner.controller) ?? owners[0];
}
