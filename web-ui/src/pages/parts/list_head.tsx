// Above every list: its title, and what the page offers beside it.
import type { ComponentChildren } from "preact";
import "./parts.css";

export function ListHead({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="list-head">
      <h1>{title}</h1>
      {children}
    </header>
  );
}
