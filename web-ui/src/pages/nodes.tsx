// Nodes: the list, and at /ui/nodes/<name> one of them.
import { route } from "../router";
import { NodeList } from "./nodes/list";
import { NodePage } from "./nodes/page";

export default function Nodes() {
  const [name] = route.value.parts;
  return name ? <NodePage key={name} name={name} /> : <NodeList />;
}
