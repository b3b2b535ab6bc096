// A probe, spelled out: what is asked, how often, and what follows when it fails.
import { duration_text } from "./quantity";
import type { Container, Probe } from "./types";

export type ProbeUse = "liveness" | "readiness" | "startup";

export function probe_target(probe: Probe): string {
  if (probe.httpGet) {
    const { scheme = "HTTP", host = "", port = "", path = "/" } = probe.httpGet;
    return `GET ${scheme.toLowerCase()}://${host}:${port}${path.startsWith("/") ? path : "/" + path}`;
  }
  if (probe.tcpSocket) return `connect to TCP ${probe.tcpSocket.host ?? ""}:${probe.tcpSocket.port ?? ""}`;
  if (probe.grpc)
    return `gRPC health on :${probe.grpc.port ?? ""}${probe.grpc.service ? ` of ${probe.grpc.service}` : ""}`;
  if (probe.exec) return `run ${(probe.exec.command ?? []).join(" ")}`;
  return "nothing is asked";
}

const FAILED: Record<ProbeUse, string> = {
  liveness: "the container is restarted",
  readiness: "it gets no traffic",
  startup: "the container is restarted",
};

const times = (count: number) => (count === 1 ? "one failure" : `${count} failures in a row`);

export function probe_text(use: ProbeUse, probe: Probe): string {
  const delay = probe.initialDelaySeconds ? `, first after ${duration_text(probe.initialDelaySeconds)}` : "";
  const every = `every ${duration_text(probe.periodSeconds ?? 10)}`;
  const timeout = `within ${duration_text(probe.timeoutSeconds ?? 1)}`;
  const again =
    use === "readiness" && (probe.successThreshold ?? 1) > 1
      ? `, ready again after ${probe.successThreshold} successes`
      : "";
  return `${probe_target(probe)} ${every}${delay}, answered ${timeout}; after ${times(probe.failureThreshold ?? 3)} ${FAILED[use]}${again}`;
}

const PROBES: [ProbeUse, "startupProbe" | "readinessProbe" | "livenessProbe"][] = [
  ["startup", "startupProbe"],
  ["readiness", "readinessProbe"],
  ["liveness", "livenessProbe"],
];

// ["Readiness probe", "GET …"] of each that the container has.
export const probes_text = (container: Container): [string, string][] =>
  PROBES.flatMap(([use, field]) => {
    const probe = container[field];
    return probe ? [[`${use[0]!.toUpperCase()}${use.slice(1)} probe`, probe_text(use, probe)] as [string, string]] : [];
  });
