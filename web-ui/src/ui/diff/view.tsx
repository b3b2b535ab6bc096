// A difference, shown as text: sign, line number and colour; what is equal and far away is folded.
import { count_changes, diff_lines, hunks } from "./lines";
import "./diff.css";

const LINES_SHOWN = 2000; // DOM nodes have an end

export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = diff_lines(before, after);
  const { added, removed } = count_changes(lines);
  if (!added && !removed) return <p class="muted">Nothing changes.</p>;
  const shown = hunks(lines);
  return (
    <figure class="diff">
      <figcaption>
        {label}: {added} added, {removed} removed
      </figcaption>
      <div class="diff-lines" tabIndex={0} role="region" aria-label={label}>
        {shown.slice(0, LINES_SHOWN).map((line, i) =>
          "skipped" in line ? (
            <div key={i} class="fold">
              {line.skipped} equal {line.skipped === 1 ? "line" : "lines"}
            </div>
          ) : (
            <div key={i} class={line.op === "+" ? "add" : line.op === "-" ? "del" : undefined}>
              <span class="number" aria-hidden="true">
                {line.b ?? line.a}
              </span>
              <span class="sign">{line.op}</span>
              <span class="text">{line.text}</span>
            </div>
          ),
        )}
        {shown.length > LINES_SHOWN && <div class="fold">and {shown.length - LINES_SHOWN} more lines</div>}
      </div>
    </figure>
  );
}
