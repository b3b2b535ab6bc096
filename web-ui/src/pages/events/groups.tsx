// The most frequent reasons, each a button that cuts the list to it.
import { useMemo } from "preact/hooks";
import type { Collection } from "../../live/collection";
import { set } from "../../router";
import { events_of } from "../model/cells";
import { groups_of, toggle_word } from "../model/event_groups";
import { useCalm } from "../parts/calm";
import "./events.css";

const SHOWN = 8;

export function EventGroups({ rows, typed }: { rows: Collection; typed: string }) {
  const painted = useCalm([rows.version]);
  const groups = useMemo(() => groups_of(events_of(rows.columns, rows.rows.values())), [rows, painted]);
  if (!groups.length) return null;
  const words = typed.toLowerCase().split(/\s+/);
  return (
    <div class="event-groups" role="group" aria-label="By reason">
      {groups.slice(0, SHOWN).map((group) => {
        const word = `status:${group.reason.toLowerCase()}`;
        return (
          <button
            key={group.key}
            type="button"
            class={group.type === "Warning" ? "chip warning" : "chip"}
            aria-pressed={words.includes(word)}
            onClick={() => set({ q: toggle_word(typed, word) })}
            title={`${group.type}, on ${group.objects} ${group.objects === 1 ? "object" : "objects"}`}
          >
            <bdi>{group.reason}</bdi> <span class="muted">{group.kind.toLowerCase()}</span>{" "}
            <b>{group.count.toLocaleString("en")}</b>
          </button>
        );
      })}
    </div>
  );
}
