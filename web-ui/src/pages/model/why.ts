// Why a pod is not well, in one sentence, with what shows it and what to do next. Pure: made of the pod, its events and
// the time; null when nothing is wrong.
import type { EventFacts } from "./cells";
import { why_of_container } from "./why_container";
import { condition_of, seconds_of, type ContainerStatus, type Pod } from "./types";

export interface Fact {
  label: string;
  text: string;
  code?: boolean; // a program's words: fixed width, as they are
}

export interface Next {
  text: string;
  logs?: { container: string; previous: boolean };
  shell?: string; // container
  page?: "nodes" | "join" | "yaml";
  command?: string; // what kubectl would do
}

export interface Why {
  severity: 1 | 2;
  sentence: string;
  facts: Fact[];
  next: Next;
}

const STARTS_WITHIN_S = 60; // a pod that takes longer is worth a sentence

export function why_of(pod: Pod, events: EventFacts[], now_s: number): Why | null {
  return (
    why_ended(pod) ??
    why_deleted(pod, now_s) ??
    why_unscheduled(pod, events) ??
    why_containers(pod, events, now_s) ??
    why_not_started(pod, events, now_s)
  );
}

export const kubectl_at = (pod: Pod): string => `-n ${pod.metadata.namespace ?? "default"}`;

function why_ended(pod: Pod): Why | null {
  const { phase, reason, message } = pod.status ?? {};
  if (phase !== "Failed" || !reason) return null;
  const facts: Fact[] = message ? [{ label: "The node says", text: message }] : [];
  const evicted = reason === "Evicted";
  return {
    severity: 2,
    sentence: evicted ? "Evicted: its node ran out of something." : `It failed: ${reason}.`,
    facts,
    next: {
      text: evicted
        ? "Look at the node's load; a controller has made another pod already, this one can be deleted."
        : "Look at what its containers wrote before.",
      page: evicted ? "nodes" : undefined,
      command: `kubectl delete pod ${pod.metadata.name} ${kubectl_at(pod)}`,
    },
  };
}

function why_deleted(pod: Pod, now_s: number): Why | null {
  const since = seconds_of(pod.metadata.deletionTimestamp);
  if (!since || now_s < since) return null; // within its grace: as it should be
  const finalizers = pod.metadata.finalizers ?? [];
  return {
    severity: 1,
    sentence: finalizers.length
      ? `Being deleted, and waits for ${finalizers.join(", ")}.`
      : `Being deleted, and its node ${pod.spec?.nodeName ?? ""} has not confirmed its end.`,
    facts: [],
    next: {
      text: finalizers.length ? "Whoever set the finalizer has to take it off." : "Look whether the node answers.",
      page: finalizers.length ? "yaml" : "nodes",
      command: `kubectl get pod ${pod.metadata.name} ${kubectl_at(pod)} -o yaml`,
    },
  };
}

function why_unscheduled(pod: Pod, events: EventFacts[]): Why | null {
  const scheduled = condition_of(pod, "PodScheduled");
  if (pod.spec?.nodeName || scheduled?.status !== "False") return null;
  const message = scheduled.message || events.find((one) => one.reason === "FailedScheduling")?.message || "";
  const reasons = scheduler_reasons(message);
  return {
    severity: 2,
    sentence: `No node takes it${reasons ? `: ${reasons}` : ""}.`,
    facts: message ? [{ label: "The scheduler says", text: message }] : [],
    next: scheduler_next(message, pod),
  };
}

// "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. preemption: …" -> what is
// between, without the part about preemption.
export function scheduler_reasons(message: string): string {
  const text = /nodes are available: (.*)$/s.exec(message)?.[1] ?? message;
  return text
    .split(/\.?\s*preemption:/)[0]!
    .replace(/\.\s*$/, "")
    .trim();
}

function scheduler_next(message: string, pod: Pod): Next {
  const command = `kubectl describe pod ${pod.metadata.name} ${kubectl_at(pod)}`;
  if (/no nodes available/.test(message)) return { text: "Add a machine to the cluster.", page: "join", command };
  if (/Insufficient/.test(message))
    return { text: "Lower what it requests, make room on a node, or add a machine.", page: "nodes", command };
  if (/taint/.test(message))
    return { text: "Give it a toleration for the taint, or take the taint off a node.", page: "nodes", command };
  if (/unschedulable/.test(message)) return { text: "Uncordon a node.", page: "nodes", command };
  if (/selector|affinity/.test(message))
    return {
      text: "Label a node as its node selector or affinity asks, or change what it asks.",
      page: "yaml",
      command,
    };
  return { text: "Look at the nodes.", page: "nodes", command };
}

function why_containers(pod: Pod, events: EventFacts[], now_s: number): Why | null {
  const judge = (status: ContainerStatus, init: boolean) => why_of_container(pod, status, init, events, now_s);
  const found = [
    ...(pod.status?.initContainerStatuses ?? []).map((status) => judge(status, true)),
    ...(pod.status?.containerStatuses ?? []).map((status) => judge(status, false)),
  ].filter((why): why is Why => why !== null);
  return found.sort((a, b) => b.severity - a.severity)[0] ?? null;
}

function why_not_started(pod: Pod, events: EventFacts[], now_s: number): Why | null {
  if (pod.status?.phase !== "Pending") return null;
  const warning = events.find((one) => one.type === "Warning");
  const age = now_s - seconds_of(pod.metadata.creationTimestamp);
  if (!warning && age < STARTS_WITHIN_S) return null;
  return {
    severity: warning ? 2 : 1,
    sentence: warning
      ? `Not started yet: ${warning.reason}.`
      : pod.spec?.nodeName
        ? `Not started yet: node ${pod.spec.nodeName} has not brought up its containers.`
        : "Not started yet: the scheduler has not looked at it.",
    facts: warning ? [{ label: "Last event", text: warning.message }] : [],
    next: {
      text: "Look at the node.",
      page: "nodes",
      command: `kubectl describe pod ${pod.metadata.name} ${kubectl_at(pod)}`,
    },
  };
}
