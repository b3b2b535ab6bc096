// Events, live: how often what happened, and the list of them; each leads to the object that it is about.
import { KINDS } from "../api/kinds";
import { useCollection } from "../live/collection";
import { namespace, route, set } from "../router";
import { Empty } from "../ui/state";
import { Table } from "../ui/table";
import { EventGroups } from "./events/groups";
import { about_href, EVENT_COLUMNS } from "./events/columns";
import { toggle_word } from "./model/event_groups";
import { ListHead } from "./parts/list_head";

const none = () => false; // of kubectl's columns: all are made anew, with links

export default function Events() {
  const rows = useCollection({ kind: "events", ns: namespace.value });
  const typed = route.value.query.q ?? "";
  const only_warnings = typed.split(/\s+/).includes("status:warning");
  return (
    <>
      <ListHead title="Events">
        <button
          type="button"
          class="chip"
          aria-pressed={only_warnings}
          onClick={() => set({ q: toggle_word(typed, "status:warning") })}
        >
          Warnings only
        </button>
      </ListHead>
      <EventGroups rows={rows} typed={typed} />
      <div class="events-list">
        <Table
          id="events"
          rows={rows}
          kind={KINDS.events!}
          columns={none}
          extra={EVENT_COLUMNS}
          sort="Last seen"
          rows_href={about_href}
          empty={
            <Empty teach="kubectl get events -A --watch">
              Nothing has happened within the last hour: events are kept that long.
            </Empty>
          }
        />
      </div>
    </>
  );
}
