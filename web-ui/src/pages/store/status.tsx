// How the store is: members, revisions, sizes; asked every two seconds while somebody looks.
import { useEffect, useState } from "preact/hooks";
import { request } from "../../api/request";
import { Failed, Loading } from "../../ui/state";
import { StatusMark } from "../../ui/status";
import { bytes_text } from "../model/quantity";
import { Facts, Part, SmallTable } from "../parts/parts";

const ASK_MS = 2000;

interface Member {
  name: string;
  address: string;
  role: string;
  voter: boolean;
}
interface StoreStatusDocument {
  revision: number;
  compact_revision: number;
  applied_index: number;
  term: number;
  log_bytes: number;
  db_bytes: number;
  overlay_bytes: number;
  keys: number;
  version: string;
  problem: string;
  members: Member[];
}

// The last answer stays while the next is awaited; a hidden tab asks for nothing.
function useStatus() {
  const [state, set_state] = useState<{ status: StoreStatusDocument | null; error: unknown }>({
    status: null,
    error: null,
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const ask = async () => {
      if (document.visibilityState === "visible") {
        try {
          const status = await request<StoreStatusDocument>("GET", "/ui/v1/store/status");
          if (!over) set_state({ status, error: null });
        } catch (error) {
          if (!over) set_state((before) => ({ ...before, error }));
        }
      }
      if (!over) timer = setTimeout(() => void ask(), ASK_MS);
    };
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, []);
  return state;
}

const number = (value: number | undefined) => (value ?? 0).toLocaleString("en");

export function StoreStatus() {
  const { status, error } = useStatus();
  if (!status) return error ? <Failed error={error} /> : <Loading lines={4} />;
  return (
    <>
      {!!error && <Failed error={error} />}
      <div class="split">
        <Part title="State">
          <p class="store-verdict">
            {status.problem ? (
              <StatusMark severity={2} word={status.problem} />
            ) : (
              <StatusMark severity={0} word="It takes writes" />
            )}
          </p>
          <Facts
            items={[
              ["Revision", <span data-live>{number(status.revision)}</span>],
              ["Compacted to", number(status.compact_revision)],
              ["Keys", number(status.keys)],
              ["Database", bytes_text(status.db_bytes)],
              ["Not yet in it", bytes_text(status.overlay_bytes)],
              ["Log", bytes_text(status.log_bytes)],
              ["Term", number(status.term)],
              ["Applied index", number(status.applied_index)],
              ["Format", String(status.version)],
            ]}
          />
        </Part>
        <Part title="Members">
          <SmallTable
            label="Members"
            columns={["Name", "Address", "Role", "Votes"]}
            rows={status.members.map((one) => ({
              key: one.name,
              cells: [one.name, one.address, one.role, one.voter ? "yes" : "no"],
            }))}
          />
        </Part>
      </div>
    </>
  );
}
