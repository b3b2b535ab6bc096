// Above the rows of a table: the filter with its counts, and the columns' names, which sort.
import { useRef } from "preact/hooks";
import type { Kind } from "../api/kinds";
import { Icon } from "./icons";
import { useKeys } from "./keys";
import type { TableColumn } from "./table_columns";

const number = new Intl.NumberFormat("en");

export interface TableBarProps {
  kind: Kind;
  id: string;
  embedded: boolean;
  typed: string;
  on_type: (text: string) => void;
  wide: boolean;
  on_wide: (on: boolean) => void;
  can_be_wide: boolean;
  shown: number;
  total: number;
  problems: number;
  held: number;
  on_enter: () => void; // from the filter to the rows
}

const PROBLEMS = "status:problem";

export function TableBar(props: TableBarProps) {
  const { kind, id, embedded, typed, on_type, shown, total, problems, held } = props;
  const field = useRef<HTMLInputElement>(null);
  useKeys(
    { "/": { run: () => field.current?.focus(), label: `Filter the ${kind.title.toLowerCase()}` } },
    { when: !embedded },
  );
  const only_problems = typed.split(/\s+/).includes(PROBLEMS);
  const toggle = () => on_type(only_problems ? typed.replace(PROBLEMS, "").trim() : `${typed} ${PROBLEMS}`.trim());
  const counts = typed ? `${number.format(shown)} of ${number.format(total)}` : number.format(total);
  return (
    <div class="table-bar">
      <input
        ref={field}
        id={`${id}-filter`}
        class="filter"
        type="search"
        aria-label={`Filter the ${kind.title.toLowerCase()}`}
        title="Words, label=value, status:word; ! before it turns it round"
        placeholder={embedded ? "Filter" : "Filter  /"}
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => on_type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "ArrowDown") props.on_enter();
          else if (event.key === "Escape" && typed) on_type("");
          else if (event.key === "Escape") field.current?.blur();
          else return;
          event.preventDefault();
        }}
      />
      {(problems > 0 || only_problems) && (
        <button type="button" class="chip count-bad" aria-pressed={only_problems} onClick={toggle}>
          {number.format(problems)} {problems === 1 ? "problem" : "problems"}
        </button>
      )}
      {props.can_be_wide && (
        <button type="button" class="chip wide" aria-pressed={props.wide} onClick={() => props.on_wide(!props.wide)}>
          Wide
        </button>
      )}
      <span class="counts muted">
        {held > 0 && <span class="held">{number.format(held)} held · </span>}
        {counts} {total === 1 ? kind.one : kind.title.toLowerCase()}
      </span>
    </div>
  );
}

export interface TableHeadProps {
  columns: TableColumn[];
  order: string;
  on_sort: (order: string) => void;
}

export function TableHead({ columns, order, on_sort }: TableHeadProps) {
  const by = order.replace(/^-/, "");
  const descending = order.startsWith("-");
  return (
    <div class="head" role="rowgroup">
      <div class="row" role="row" aria-rowindex={1}>
        {columns.map((column) => {
          const mine = column.name === by;
          const next = !mine ? column.name : descending ? "" : `-${column.name}`;
          return (
            <div
              key={column.name}
              role="columnheader"
              class={`cell ${column.role}`}
              aria-sort={mine ? (descending ? "descending" : "ascending") : undefined}
            >
              {column.sort ? (
                <button type="button" onClick={() => on_sort(next)}>
                  {column.name}
                  {mine && <Icon name={descending ? "sort_down" : "sort_up"} />}
                </button>
              ) : (
                column.name
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
