// Browsers open no more than six connections to a server without HTTP/2, over all tabs: a page that held them all would
// wait for itself. So few logs are followed, the others are asked again every second in turn, and a hidden tab lets go.

export const FOLLOWED_MAX = 2; // logs that keep a connection each
export const ASKING_MAX = 1; // questions at once, of all the others

export class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];
  constructor(count: number) {
    this.free = count;
  }

  // Resolves with what gives the turn back; in the order of asking.
  async take(): Promise<() => void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    };
  }
}

const HIDDEN_MS = 3000; // a tab that is left for a moment keeps its connections

// Aborted when nobody looks any more: the page is hidden, or `signal` ended it.
export function while_shown(signal: AbortSignal): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(() => controller.abort(), HIDDEN_MS);
  };
  const stop = () => controller.abort();
  document.addEventListener("visibilitychange", look);
  signal.addEventListener("abort", stop);
  look();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", stop);
    },
  };
}

export function shown(signal: AbortSignal): Promise<void> {
  if (document.visibilityState !== "hidden" || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
  });
}
