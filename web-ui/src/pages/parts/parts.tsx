// What all detail pages are built of: the head with the way back, parts with headings, facts, labels, small tables.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { href } from "../../router";
import { StatusMark, type Severity } from "../../ui/status";
import "./parts.css";

export interface Crumb {
  label: string;
  href: string;
}

export interface HeadProps {
  crumbs: Crumb[];
  one: string; // "pod"
  name: string;
  ns?: string;
  severity?: Severity;
  status?: string;
  why?: string; // the server's sentence
  children?: ComponentChildren; // actions
}

export function Head({ crumbs, one, name, ns, severity, status, why, children }: HeadProps) {
  return (
    <header class="object-head">
      <nav aria-label="Where this is">
        <ol class="crumbs">
          {crumbs.map((crumb) => (
            <li key={crumb.href}>
              <a href={crumb.href}>{crumb.label}</a>
            </li>
          ))}
          {ns && (
            <li>
              <a href={href("objects", ["namespaces", ns])}>
                <bdi>{ns}</bdi>
              </a>
            </li>
          )}
        </ol>
      </nav>
      <div class="object-title">
        <h1>
          <span class="unseen">{one} </span>
          <bdi>{name}</bdi>
        </h1>
        {status !== undefined && <StatusMark severity={severity} word={status} />}
      </div>
      {why && (
        <p class="object-why">
          <bdi>{why}</bdi>
        </p>
      )}
      {children}
    </header>
  );
}

export interface PartProps {
  title: string;
  note?: ComponentChildren; // beside the title
  children: ComponentChildren;
  class?: string;
}

export function Part({ title, note, children, class: name }: PartProps) {
  const id = useId();
  return (
    <section class={`part ${name ?? ""}`} aria-labelledby={id}>
      <div class="part-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="muted">{note}</span>}
      </div>
      {children}
    </section>
  );
}

// Pairs of a word and what it is; those that are empty are left out. `lines`: one under the other, the words at the left.
export function Facts({ items, lines }: { items: [label: string, value: ComponentChildren][]; lines?: boolean }) {
  const kept = items.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return (
    <dl class={lines ? "fact-lines" : "fact-list"}>
      {kept.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{typeof value === "string" ? <bdi>{value}</bdi> : value}</dd>
        </div>
      ))}
    </dl>
  );
}

// Each leads to the list of those that have it too.
export function Labels({ labels, page }: { labels?: Record<string, string>; page?: string[] }) {
  const entries = Object.entries(labels ?? {});
  if (!entries.length) return <span class="muted">none</span>;
  return (
    <ul class="chips">
      {entries.map(([key, value]) => (
        <li key={key}>
          {page ? (
            <a href={href(page[0]!, page.slice(1), { q: `${key}=${value}` })}>
              <Pair name={key} value={value} />
            </a>
          ) : (
            <Pair name={key} value={value} />
          )}
        </li>
      ))}
    </ul>
  );
}

const Pair = ({ name, value }: { name: string; value: string }) => (
  <>
    <bdi>{name}</bdi>
    {value !== "" && "="}
    <bdi>{value}</bdi>
  </>
);

export interface SmallRow {
  key: string;
  cells: ComponentChildren[];
  severity?: Severity;
}

// A table of few rows: on a narrow screen each row is a card, its cells under the names of their columns. The roles are
// said, since a table that is laid out otherwise loses them.
export function SmallTable({ label, columns, rows }: { label: string; columns: string[]; rows: SmallRow[] }) {
  return (
    <table class="small-table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} role="columnheader" scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={row.key} role="row" class={row.severity ? `s${row.severity}` : undefined}>
            {row.cells.map((cell, index) => (
              <td key={index} role="cell" data-column={columns[index]} class={cell ? undefined : "bare"}>
                {typeof cell === "string" ? <bdi>{cell}</bdi> : <div>{cell}</div>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
