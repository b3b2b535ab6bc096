// One container: how it is, why it ended the last time, what it runs, asks for, is probed by, and sees.
import { Age } from "../../ui/age";
import { Copy } from "../../ui/copy";
import { logs_href, ObjectLink, shell_href } from "../../ui/link";
import { StatusMark } from "../../ui/status";
import { ports_text, resources_text, state_text, type ContainerView } from "../model/container";
import { env_of } from "../model/env";
import { exit_text } from "../model/exits";
import { probes_text } from "../model/probe";
import { seconds_of, type Container, type Pod } from "../model/types";
import { Facts, SmallTable } from "../parts/parts";

export function ContainerCard({ pod, one }: { pod: Pod; one: ContainerView }) {
  const { spec, status } = one;
  const state = state_text(status, one.init);
  return (
    <section class="container-card" aria-label={`${one.role} ${spec.name}`}>
      <div class="card-head">
        <h3>
          <bdi>{spec.name}</bdi> {one.init && <span class="muted">{one.role}</span>}
        </h3>
        <StatusMark severity={state.severity} word={state.word} />
        {state.since > 0 && (
          <span class="muted">
            for <Age t={state.since} />
          </span>
        )}
        <Doors pod={pod} one={one} />
      </div>
      <Facts
        lines
        items={[
          ["Image", <Image spec={spec} />],
          ["Restarts", <Restarts one={one} />],
          ["Command", [...(spec.command ?? []), ...(spec.args ?? [])].join(" ")],
          ["Ports", ports_text(spec)],
          ["Resources", resources_text(spec) || <span class="muted">asks for nothing, limited by nothing</span>],
          ...probes_text(spec),
        ]}
      />
      <Environment ns={pod.metadata.namespace} spec={spec} />
      <Mounts spec={spec} />
    </section>
  );
}

function Doors({ pod, one }: { pod: Pod; one: ContainerView }) {
  const { namespace: ns = "", name } = pod.metadata;
  const container = one.spec.name;
  return (
    <div class="actions">
      <a class="button small" href={logs_href(ns, name, { container })} aria-label={`Logs of ${container}`}>
        Logs
      </a>
      {(one.status?.restartCount ?? 0) > 0 && (
        <a
          class="button small"
          href={logs_href(ns, name, { container, previous: "1" })}
          aria-label={`Logs of ${container} before its last end`}
        >
          Before its last end
        </a>
      )}
      {one.status?.state?.running && (
        <a class="button small" href={shell_href(ns, name, { container })} aria-label={`Shell in ${container}`}>
          Shell
        </a>
      )}
    </div>
  );
}

const Image = ({ spec }: { spec: Container }) => (
  <>
    <code>
      <bdi>{spec.image ?? ""}</bdi>
    </code>{" "}
    <Copy text={spec.image ?? ""} label={`Copy the image of ${spec.name}`} />
  </>
);

function Restarts({ one }: { one: ContainerView }) {
  const end = one.status?.lastState?.terminated;
  const count = one.status?.restartCount ?? 0;
  if (!end) return <>{count}</>;
  return (
    <>
      {count}; the last end: {exit_text(end)}
      {end.finishedAt && (
        <>
          , <Age t={seconds_of(end.finishedAt)} /> ago
        </>
      )}
      {end.message && (
        <span class="words">
          <bdi>{end.message}</bdi>
        </span>
      )}
    </>
  );
}

function Environment({ ns, spec }: { ns?: string; spec: Container }) {
  const env = env_of(spec);
  if (!env.length) return null;
  return (
    <details>
      <summary>Environment ({env.length})</summary>
      <SmallTable
        label={`Environment of ${spec.name}`}
        columns={["Name", "Value"]}
        rows={env.map((one, index) => ({
          key: `${index}`,
          cells: [
            <code>
              <bdi>{one.name}</bdi>
            </code>,
            one.ref ? (
              <ObjectLink kind={one.ref.kind} ns={ns} name={one.ref.name}>
                <bdi>{one.from}</bdi>
              </ObjectLink>
            ) : (
              <span class="words">
                <bdi>{one.value || one.from}</bdi>
              </span>
            ),
          ],
        }))}
      />
    </details>
  );
}

function Mounts({ spec }: { spec: Container }) {
  const mounts = spec.volumeMounts ?? [];
  if (!mounts.length) return null;
  return (
    <details>
      <summary>Mounts ({mounts.length})</summary>
      <SmallTable
        label={`Mounts of ${spec.name}`}
        columns={["Path", "Volume", "Access"]}
        rows={mounts.map((one) => ({
          key: one.mountPath,
          cells: [
            <code>
              <bdi>{one.mountPath}</bdi>
            </code>,
            one.subPath ? `${one.name}, ${one.subPath} of it` : one.name,
            one.readOnly ? "read only" : "read and write",
          ],
        }))}
      />
    </details>
  );
}
