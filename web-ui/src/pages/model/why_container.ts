// The part of why.ts about one container: images, crashes, memory, probes.
import { kubectl } from "../../api/kubectl";
import type { EventFacts } from "./cells";
import { exit_meaning, exit_text } from "./exits";
import { probe_target } from "./probe";
import { duration_text } from "./quantity";
import { seconds_of, type Container, type ContainerStatus, type Pod, type Terminated } from "./types";
import { kubectl_at, type Fact, type Why } from "./why";

const RECENT_S = 600; // a restart this young is worth a look although the container runs again

interface Case {
  pod: Pod;
  status: ContainerStatus;
  spec: Container | undefined;
  init: boolean;
  what: string; // "Container web"
  events: EventFacts[]; // of this container, newest first
  now_s: number;
}

export function why_of_container(
  pod: Pod,
  status: ContainerStatus,
  init: boolean,
  events: EventFacts[],
  now_s: number,
): Why | null {
  const list = (init ? pod.spec?.initContainers : pod.spec?.containers) ?? [];
  const one: Case = {
    pod,
    status,
    init,
    now_s,
    spec: list.find((container) => container.name === status.name),
    what: `${init ? "Init container" : "Container"} ${status.name}`,
    events: events.filter((event) => !event.part || event.part.includes(`{${status.name}}`)),
  };
  // Just started anew, and no probe has failed since: what ended it before tells more than that it is not ready yet.
  const fresh = !failed_probe(one, "readiness") && !failed_probe(one, "startup");
  return (
    why_waiting(one) ??
    why_terminated(one) ??
    (fresh ? why_restarted(one) : null) ??
    why_unready(one) ??
    why_restarted(one)
  );
}

function why_waiting(one: Case): Why | null {
  const { reason = "", message = "" } = one.status.state?.waiting ?? {};
  if (!reason || reason === "ContainerCreating" || reason === "PodInitializing") return null;
  if (reason === "CrashLoopBackOff") return why_crashing(one);
  if (/Image/.test(reason)) return why_image(one, reason, message);
  const missing = /(configmap|secret) "?([^" ]+)"? not found/i.exec(message);
  return {
    severity: 2,
    sentence: missing
      ? `${one.what} waits for ${missing[1]!.toLowerCase()} ${missing[2]}, which is not there.`
      : `${one.what} cannot be started: ${reason}.`,
    facts: message ? [{ label: reason, text: message }] : [],
    next: missing
      ? {
          text: `Create the ${missing[1]!.toLowerCase()}; the container starts by itself then.`,
          command: kubectl(
            "create",
            ...(missing[1]!.toLowerCase() === "secret" ? ["secret", "generic"] : ["configmap"]),
            missing[2]!.split("/").pop(),
            "-n",
            one.pod.metadata.namespace,
            "--from-literal=KEY=VALUE",
          ),
        }
      : { text: "Look at how the container is declared.", page: "yaml", command: describe(one) },
  };
}

function why_image(one: Case, reason: string, message: string): Why {
  const image = one.spec?.image ?? one.status.image ?? "";
  const told = one.events.find((event) => event.reason === "Failed" && /pull|image/i.test(event.message));
  const text = told?.message || message;
  const denied = /401|403|unauthorized|denied|authentication/i.test(text);
  const absent = /404|not found|manifest unknown/i.test(text);
  return {
    severity: 2,
    sentence: `Image ${image} of ${one.what.toLowerCase()} cannot be pulled${denied ? ": the registry wants a login" : absent ? ": the registry does not have it" : ""}.`,
    facts: text ? [{ label: reason, text }] : [],
    next: {
      text: denied
        ? "Give the pod an image pull secret, or the node a login."
        : absent
          ? "Check the image's name and tag."
          : "Check the image's name, and that the node reaches the registry.",
      page: "yaml",
      command: `appliance image pull ${image}`,
    },
  };
}

function why_crashing(one: Case): Why {
  const end = one.status.lastState?.terminated ?? one.status.state?.terminated;
  const count = one.status.restartCount ?? 0;
  const times = `${count} restart${count === 1 ? "" : "s"} so far`;
  return {
    ...ended(one, end),
    sentence: `${one.what} ${end ? how(one, end) : "keeps ending"}, again and again: ${times}.`,
  };
}

function why_terminated(one: Case): Why | null {
  const end = one.status.state?.terminated;
  if (!end || (end.exitCode === 0 && end.reason !== "OOMKilled")) return null;
  return { ...ended(one, end, false), sentence: `${one.what} ${how(one, end)}.` };
}

function why_unready(one: Case): Why | null {
  const running = one.status.state?.running;
  if (!running || one.status.ready || (one.init && one.spec?.restartPolicy !== "Always")) return null;
  const starting = one.status.started === false && one.spec?.startupProbe;
  const probe = starting ? one.spec!.startupProbe! : one.spec?.readinessProbe;
  if (!probe) return null;
  const use = starting ? "startup" : "readiness";
  const failed = failed_probe(one, use);
  const age = one.now_s - seconds_of(running.startedAt);
  return {
    severity: failed ? 2 : 1,
    sentence: `${one.what} runs since ${duration_text(Math.max(0, age))}, but its ${use} probe ${failed ? "fails" : "has not passed yet"}.`,
    facts: [{ label: "Probe", text: probe_target(probe), code: true }, ...event_fact(failed)],
    next: {
      text: starting
        ? "Look at what it does while it starts."
        : "It gets no traffic until the probe passes: look at its logs.",
      logs: { container: one.status.name, previous: false },
      shell: one.status.name,
      command: `kubectl logs ${one.pod.metadata.name} ${kubectl_at(one.pod)} -c ${one.status.name}`,
    },
  };
}

// Since the container runs.
function failed_probe(one: Case, use: "readiness" | "startup"): EventFacts | undefined {
  const since = seconds_of(one.status.state?.running?.startedAt);
  return one.events.find(
    (event) => event.reason === "Unhealthy" && event.message.toLowerCase().includes(use) && event.t >= since,
  );
}

const CRASHES = 3; // restarts from which on it is no accident any more

function why_restarted(one: Case): Why | null {
  const end = one.status.lastState?.terminated;
  const count = one.status.restartCount ?? 0;
  if (!end || !count || one.now_s - seconds_of(end.finishedAt) > RECENT_S) return null;
  if (one.init && one.spec?.restartPolicy !== "Always") return null;
  const since = duration_text(Math.max(0, one.now_s - seconds_of(one.status.state?.running?.startedAt)));
  const times = `${count} restart${count === 1 ? "" : "s"} so far`;
  return {
    ...ended(one, end),
    severity: !one.status.ready && count >= CRASHES ? 2 : 1,
    sentence: `${one.what} runs again since ${since}; before, it ${how(one, end)}: ${times}.`,
  };
}

// Who ended it: a probe, the memory limit, or itself.
function how(one: Case, end: Terminated): string {
  if (end.reason === "OOMKilled") {
    const limit = one.spec?.resources?.limits?.memory;
    return limit
      ? `was killed: it used more memory than its limit of ${limit}`
      : "was killed: its node ran out of memory";
  }
  if (killed_by_probe(one)) return "was restarted because its liveness probe failed";
  if (end.reason === "ContainerCannotRun" || end.reason === "StartError") return "could not be started";
  const meaning = exit_meaning(end.exitCode ?? 0);
  return `ended with exit code ${end.exitCode ?? 0}${meaning ? ` (${meaning})` : ""}`;
}

const PROBE_BEFORE_END_S = 180; // a failed liveness probe ends a container within its grace; an older one did not

function killed_by_probe(one: Case): EventFacts | undefined {
  if (!one.spec?.livenessProbe) return undefined;
  const end = seconds_of((one.status.state?.terminated ?? one.status.lastState?.terminated)?.finishedAt);
  return one.events.find(
    (event) => event.reason === "Unhealthy" && /liveness/i.test(event.message) && end - event.t <= PROBE_BEFORE_END_S,
  );
}

function ended(one: Case, end: Terminated | undefined, previous = true): Why {
  const probe = killed_by_probe(one);
  const facts: Fact[] = [];
  if (end) facts.push({ label: "Last end", text: end_text(end) });
  if (end?.message) facts.push({ label: "It said", text: end.message, code: true });
  if (probe)
    facts.push({ label: "Probe", text: probe_target(one.spec!.livenessProbe!), code: true }, ...event_fact(probe));
  const memory = end?.reason === "OOMKilled";
  const command = end?.exitCode === 126 || end?.exitCode === 127;
  return {
    severity: 2,
    sentence: "",
    facts,
    next: {
      text: memory
        ? "Raise its memory limit, or find what it keeps; its logs before the end may say."
        : command
          ? "Check the container's command and image."
          : "Read what it wrote before it ended.",
      logs: { container: one.status.name, previous },
      page: memory || command ? "yaml" : undefined,
      command: `kubectl logs ${one.pod.metadata.name} ${kubectl_at(one.pod)} -c ${one.status.name}${previous ? " --previous" : ""}`,
    },
  };
}

function end_text(end: Terminated): string {
  const ran = seconds_of(end.finishedAt) - seconds_of(end.startedAt);
  return exit_text(end) + (end.startedAt && end.finishedAt ? `, after ${duration_text(Math.max(0, ran))}` : "");
}

const event_fact = (event: EventFacts | undefined): Fact[] =>
  event ? [{ label: event.count > 1 ? `Event, ${event.count} times` : "Event", text: event.message, code: true }] : [];

const describe = (one: Case) => `kubectl describe pod ${one.pod.metadata.name} ${kubectl_at(one.pod)}`;
