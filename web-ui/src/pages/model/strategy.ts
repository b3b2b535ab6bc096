// How a deployment replaces its pods, in words.
export function strategy_text(
  strategy: { type?: string; rollingUpdate?: Record<string, unknown> } | undefined,
): string {
  if (!strategy?.type) return "";
  if (strategy.type === "Recreate") return "ends all old pods before it starts new ones";
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy.rollingUpdate ?? {};
  return `rolling: up to ${maxSurge} more pods than wanted, up to ${maxUnavailable} fewer`;
}
