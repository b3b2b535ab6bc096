// What a namespace holds: a way to each of its lists.
import { KINDS } from "../../api/kinds";
import { href } from "../../router";
import { Part } from "../parts/parts";

const PAGES: [kind: string, page: string][] = [
  ["deployments", "workloads"],
  ["pods", "pods"],
  ["services", "network"],
  ["events", "events"],
];
const OTHERS = ["configmaps", "secrets", "serviceaccounts"];

export function Inside({ ns }: { ns: string }) {
  return (
    <Part title="What is in it">
      <ul class="chips inside">
        {PAGES.map(([kind, page]) => (
          <li key={kind}>
            <a href={href(page, [], { ns })}>{KINDS[kind]!.title}</a>
          </li>
        ))}
        {OTHERS.map((kind) => (
          <li key={kind}>
            <a href={href("objects", [kind], { ns })}>{KINDS[kind]!.title}</a>
          </li>
        ))}
      </ul>
    </Part>
  );
}
