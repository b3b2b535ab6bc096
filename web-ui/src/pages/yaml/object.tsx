// One object as YAML: to be read, edited, reviewed as a difference that the server computed, and applied.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { kubectl_of_edit, kubectl_of_yaml } from "../../api/actions";
import { one_of } from "../../api/target";
import { status_of_error } from "../../ui/actions/form";
import { Copy, Kubectl } from "../../ui/copy";
import { useKeys } from "../../ui/keys";
import { object_href } from "../../ui/link";
import { Failed, Loading } from "../../ui/state";
import { toast } from "../../ui/toast";
import { route, set } from "../../router";
import { draft_of, drop_draft, keep_draft } from "./drafts";
import type { EditorHandle } from "./editor";
import { EditorField } from "./editor_field";
import { marks_of, type Mark } from "./errors";
import { merge } from "./merge";
import { ChangedBar, changes_nothing, ConflictPanel, ReviewPanel } from "./panels";
import { desired, without_status } from "./scan";
import { Conflict, useSource, write, type Source } from "./source";
import "../fill.css";

const NONE: Mark[] = [];
type Panel = null | { is: "review"; result: string } | { is: "conflict"; theirs: string };

export function ObjectYaml({ kind, ns, name }: { kind: string; ns?: string; name: string }) {
  const source = useSource(kind, ns, name);
  const editing = route.value.query.edit === "1";
  const o = { kind, ns, name };
  return (
    <section class="fill-page yaml-page">
      <header class="page-head">
        <h1>
          YAML of{" "}
          <a href={object_href(kind, ns, name)}>
            {one_of(kind)} <bdi>{name}</bdi>
          </a>
        </h1>
        <div class="actions">
          {source.text && <Copy text={source.text} label="Copy the YAML" />}
          <Kubectl command={editing ? kubectl_of_edit(o) : kubectl_of_yaml(o)} />
        </div>
      </header>
      {source.text === null ? (
        source.error ? (
          <Failed error={source.error} />
        ) : (
          <Loading lines={8} />
        )
      ) : editing ? (
        <Editing source={source} text={without_status(source.text)} />
      ) : (
        <Reading source={source} text={source.text} />
      )}
    </section>
  );
}

function Reading({ source, text }: { source: Source; text: string }) {
  useKeys({ e: { label: "Edit", run: () => set({ edit: "1" }) } });
  return (
    <>
      {source.gone && <p role="status">It has been deleted; this is the last that was seen of it.</p>}
      <EditorField text={text} label="YAML" read_only changed={() => undefined} />
      <footer class="page-foot">
        <span class="muted">{draft_of(source.path) && "There are edits that are not applied yet."}</span>
        <button type="button" class="primary" disabled={source.gone} onClick={() => set({ edit: "1" })}>
          Edit
        </button>
      </footer>
    </>
  );
}

// What is typed, what it began with, and what the server says to it.
function useEdit(source: Source, text: string) {
  const [base, set_base] = useState(() => draft_of(source.path)?.base ?? text);
  const [mine, set_mine] = useState(() => draft_of(source.path)?.text ?? text);
  const [panel, set_panel] = useState<Panel>(null);
  const [error, set_error] = useState<unknown>(null);
  const [busy, set_busy] = useState(false);
  const [conflicts, set_conflicts] = useState(0); // lines that both changed, at the last taking over
  useEffect(() => keep_draft(source.path, { base, text: mine }), [source.path, base, mine]);
  // Nothing was typed yet: what is edited is what is there now.
  useEffect(() => {
    if (mine !== base || panel) return;
    set_base(text);
    set_mine(text);
  }, [text]);

  const send = (dry_run: boolean, done: (answer: string) => void) => {
    set_busy(true);
    set_error(null);
    write(source.path, base, mine, dry_run)
      .then(done, (failure) => {
        if (failure instanceof Conflict) set_panel({ is: "conflict", theirs: failure.theirs });
        else {
          set_panel(null);
          set_error(failure);
        }
      })
      .finally(() => set_busy(false));
  };
  const leave = () => {
    drop_draft(source.path);
    set({ edit: undefined });
  };
  return {
    base,
    mine,
    panel,
    error,
    busy,
    conflicts,
    type: (now: string) => {
      set_mine(now);
      set_error(null);
    },
    close_panel: () => set_panel(null),
    leave,
    review: () => mine !== base && send(true, (result) => set_panel({ is: "review", result })),
    apply: () =>
      send(false, (result) => {
        source.put(result);
        leave();
        toast({ kind: "ok", text: "Applied" });
      }),
    // Mine, done to the newer object: still to be reviewed.
    take_over: (theirs: string) => {
      const merged = merge(base, mine, theirs);
      set_base(theirs);
      set_mine(merged.text);
      set_panel(null);
      set_conflicts(merged.conflicts);
    },
  };
}

function Editing({ source, text }: { source: Source; text: string }) {
  const edit = useEdit(source, text);
  const editor = useRef<EditorHandle | null>(null);
  const status = edit.error ? status_of_error(edit.error) : null;
  const marks = useMemo(() => (status ? marks_of(status, edit.mine) : NONE), [edit.error]);
  const changed = edit.mine !== edit.base;
  const behind = changed && desired(text) !== desired(edit.base);
  useEffect(() => {
    const first = marks.find((mark) => mark.line > 0);
    if (first) editor.current?.show_line(first.line);
  }, [marks]);
  useKeys({ "ctrl-s": { label: "Review the edits", run: () => void edit.review(), typing: true } });
  return (
    <>
      {source.gone && <p role="alert">It has been deleted meanwhile: these edits can be applied no more.</p>}
      {behind && !edit.panel && <ChangedBar base={edit.base} theirs={text} take_over={() => edit.take_over(text)} />}
      <div class="yaml-edit" hidden={!!edit.panel}>
        <EditorField text={edit.mine} label="YAML, editable" marks={marks} changed={edit.type} handle={editor} />
      </div>
      {edit.panel?.is === "review" && <ReviewPanel before={text} result={edit.panel.result} />}
      {edit.panel?.is === "conflict" && <ConflictPanel base={edit.base} mine={edit.mine} theirs={edit.panel.theirs} />}
      {!!edit.error && !marks.some((mark) => mark.line > 0) && <Failed error={edit.error} />}
      {marks.some((mark) => mark.line > 0) && <MarkList marks={marks} go={(line) => editor.current?.show_line(line)} />}
      <footer class="page-foot">
        <Buttons edit={edit} changed={changed} gone={source.gone} now={text} />
      </footer>
    </>
  );
}

function MarkList({ marks, go }: { marks: Mark[]; go: (line: number) => void }) {
  return (
    <div class="failed" role="alert">
      <p class="failed-text">The server refuses this:</p>
      <ul>
        {marks.map((mark, i) => (
          <li key={i}>
            {mark.line > 0 && (
              <button type="button" onClick={() => go(mark.line)}>
                Line {mark.line}
              </button>
            )}{" "}
            <bdi>{mark.text}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}

const edit_text = (changed: boolean, conflicts: number): string =>
  !changed
    ? "Nothing is changed yet"
    : conflicts
      ? `Edited; ${conflicts === 1 ? "one line was" : `${conflicts} lines were`} changed by both, and yours stands`
      : "Edited, not applied";

interface ButtonsProps {
  edit: ReturnType<typeof useEdit>;
  changed: boolean;
  gone: boolean;
  now: string; // on the server
}
function Buttons({ edit, changed, gone, now }: ButtonsProps) {
  const { panel, busy } = edit;
  if (panel)
    return (
      <>
        <button type="button" onClick={edit.close_panel}>
          Back to the edits
        </button>
        {panel.is === "review" ? (
          <button
            type="button"
            class="primary"
            disabled={busy || gone || changes_nothing(now, panel.result)}
            onClick={edit.apply}
          >
            Apply
          </button>
        ) : (
          <button type="button" class="primary" onClick={() => edit.take_over(panel.theirs)}>
            Take mine over theirs
          </button>
        )}
      </>
    );
  return (
    <>
      <span class="muted">{edit_text(changed, edit.conflicts)}</span>
      <button type="button" onClick={edit.leave}>
        {changed ? "Discard" : "Done"}
      </button>
      <button type="button" class="primary" disabled={!changed || busy || gone} onClick={() => edit.review()}>
        Review
      </button>
    </>
  );
}
