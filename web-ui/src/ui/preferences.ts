// What this browser remembers of its user's taste: theme and density. Nothing secret is ever kept here.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

function kept<T extends string>(key: string, values: readonly T[]): T {
  try {
    const found = localStorage.getItem(key) as T;
    return values.includes(found) ? found : values[0]!;
  } catch {
    return values[0]!; // the browser keeps nothing
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is forgotten with the tab.
  }
}

export const THEMES = ["system", "light", "dark"] as const;
export const theme = signal<Theme>(kept("theme", THEMES));
export const density = signal<Density>(kept("density", ["comfortable", "compact"] as const));

// Called once.
export function follow_preferences(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    document.dispatchEvent(new Event("themechange"));
    keep("theme", theme.value);
  });
  effect(() => keep("density", density.value));
}
