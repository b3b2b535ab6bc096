// Why the pod is not well: the sentence, what shows it, and what to do next.
import { href } from "../../router";
import { Copy, Kubectl } from "../../ui/copy";
import { logs_href, shell_href, yaml_href } from "../../ui/link";
import { now } from "../../ui/age";
import { StatusShape } from "../../ui/status";
import type { EventFacts } from "../model/cells";
import { sentence } from "../model/problems";
import type { Pod } from "../model/types";
import { why_of, type Next } from "../model/why";

// `told`: the server's sentence, for what why.ts has no words of its own for.
export function WhyCard({ pod, events, told }: { pod: Pod; events: EventFacts[]; told?: string }) {
  const why = why_of(pod, events, Math.floor(now.value)); // its spans of time grow
  if (!why && !told) return null;
  return (
    <section class={`why s${why?.severity ?? 1}`} aria-label="Why it is not well">
      <StatusShape severity={why?.severity ?? 1} />
      <div class="why-body">
        <h2>
          <bdi>{why?.sentence || sentence(told)}</bdi>
        </h2>
        {why && why.facts.length > 0 && (
          <dl class="why-facts">
            {why.facts.map((fact, index) => (
              <div key={index}>
                <dt>{fact.label}</dt>
                <dd class={fact.code ? "words" : undefined}>
                  <bdi>{fact.text}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        )}
        {why && <NextStep pod={pod} next={why.next} />}
      </div>
    </section>
  );
}

const PAGES = { nodes: "Nodes", join: "Add a machine", yaml: "YAML" };

function NextStep({ pod, next }: { pod: Pod; next: Next }) {
  const { namespace: ns = "", name } = pod.metadata;
  return (
    <div class="why-next">
      <p>{next.text}</p>
      <div class="actions">
        {next.logs && (
          <a
            class="button primary"
            href={logs_href(ns, name, {
              container: next.logs.container,
              previous: next.logs.previous ? "1" : undefined,
            })}
          >
            {next.logs.previous ? "Logs before the end" : "Logs"}
          </a>
        )}
        {next.shell && (
          <a class="button" href={shell_href(ns, name, { container: next.shell })}>
            Shell
          </a>
        )}
        {next.page && (
          <a class="button" href={next.page === "yaml" ? yaml_href("pods", ns, name) : href(next.page)}>
            {PAGES[next.page]}
          </a>
        )}
        {next.command?.startsWith("kubectl ") && <Kubectl command={next.command} />}
        {next.command && !next.command.startsWith("kubectl ") && (
          <span class="teach">
            <code>{next.command}</code> <Copy text={next.command} label="Copy the command" />
          </span>
        )}
      </div>
    </div>
  );
}
