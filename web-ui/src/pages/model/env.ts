// Where a container's variables and files come from, in words.
import type { Container } from "./types";

export interface EnvText {
  name: string;
  value: string; // "" when it is said by `from`
  from: string;
  ref?: { kind: "configmaps" | "secrets"; name: string };
}

export function env_of(container: Container): EnvText[] {
  const single = (container.env ?? []).map((one): EnvText => {
    const from = one.valueFrom;
    if (!from) return { name: one.name, value: one.value ?? "", from: "" };
    const key = (what: "configMapKeyRef" | "secretKeyRef") => `key ${from[what].key} of ${from[what].name}`;
    if (from.configMapKeyRef)
      return {
        name: one.name,
        value: "",
        from: key("configMapKeyRef"),
        ref: { kind: "configmaps", name: from.configMapKeyRef.name },
      };
    if (from.secretKeyRef)
      return {
        name: one.name,
        value: "",
        from: key("secretKeyRef"),
        ref: { kind: "secrets", name: from.secretKeyRef.name },
      };
    return {
      name: one.name,
      value: "",
      from: from.fieldRef?.fieldPath ?? from.resourceFieldRef?.resource ?? "elsewhere",
    };
  });
  const whole = (container.envFrom ?? []).map((one): EnvText => {
    const name = `${one.prefix ?? ""}*`;
    if (one.configMapRef)
      return {
        name,
        value: "",
        from: `all of config map ${one.configMapRef.name}`,
        ref: { kind: "configmaps", name: one.configMapRef.name },
      };
    return {
      name,
      value: "",
      from: `all of secret ${one.secretRef?.name ?? ""}`,
      ref: { kind: "secrets", name: one.secretRef?.name ?? "" },
    };
  });
  return [...single, ...whole];
}

export interface VolumeText {
  name: string;
  what: string;
  ref?: { kind: "configmaps" | "secrets"; name: string };
}
export function volume_text(volume: Record<string, any>): VolumeText {
  const name = String(volume.name ?? "");
  if (volume.configMap) return { name, what: "config map", ref: { kind: "configmaps", name: volume.configMap.name } };
  if (volume.secret) return { name, what: "secret", ref: { kind: "secrets", name: volume.secret.secretName } };
  if (volume.emptyDir)
    return { name, what: `empty folder${volume.emptyDir.medium === "Memory" ? " in memory" : ""}, gone with the pod` };
  if (volume.hostPath) return { name, what: `folder of the node: ${volume.hostPath.path}` };
  if (volume.projected) return { name, what: `projected: ${projected(volume.projected.sources ?? [])}` };
  if (volume.downwardAPI) return { name, what: "facts about the pod" };
  if (volume.persistentVolumeClaim) return { name, what: `claim ${volume.persistentVolumeClaim.claimName}` };
  return { name, what: Object.keys(volume).find((key) => key !== "name") ?? "empty folder" };
}

const projected = (sources: Record<string, any>[]) =>
  sources
    .map((one) =>
      one.serviceAccountToken
        ? "token"
        : one.configMap
          ? `config map ${one.configMap.name}`
          : one.secret
            ? `secret ${one.secret.name}`
            : "facts about the pod",
    )
    .join(", ");

export function toleration_text(one: {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}): string {
  const what = !one.key ? "any taint" : one.operator === "Exists" || !one.value ? one.key : `${one.key}=${one.value}`;
  const effect = one.effect ? `:${one.effect}` : "";
  return `${what}${effect}${one.tolerationSeconds !== undefined ? ` for ${one.tolerationSeconds} s` : ""}`;
}
