// What changed lately: rollouts, nodes that came, warnings.
import { KINDS } from "../../api/kinds";
import { href } from "../../router";
import { Age } from "../../ui/age";
import { ObjectLink } from "../../ui/link";
import { Empty } from "../../ui/state";
import { StatusMark } from "../../ui/status";
import type { RecentChange } from "../model/changes";

export function Changes({ changes, ready }: { changes: RecentChange[]; ready: boolean }) {
  return (
    <section aria-labelledby="changes">
      <div class="section-head">
        <h2 id="changes">Recent changes</h2>
        <a href={href("events")}>All events</a>
      </div>
      {ready && !changes.length && (
        <Empty teach="kubectl create deployment web --image=appliance/demo">Nothing has happened yet.</Empty>
      )}
      <ol class="recent">
        {changes.map((one) => (
          <li key={one.id}>
            <span class="muted recent-age">
              <Age t={one.t} />
            </span>
            <StatusMark severity={one.warning ? 1 : 0} word={one.warning ? "Warning" : "Change"} />
            <span class="recent-text">
              <Name one={one} /> <bdi>{one.text}</bdi>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Name({ one }: { one: RecentChange }) {
  if (!KINDS[one.kind]) return <bdi>{one.name}</bdi>;
  return <ObjectLink kind={one.kind} ns={KINDS[one.kind]!.namespaced ? one.ns : undefined} name={one.name} />;
}
