// Creates what a text of several documents says, one after the other; each has its own result.
import { resource_of } from "../../api/discovery";
import { path_of, request } from "../../api/request";
import type { Status } from "../../live/protocol";
import { status_of_error } from "../../ui/actions/form";
import { marks_of, type Mark } from "./errors";
import { head_of, split_documents, type Document } from "./scan";

export interface Result {
  title: string; // "Deployment web"
  line: number; // where it begins
  error?: Status;
  made?: { kind: string; ns?: string; name: string }; // kind: the plural
  dry_run: boolean;
}

async function create_one(document: Document, ns: string, dry_run: boolean): Promise<Result["made"]> {
  const head = head_of(document.text);
  if (!head.api_version || !head.kind) throw new Error("apiVersion and kind must be said at the beginning of a line.");
  const resource = await resource_of(head.api_version, head.kind);
  if (!resource) throw new Error(`The server has no kind ${head.kind} in ${head.api_version}.`);
  const { group, version, plural } = resource;
  const place = resource.namespaced ? head.ns || ns || "default" : undefined;
  const made = await request("POST", path_of({ group, version, kind: plural, ns: place }), {
    body: document.text,
    type: "application/yaml",
    query: { fieldValidation: "Strict", dryRun: dry_run ? "All" : undefined },
  });
  return { kind: plural, ns: made.metadata?.namespace, name: made.metadata?.name };
}

export async function create_all(text: string, ns: string, dry_run: boolean): Promise<Result[]> {
  const out: Result[] = [];
  for (const document of split_documents(text)) {
    const { kind, name } = head_of(document.text);
    const result: Result = { title: `${kind || "Document"} ${name}`.trim(), line: document.line, dry_run };
    try {
      result.made = await create_one(document, ns, dry_run);
    } catch (error) {
      result.error = status_of_error(error);
    }
    out.push(result);
  }
  return out;
}

// Errors at their lines in the whole text.
export function marks_of_results(text: string, results: Result[]): Mark[] {
  const documents = new Map(split_documents(text).map((one) => [one.line, one]));
  return results.flatMap(({ error, line }) => {
    const document = documents.get(line);
    if (!error || !document) return [];
    return marks_of(error, document.text).map((mark) => ({ ...mark, line: line - 1 + (mark.line || 1) }));
  });
}
