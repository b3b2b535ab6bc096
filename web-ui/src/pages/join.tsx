// "Add a machine": a token, the command that joins with it, and the machine, once it is there.
import { useEffect, useRef, useState } from "preact/hooks";
import { request } from "../api/request";
import { is_admin } from "../api/session";
import { useCollection } from "../live/collection";
import { Age, now } from "../ui/age";
import { Copy } from "../ui/copy";
import { confirm_dialog } from "../ui/dialog";
import { ObjectLink } from "../ui/link";
import { Empty, Failed, Loading } from "../ui/state";
import { StatusMark } from "../ui/status";
import { toast } from "../ui/toast";
import { reader } from "./model/cells";
import { duration_text } from "./model/quantity";
import { ListHead } from "./parts/list_head";
import { Part, SmallTable } from "./parts/parts";
import { newly_seen, TTLS, type Made, type Token } from "./join/tokens";
import "./join/join.css";

const TOKENS = "/ui/v1/tokens";
const KNOWN_SHOWN = 10; // of the nodes that were there before

export default function Join() {
  return (
    <>
      <ListHead title="Add a machine" />
      {is_admin() ? (
        <Adding />
      ) : (
        <Empty teach="appliance token create">
          Only administrators may make tokens. Ask one for a command, or run this on a server.
        </Empty>
      )}
    </>
  );
}

function Adding() {
  const [made, set_made] = useState<Made | null>(null);
  const [tokens, set_tokens] = useState<Token[] | null>(null);
  const [error, set_error] = useState<unknown>(null);
  const load = () => void request("GET", TOKENS).then((answer) => set_tokens(answer.tokens), set_error);
  useEffect(load, []);
  return (
    <div class="join-page">
      <Part title="1. A command for the machine">
        <Make
          made={(one) => {
            set_made(one);
            load();
          }}
        />
        {made && <Command made={made} />}
      </Part>
      <Part title="2. Run it there as root">
        <p class="muted">
          The machine needs the same <code>appliance</code> executable and a way to this server. It appears below by
          itself.
        </p>
        <Arrivals />
      </Part>
      <Part title="Tokens">
        {!!error && <Failed error={error} retry={load} />}
        {!tokens && !error && <Loading lines={2} />}
        {tokens && <Tokens tokens={tokens} changed={load} />}
      </Part>
    </div>
  );
}

function Make({ made }: { made: (one: Made) => void }) {
  const [ttl, set_ttl] = useState("24h");
  const [description, set_description] = useState("");
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<unknown>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    set_busy(true);
    set_error(null);
    request<Made>("POST", TOKENS, { body: { ttl, description } })
      .then(made, set_error)
      .finally(() => set_busy(false));
  };
  return (
    <form class="join-form" onSubmit={submit}>
      <label class="field">
        <span>Good for</span>
        <select value={ttl} onChange={(event) => set_ttl(event.currentTarget.value)}>
          {TTLS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="field grow">
        <span>What for (shown in the list below)</span>
        <input
          value={description}
          maxLength={256}
          placeholder="rack 4"
          onInput={(event) => set_description(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={busy}>
        Make a command
      </button>
      {!!error && <Failed error={error} />}
    </form>
  );
}

// The token is shown while the page is open, and kept nowhere.
function Command({ made }: { made: Made }) {
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => field.current?.focus(), [made]);
  return (
    <div class="join-command" tabIndex={-1} ref={field} role="group" aria-label="The command">
      <code>{made.command}</code>
      <Copy text={made.command} label="Copy the command" />
      <p class="muted">It joins any number of machines until it ends, and is shown only now.</p>
    </div>
  );
}

function Arrivals() {
  const nodes = useCollection({ kind: "nodes" });
  nodes.version.value;
  const before = useRef<Set<string> | null>(null);
  if (nodes.synced && !before.current) before.current = new Set(nodes.rows.keys());
  const rows = newly_seen([...nodes.rows.values()], before.current);
  const status = reader(nodes.columns);
  return (
    <>
      <p role="status">
        {rows.fresh.length === 0
          ? "Waiting for a machine…"
          : `${rows.fresh.length} ${rows.fresh.length === 1 ? "machine has" : "machines have"} joined.`}
      </p>
      <ul class="join-nodes" role="list" aria-label="Nodes">
        {[...rows.fresh, ...rows.known.slice(0, KNOWN_SHOWN)].map((row) => (
          <li key={row.u} class={rows.fresh.includes(row) ? "fresh" : undefined}>
            <ObjectLink kind="nodes" name={row.n} />
            <StatusMark severity={row.v} word={status(row, "Status")} />
            {rows.fresh.includes(row) && <b>new</b>}
            <span class="muted">
              <Age t={row.t} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Tokens({ tokens, changed }: { tokens: Token[]; changed: () => void }) {
  if (!tokens.length) return <Empty teach="appliance token create">No token is open: nobody can join.</Empty>;
  const revoke = async (one: Token) => {
    const body = "No machine can join with it any more. Those that did stay.";
    if (!(await confirm_dialog({ title: `Revoke token ${one.id}`, body, verb: "Revoke", danger: true }))) return;
    request("DELETE", TOKENS, { query: { id: one.id } }).then(changed, (error: Error) =>
      toast({ kind: "error", text: error.message }),
    );
  };
  const left = (one: Token) => Math.round(Date.parse(one.expires) / 1000 - now.value);
  return (
    <SmallTable
      label="Tokens"
      columns={["Token", "Role", "For", "Ends in", ""]}
      rows={tokens.map((one) => ({
        key: one.id,
        cells: [
          one.id,
          one.role,
          one.description,
          one.expired || left(one) <= 0 ? <StatusMark severity={1} word="Ended" /> : duration_text(left(one)),
          <button type="button" aria-label={`Revoke token ${one.id}`} onClick={() => void revoke(one)}>
            Revoke
          </button>,
        ],
      }))}
    />
  );
}
