// What stands in the place of content that is not there: not yet, not at all, or refused.
import type { ComponentChildren } from "preact";
import { StatusError } from "../api/request";
import type { Status } from "../live/protocol";
import { Copy } from "./copy";

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: lines }, (_, i) => (
        <div class="bone" key={i} style={{ width: `${90 - ((i * 37) % 50)}%` }} />
      ))}
    </div>
  );
}

const status_of = (error: unknown): Status =>
  error instanceof StatusError
    ? error.status
    : error && typeof error === "object" && "message" in error
      ? { code: 0, ...(error as { message: string }), message: String((error as { message: unknown }).message) }
      : { code: 0, message: String(error) };

// The server's own words, in their place.
export function Failed({ error, retry }: { error: Status | Error | unknown; retry?: () => void }) {
  const status = status_of(error);
  return (
    <div class="failed" role="alert">
      <p class="failed-text">
        <bdi>{status.message}</bdi>
      </p>
      {(status.details?.causes ?? []).map((cause, i) => (
        <p key={i} class="muted">
          {cause.field && <code>{cause.field}</code>} {cause.message}
        </p>
      ))}
      <p class="muted">
        {status.code ? `${status.code} ${status.reason ?? ""}` : "The server did not answer."}{" "}
        {retry && <button onClick={retry}>Try again</button>}
      </p>
    </div>
  );
}

// Nothing is there; `teach` is the command that changes this.
export function Empty({ teach, children }: { teach?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {teach && (
        <p class="teach">
          <code>{teach}</code> <Copy text={teach} label="Copy the command" />
        </p>
      )}
    </div>
  );
}
