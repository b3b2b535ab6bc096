// How many pods: a stepper, and what the cluster makes of it, live.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { kubectl_of_scale, one_of, scale, type Target } from "../../api/actions";
import { group_of } from "../../api/target";
import { useCollection } from "../../live/collection";
import { open_dialog } from "../dialog";
import { ActionForm } from "./form";

const MOST = 10_000; // a slip of the finger more; kubectl has no such end

export const open_scale = (o: Target, by: number): void =>
  void open_dialog((close) => <Scale o={o} by={by} close={close} />, { title: `Scale ${one_of(o.kind)} ${o.name}` });

function Scale({ o, by, close }: { o: Target; by: number; close: () => void }) {
  const rows = useCollection({ kind: o.kind, group: group_of(o), ns: o.ns, name: o.name });
  rows.version.value;
  const row = [...rows.rows.values()][0];
  const wanted = typeof row?.x?.replicas === "number" ? row.x.replicas : undefined;
  const [count, set_count] = useState<number | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (wanted !== undefined && count === null) set_count(Math.max(0, wanted + by));
  }, [wanted]);
  useLayoutEffect(() => {
    field.current?.focus(); // before anybody can press Enter on the cross of the dialog
    field.current?.select();
  }, [count !== null]);
  const value = count ?? 0;
  const step = (change: number) => set_count(Math.min(MOST, Math.max(0, value + change)));
  return (
    <ActionForm
      verb={value === 0 ? "Stop all" : "Scale"}
      danger={value === 0}
      kubectl={kubectl_of_scale(o, value)}
      close={close}
      run={() => scale(o, value)}
      after={() => undefined}
      ready={count !== null && count !== wanted}
    >
      <div class="stepper">
        <button type="button" aria-label="One less" onClick={() => step(-1)}>
          −
        </button>
        <label>
          <span>Replicas</span>
          <input
            ref={field}
            type="number"
            min={0}
            max={MOST}
            value={value}
            onInput={(event) =>
              set_count(Math.min(MOST, Math.max(0, Math.trunc(Number(event.currentTarget.value)) || 0)))
            }
          />
        </label>
        <button type="button" aria-label="One more" onClick={() => step(1)}>
          +
        </button>
      </div>
      <Progress ready={row?.x?.ready ?? 0} wanted={wanted} />
    </ActionForm>
  );
}

function Progress({ ready, wanted }: { ready: number; wanted?: number }) {
  if (wanted === undefined) return <p class="muted">Looking at it…</p>;
  return (
    <p class="scale-progress" role="status">
      <meter min={0} max={Math.max(wanted, ready, 1)} value={ready} aria-label="Ready" /> {ready} of {wanted} ready
    </p>
  );
}
