// Edits that are not applied yet: they outlive the page that made them, as long as the tab is open. The browser asks
// before it closes a tab that has some.
export interface Draft {
  base: string; // what the edits began with
  text: string;
}

const drafts = new Map<string, Draft>();

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

export const draft_of = (key: string): Draft | undefined => drafts.get(key);

export function keep_draft(key: string, draft: Draft): void {
  if (draft.base === draft.text) return drop_draft(key);
  if (!drafts.size) addEventListener("beforeunload", ask);
  drafts.set(key, draft);
}

export function drop_draft(key: string): void {
  if (drafts.delete(key) && !drafts.size) removeEventListener("beforeunload", ask);
}
