// The problems, each with its reason in a sentence and one click to the logs that tell more.
import { KINDS } from "../../api/kinds";
import { href, route, set } from "../../router";
import { Age } from "../../ui/age";
import { logs_href, logs_href_of, ObjectLink } from "../../ui/link";
import { StatusShape } from "../../ui/status";
import { has_previous, sentence, type Problem } from "../model/problems";

const SHOWN = 8; // capacity stands below them
const SHOWN_MAX = 200; // nobody reads more; the list of pods has them all

export function Problems({ problems }: { problems: Problem[] }) {
  const all = !!route.value.query.all;
  if (!problems.length) return <p class="muted well">Every node is ready, and every pod that should run runs.</p>;
  return (
    <section aria-labelledby="problems">
      <h2 id="problems" class="unseen">
        Problems
      </h2>
      <ol class="problems">
        {problems.slice(0, all ? SHOWN_MAX : SHOWN).map((one) => (
          <ProblemCard key={one.row.u} one={one} />
        ))}
      </ol>
      {problems.length > SHOWN && (
        <button type="button" onClick={() => set({ all: all ? undefined : "1" })} aria-expanded={all}>
          {all
            ? "Show the worst alone"
            : `Show ${problems.length > SHOWN_MAX ? `the worst ${SHOWN_MAX}` : `all ${problems.length}`}`}
        </button>
      )}
    </section>
  );
}

function ProblemCard({ one }: { one: Problem }) {
  const { row, kind, pod } = one;
  return (
    <li class={`problem s${row.v}`}>
      <StatusShape severity={row.v} />
      <div class="problem-text">
        <h3>
          <ObjectLink kind={kind} ns={row.s} name={row.n} />{" "}
          <span class="muted">
            {KINDS[kind]?.one}
            {row.s && (
              <>
                {" "}
                in <bdi>{row.s}</bdi>
              </>
            )}
          </span>
        </h3>
        <p>
          <bdi>{sentence(row.w)}</bdi>
        </p>
        {pod && pod !== row && (
          <p>
            <ObjectLink kind="pods" ns={pod.s} name={pod.n} />: <bdi>{sentence(pod.w)}</bdi>
          </p>
        )}
        {one.also > 0 && <Alike one={one} />}
      </div>
      <div class="problem-doors">
        <span class="muted">
          <Age t={(pod ?? row).t} />
        </span>
        {pod ? <PodDoors one={one} /> : <OtherDoor one={one} />}
      </div>
    </li>
  );
}

const Alike = ({ one }: { one: Problem }) => (
  <p class="muted">
    <a href={href("pods", [], { q: `status:problem ${one.kind === "pods" ? (one.row.o?.[1] ?? "") : one.row.n}` })}>
      {one.also === 1 ? "One more pod" : `${one.also} more pods`}
    </a>{" "}
    {one.also === 1 ? "suffers" : "suffer"} alike.
  </p>
);

function PodDoors({ one }: { one: Problem }) {
  const pod = one.pod!;
  const ns = pod.s ?? "";
  return (
    <>
      {has_previous(pod) && (
        <a class="button small" href={logs_href(ns, pod.n, { previous: "1" })} aria-label={`Previous logs of ${pod.n}`}>
          Previous logs
        </a>
      )}
      <a class="button small" href={logs_href(ns, pod.n)} aria-label={`Logs of ${pod.n}`}>
        Logs
      </a>
    </>
  );
}

// Without a pod of its own: all logs of the workload, or the events.
function OtherDoor({ one }: { one: Problem }) {
  const { kind, row } = one;
  if (kind === "deployments" || kind === "replicasets")
    return (
      <a class="button small" href={logs_href_of(kind, row.s ?? "", row.n)} aria-label={`Logs of ${row.n}`}>
        Logs
      </a>
    );
  return (
    <a class="button small" href={href("events", [], { q: row.n })} aria-label={`Events of ${row.n}`}>
      Events
    </a>
  );
}
