// YAML: /ui/yaml/<kind>[/<ns>]/<name>, to be edited with ?edit=1; /ui/yaml/new?ns= creates.
import { Empty } from "../ui/state";
import { route } from "../router";
import { CreateYaml } from "./yaml/create";
import { ObjectYaml } from "./yaml/object";

export default function Yaml() {
  const { parts } = route.value;
  if (parts.length === 1 && parts[0] === "new") return <CreateYaml />;
  if (parts.length < 2)
    return (
      <>
        <h1>YAML</h1>
        <Empty teach="kubectl get pod NAME -o yaml">
          Choose an object and press <kbd>y</kbd> to read it, <kbd>e</kbd> to edit it.
        </Empty>
      </>
    );
  const [kind, ns, name] = parts.length > 2 ? parts : [parts[0], undefined, parts[1]];
  return <ObjectYaml key={parts.join("/")} kind={kind!} ns={ns} name={name!} />;
}
