// One object of any kind: its metadata, what it holds, its events. Values of a secret come when they are asked for.
import { kubectl } from "../../api/kubectl";
import type { Resource } from "../../api/discovery";
import { path_of, request } from "../../api/request";
import { useCollection } from "../../live/collection";
import { href } from "../../router";
import { Actions } from "../../ui/actions";
import { Age } from "../../ui/age";
import { Failed, Loading } from "../../ui/state";
import { seconds_of, type Obj } from "../model/types";
import { Conditions } from "../parts/conditions";
import { EventsPart } from "../parts/events";
import { Gone } from "../parts/gone";
import { useObject, useRow } from "../parts/live";
import { OwnerChain } from "../parts/owners";
import { Facts, Head, Labels, Part } from "../parts/parts";
import { ConfigData, SecretKeys } from "./data";
import { Inside } from "./inside";
import { kind_of_resource } from "./list";

const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

interface ObjectProps {
  resource: Resource;
  ns?: string;
  name: string;
}

export function ObjectPage({ resource, ns, name }: ObjectProps) {
  const kind = kind_of_resource(resource);
  const { row, gone, error: refused } = useRow(resource.plural, resource.group, ns, name);
  const path = path_of({ group: resource.group, version: resource.version, kind: resource.plural, ns, name });
  const secret = resource.plural === "secrets";
  const { object, error, reload } = useObject<Obj>(path, row, secret ? METADATA : undefined);
  const events = useCollection(object ? { kind: "events", ns, about: object.metadata.uid } : null);
  return (
    <article>
      <Head
        crumbs={[{ label: kind.title, href: href("objects", [resource.plural]) }]}
        one={kind.one}
        name={name}
        ns={ns}
        severity={row?.v}
        status={row?.d ? "being deleted" : row?.x?.phase}
        why={row?.w}
      >
        {!gone && <Actions kind={resource.plural} group={resource.group} ns={ns} name={name} row={row} />}
      </Head>
      {gone && object && <Gone one={kind.one} />}
      {!object && error && <Failed error={error} retry={reload} />}
      {!object && !error && refused && <Failed error={refused} />}
      {!object && !error && !refused && <Loading lines={6} />}
      {object && (
        <>
          <Part title="Facts">
            <Metadata object={object} one={kind.one} plural={resource.plural} type={row?.x?.type} />
          </Part>
          {resource.plural === "configmaps" && <ConfigData object={object} />}
          {secret && (
            <SecretKeys keys={row?.x?.keys ?? []} fetch={async () => (await request<Obj>("GET", path)).data ?? {}} />
          )}
          {resource.plural === "namespaces" && <Inside ns={name} />}
          {object.status?.conditions && (
            <Part title="Conditions">
              <Conditions list={object.status.conditions} />
            </Part>
          )}
          <Part title="Events">
            <EventsPart
              events={events}
              teach={kubectl("events", ...(ns ? ["-n", ns] : []), "--for", `${kind.one}/${name}`)}
            />
          </Part>
        </>
      )}
    </article>
  );
}

interface MetadataProps {
  object: Obj;
  one: string;
  plural: string;
  type?: string;
}
function Metadata({ object, one, plural, type }: MetadataProps) {
  const { metadata } = object;
  const annotations = Object.entries(metadata.annotations ?? {});
  return (
    <>
      <Facts
        items={[
          ["Age", <Age t={seconds_of(metadata.creationTimestamp)} />],
          ["Type", type],
          ["Made by", metadata.ownerReferences?.length && <OwnerChain object={object} one={one} />],
          ["Finalizers", metadata.finalizers?.join(", ")],
          ["Labels", metadata.labels && <Labels labels={metadata.labels} page={["objects", plural]} />],
        ]}
      />
      {annotations.length > 0 && (
        <details class="annotations">
          <summary>Annotations ({annotations.length})</summary>
          <Facts
            items={annotations.map(([key, value]) => [
              key,
              <span class="words">
                <bdi>{value}</bdi>
              </span>,
            ])}
          />
        </details>
      )}
    </>
  );
}
