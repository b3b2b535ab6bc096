// The events about an object, newest first.
import type { Collection } from "../../live/collection";
import { Age } from "../../ui/age";
import { Empty, Failed } from "../../ui/state";
import { StatusMark } from "../../ui/status";
import { events_of, type EventFacts } from "../model/cells";
import { ObjectOf } from "./owners";
import { SmallTable } from "./parts";

const SHOWN = 50;

export interface EventsProps {
  events: Collection;
  teach: string; // the command that shows them
  objects?: boolean; // about several: say which
}

export function EventsPart({ events, teach, objects }: EventsProps) {
  events.version.value;
  if (events.error) return <Failed error={events.error} />;
  if (events.synced && !events.rows.size)
    return <Empty teach={teach}>Nothing has happened to it within the last hour.</Empty>;
  const all = events_of(events.columns, events.rows.values());
  const about = (one: EventFacts) => <ObjectOf kind={one.kind} ns={one.ns} name={one.name} />;
  return (
    <>
      <SmallTable
        label="Events"
        columns={["Type", "Reason", ...(objects ? ["About"] : []), "Message", "Count", "Last seen"]}
        rows={all.slice(0, SHOWN).map((one) => ({
          key: one.id,
          cells: [
            <StatusMark severity={one.type === "Warning" ? 1 : 0} word={one.type} />,
            one.reason,
            ...(objects ? [about(one)] : []),
            one.message,
            String(one.count),
            <Age t={one.t} />,
          ],
        }))}
      />
      {all.length > SHOWN && <p class="muted">{all.length - SHOWN} older ones are not shown.</p>}
    </>
  );
}
