// One row of a table. It is painted again only when its object, its columns or its place changed; cells that changed
// light up for a moment.
import { Component, createRef } from "preact";
import type { Row } from "../live/protocol";
import type { TableColumn } from "./table_columns";

export interface RowProps {
  row: Row;
  columns: TableColumn[];
  stamp: number; // changes when extra cells are to be made anew
  index: number;
  top: number; // px
  focused: boolean;
  gone: boolean;
  on_focus: (uid: string) => void;
  on_open: (row: Row) => void;
}

const FLASH_MS = 600;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class RowView extends Component<RowProps> {
  private element = createRef<HTMLDivElement>();

  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (
      next.row !== now.row ||
      next.columns !== now.columns ||
      next.stamp !== now.stamp ||
      next.index !== now.index ||
      next.top !== now.top ||
      next.focused !== now.focused ||
      next.gone !== now.gone
    );
  }

  override componentDidUpdate(before: RowProps): void {
    const { row, columns } = this.props;
    if (before.row === row || before.columns !== columns || calm.matches) return;
    const cells = this.element.current!.children;
    columns.forEach((column, i) => {
      if (!column.value || column.value(before.row) === column.value(row)) return;
      const colour = "var(--flash)";
      cells[i]?.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], FLASH_MS);
    });
  }

  private click = (event: MouseEvent) => {
    if ((event.target as Element).closest("a, button, input, label")) return;
    if (getSelection()?.type === "Range") return; // the user marks text
    this.props.on_open(this.props.row);
  };

  override render({ row, columns, index, top, focused, gone, on_focus }: RowProps) {
    const severity = row.v ? ` v${row.v}` : "";
    return (
      <div
        ref={this.element}
        class={`row${severity}${row.d || gone ? " leaving" : ""}`}
        role="row"
        aria-rowindex={index + 2}
        tabIndex={focused ? 0 : -1}
        data-uid={row.u}
        style={{ top: `${top}px` }}
        onClick={this.click}
        onFocus={() => on_focus(row.u)}
      >
        {columns.map((column) => {
          const text = column.value?.(row);
          return (
            <div
              key={column.name}
              role="gridcell"
              class={`cell ${column.role}`}
              data-name={column.name}
              title={column.role === "name" ? row.n : typeof text === "string" && text.length > 12 ? text : undefined}
            >
              {column.cell(row)}
            </div>
          );
        })}
      </div>
    );
  }
}
