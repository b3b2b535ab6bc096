// How a container is, in a word, with how bad that is.
import { exit_text } from "./exits";
import { seconds_of, type Container, type ContainerStatus, type Pod } from "./types";

export interface StateText {
  severity: 0 | 1 | 2;
  word: string;
  since: number; // Unix seconds; 0: unknown
}

export function state_text(status: ContainerStatus | undefined, init: boolean): StateText {
  const { running, terminated, waiting } = status?.state ?? {};
  if (running) {
    const since = seconds_of(running.startedAt);
    return status!.ready || init
      ? { severity: 0, word: "Running", since }
      : { severity: 1, word: "Running, not ready", since };
  }
  if (terminated) {
    const ok = terminated.exitCode === 0;
    const word = ok ? "Completed" : `${terminated.reason ?? "Ended"}, ${exit_text(terminated)}`;
    return { severity: ok ? 0 : 2, word, since: seconds_of(terminated.finishedAt) };
  }
  const reason = waiting?.reason ?? "Waiting";
  const starts = reason === "ContainerCreating" || reason === "PodInitializing" || reason === "Waiting";
  return { severity: starts ? 0 : 2, word: reason, since: 0 };
}

export interface ContainerView {
  spec: Container;
  status: ContainerStatus | undefined;
  init: boolean;
  role: string; // "container", "init container", "sidecar"
}

// Init containers first, as they run.
export function containers_of(pod: Pod): ContainerView[] {
  const view = (spec: Container, statuses: ContainerStatus[] | undefined, init: boolean): ContainerView => ({
    spec,
    init,
    status: statuses?.find((status) => status.name === spec.name),
    role: !init ? "container" : spec.restartPolicy === "Always" ? "sidecar" : "init container",
  });
  return [
    ...(pod.spec?.initContainers ?? []).map((spec) => view(spec, pod.status?.initContainerStatuses, true)),
    ...(pod.spec?.containers ?? []).map((spec) => view(spec, pod.status?.containerStatuses, false)),
  ];
}

// "requests 100m cpu, 64Mi memory; limits 128Mi memory", "" when it names none.
export function resources_text(container: Container): string {
  const list = (from: Record<string, string> | undefined) =>
    Object.entries(from ?? {})
      .map(([name, value]) => `${value} ${name}`)
      .join(", ");
  const requests = list(container.resources?.requests);
  const limits = list(container.resources?.limits);
  return [requests && `requests ${requests}`, limits && `limits ${limits}`].filter(Boolean).join("; ");
}

export const ports_text = (container: Container): string =>
  (container.ports ?? [])
    .map((port) => `${port.name ? `${port.name} ` : ""}${port.containerPort}/${port.protocol ?? "TCP"}`)
    .join(", ");

// Of the whole pod, in the words of its conditions.
export const is_ready = (pod: Pod): boolean =>
  pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
