// The editor in a page: loaded when it is first shown. What is typed is told; a new `text` is put in.
import { useEffect, useRef, useState, type MutableRef } from "preact/hooks";
import { Failed, Loading } from "../../ui/state";
import type { EditorHandle } from "./editor";
import type { Mark } from "./errors";
import "./yaml.css";

export interface EditorFieldProps {
  text: string;
  label: string;
  read_only?: boolean;
  marks?: Mark[];
  changed: (text: string) => void;
  handle?: MutableRef<EditorHandle | null>; // for what is not a state: jumping to a line
}

const NO_MARKS: Mark[] = [];

export function EditorField({ text, label, read_only = false, marks = NO_MARKS, changed, handle }: EditorFieldProps) {
  const place = useRef<HTMLDivElement>(null);
  const [editor, set_editor] = useState<EditorHandle | null>(null);
  const [failure, set_failure] = useState<unknown>(null);
  const told = useRef<string[]>([]); // by the editor, not painted yet: they come back as `text` and are older than what it has
  const latest = useRef({ text, read_only, changed });
  latest.current = { text, read_only, changed };
  const tell = (now: string) => {
    told.current.push(now);
    latest.current.changed(now);
  };
  useEffect(() => {
    let made: EditorHandle | null = null;
    let over = false;
    import("./editor").then(({ open_editor }) => {
      if (over || !place.current) return;
      const { text, read_only } = latest.current;
      made = open_editor(place.current, { text, label, read_only, changed: tell });
      if (handle) handle.current = made;
      set_editor(made);
    }, set_failure);
    return () => {
      over = true;
      if (handle) handle.current = null;
      made?.end();
    };
  }, []);
  useEffect(() => {
    const own = told.current.indexOf(text);
    told.current = own < 0 ? [] : told.current.slice(own + 1);
    if (own < 0) editor?.set_text(text);
  }, [editor, text]);
  useEffect(() => editor?.set_read_only(read_only), [editor, read_only]);
  useEffect(() => editor?.set_marks(marks), [editor, marks]);
  return (
    <div class="editor-frame">
      {!!failure && <Failed error={failure} />}
      {!editor && !failure && <Loading lines={8} />}
      <div class="editor-place" ref={place} />
    </div>
  );
}
