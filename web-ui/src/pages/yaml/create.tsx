// Create from YAML: one or several documents, checked by the server before it makes anything.
import { useMemo, useState } from "preact/hooks";
import { kubectl_of_create } from "../../api/kubectl";
import { object_href } from "../../ui/link";
import { Failed } from "../../ui/state";
import { StatusMark } from "../../ui/status";
import { useKeys } from "../../ui/keys";
import { route } from "../../router";
import { Kubectl } from "../../ui/copy";
import { create_all, marks_of_results, type Result } from "./create_run";
import { EditorField } from "./editor_field";
import { split_documents } from "./scan";
import "../fill.css";

const EXAMPLE = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: appliance/demo
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
    targetPort: 8080
`;

export function CreateYaml() {
  const ns = route.value.query.ns || "default";
  const [text, set_text] = useState(EXAMPLE);
  const [results, set_results] = useState<Result[]>([]);
  const [busy, set_busy] = useState(false);
  const marks = useMemo(() => marks_of_results(text, results), [results]);
  const run = (dry_run: boolean) => {
    if (busy) return;
    set_busy(true);
    void create_all(text, ns, dry_run)
      .then(set_results)
      .finally(() => set_busy(false));
  };
  useKeys({ "ctrl-s": { label: "Check", run: () => run(true), typing: true } });
  const count = split_documents(text).length;
  return (
    <section class="fill-page yaml-page">
      <header class="page-head">
        <h1>Create from YAML</h1>
        <div class="actions">
          <Kubectl command={kubectl_of_create(ns)} />
        </div>
      </header>
      <p class="muted">
        Documents are parted by lines of <code>---</code>. What names no namespace goes to <b>{ns}</b>.
      </p>
      <div class="yaml-edit">
        <EditorField text={text} label="YAML to create" marks={marks} changed={set_text} />
      </div>
      {results.length > 0 && <Results results={results} />}
      <footer class="page-foot">
        <span class="muted">
          {count} {count === 1 ? "document" : "documents"}
        </span>
        <button type="button" disabled={busy || !count} onClick={() => run(true)}>
          Check
        </button>
        <button type="button" class="primary" disabled={busy || !count} onClick={() => run(false)}>
          Create
        </button>
      </footer>
    </section>
  );
}

function Results({ results }: { results: Result[] }) {
  return (
    <ul class="yaml-results" aria-label="Results" role="list">
      {results.map((one, i) => (
        <li key={i}>
          <StatusMark
            severity={one.error ? 2 : 0}
            word={one.error ? "Refused" : one.dry_run ? "Would be made" : "Made"}
          />{" "}
          {one.made && !one.dry_run ? (
            <a href={object_href(one.made.kind, one.made.ns, one.made.name)}>
              <bdi>{one.title}</bdi>
            </a>
          ) : (
            <bdi>{one.title}</bdi>
          )}
          {one.error && <Failed error={one.error} />}
        </li>
      ))}
    </ul>
  );
}
