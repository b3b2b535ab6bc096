// The editor: CodeMirror, a chunk of its own. Colours are the page's; Tab leaves it, as everywhere.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  codeFolding,
  foldEffect,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField, type Extension } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  WidgetType,
  type DecorationSet,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Mark } from "./errors";

export interface EditorHandle {
  text: () => string;
  set_text: (text: string) => void;
  set_read_only: (on: boolean) => void;
  set_marks: (marks: Mark[]) => void;
  show_line: (line: number) => void;
  focus: () => void;
  end: () => void;
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--warn)" },
  { tag: [tags.comment, tags.meta], color: "var(--text-2)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const THEME = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--surface)", color: "var(--text)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)", padding: "8px 0" },
  ".cm-line": { unicodeBidi: "isolate" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-2)", border: "none" },
  ".cm-activeLine": { backgroundColor: "var(--surface-2)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-selectionMatch, .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", color: "inherit" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-fill)", color: "inherit", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { outlineWidth: "2px" },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--surface-2)",
    color: "var(--text-2)",
    border: "none",
    padding: "0 6px",
  },
  ".cm-panels": { backgroundColor: "var(--surface-2)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-marked": { backgroundColor: "var(--bad-fill)" },
  ".cm-mark": {
    padding: "2px 8px 4px 12px",
    color: "var(--bad)",
    backgroundColor: "var(--bad-fill)",
    fontFamily: "var(--sans)",
    whiteSpace: "pre-wrap",
  },
});

class MarkWidget extends WidgetType {
  constructor(readonly said: string) {
    super();
  }
  override eq(other: MarkWidget): boolean {
    return other.said === this.said;
  }
  override toDOM(): HTMLElement {
    const element = document.createElement("div");
    element.className = "cm-mark";
    element.textContent = this.said;
    return element;
  }
}

const put_marks = StateEffect.define<Mark[]>();
const marks_field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects)
      if (effect.is(put_marks)) next = decorate(transaction.state, effect.value);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(state: EditorState, marks: Mark[]): DecorationSet {
  const found = marks.filter((mark) => mark.line > 0 && mark.line <= state.doc.lines);
  const ranges = found.flatMap((mark) => {
    const line = state.doc.line(mark.line);
    return [
      Decoration.line({ class: "cm-marked" }).range(line.from),
      Decoration.widget({ widget: new MarkWidget(mark.text), block: true, side: 1 }).range(line.to),
    ];
  });
  return Decoration.set(ranges, true);
}

// The status is long and not ours to edit: it begins folded.
function status_range(state: EditorState): { from: number; to: number } | null {
  for (let n = 1; n <= state.doc.lines; n++) {
    const line = state.doc.line(n);
    if (!/^status:\s*$/.test(line.text)) continue;
    let last = n;
    while (last < state.doc.lines && /^(\s|-|$)/.test(state.doc.line(last + 1).text)) last++;
    while (last > n && state.doc.line(last).length === 0) last--;
    return last > n ? { from: line.to, to: state.doc.line(last).to } : null;
  }
  return null;
}

const access = (read_only: boolean, label: string): Extension => [
  EditorState.readOnly.of(read_only),
  EditorView.editable.of(!read_only),
  EditorView.contentAttributes.of({
    "aria-label": label,
    tabindex: "0",
    spellcheck: "false",
    ...(read_only ? { "aria-readonly": "true" } : {}),
  }),
];

export function open_editor(
  place: HTMLElement,
  options: { text: string; label: string; read_only: boolean; changed: (text: string) => void },
): EditorHandle {
  const mode = new Compartment();
  let quiet = false; // what the page itself puts in is no change of the user's
  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        foldGutter(),
        codeFolding(),
        drawSelection(),
        bracketMatching(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: true }),
        indentUnit.of("  "),
        yaml(),
        syntaxHighlighting(COLOURS),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap]),
        marks_field,
        THEME,
        mode.of(access(options.read_only, options.label)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) options.changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  const fold_status = () => {
    const range = status_range(view.state);
    if (range) view.dispatch({ effects: foldEffect.of(range) });
  };
  fold_status();
  return {
    text: () => view.state.doc.toString(),
    set_text(text) {
      const now = view.state.doc.toString();
      if (now === text) return;
      const top = view.scrollDOM.scrollTop;
      quiet = true;
      view.dispatch({ changes: changed_part(now, text) });
      quiet = false;
      if (!now) fold_status();
      view.scrollDOM.scrollTop = top;
    },
    set_read_only: (on) => view.dispatch({ effects: mode.reconfigure(access(on, options.label)) }),
    set_marks: (marks) => view.dispatch({ effects: put_marks.of(marks) }),
    show_line(n) {
      const line = view.state.doc.line(Math.min(Math.max(n, 1), view.state.doc.lines));
      view.dispatch({
        selection: { anchor: line.from },
        effects: EditorView.scrollIntoView(line.from, { y: "center" }),
      });
      view.focus();
    },
    focus: () => view.focus(),
    end: () => view.destroy(),
  };
}

// From the first to the last letter that differs: folds and the cursor elsewhere stay.
function changed_part(before: string, after: string): { from: number; to: number; insert: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
