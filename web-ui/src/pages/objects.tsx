// Every other kind: /ui/objects/<kind> lists it, /ui/objects/<kind>[/<namespace>]/<name> is one of them.
import { route } from "../router";
import { ObjectPage } from "./objects/page";
import { ObjectList } from "./objects/list";
import { useResource, useResources } from "./objects/resources";
import { ListHead } from "./parts/list_head";
import { Empty, Failed, Loading } from "../ui/state";
import "./objects/objects.css";

export default function Objects() {
  const [plural = "configmaps", first, second] = route.value.parts;
  const resource = useResource(plural);
  if (resource === null) return <Unknown plural={plural} />;
  if (resource instanceof Error) return <Failed error={resource} />;
  if (!resource) return <Loading lines={6} />;
  if (!first) return <ObjectList resource={resource} />;
  const [ns, name] = resource.namespaced ? [first, second] : [undefined, first];
  if (!name) return <ObjectList resource={resource} />;
  return <ObjectPage key={`${plural}/${ns}/${name}`} resource={resource} ns={ns} name={name} />;
}

function Unknown({ plural }: { plural: string }) {
  const all = useResources();
  return (
    <>
      <ListHead title="Objects" />
      <Empty teach="kubectl api-resources">
        The server has no kind <q>{plural}</q>
        {all.length > 0 && `; it has ${all.length} others`}.
      </Empty>
    </>
  );
}
