// The way of a service as a picture: service, endpoint slices, pods, nodes. The table below it tells the same.
import { useMemo } from "preact/hooks";
import type { Row } from "../../live/protocol";
import { open_url } from "../../router";
import { object_href } from "../../ui/link";
import { BOX, layout, type Placed } from "../model/graph";
import { graph_of, PODS_SHOWN, type Endpoint } from "../model/service_graph";
import { Part } from "../parts/parts";

const TITLE_MAX = 22; // characters that a box holds
const MARGIN = 4; // px, for outlines of focus

// The end of a name tells more than its middle: "offer-mailer-…-4c74f".
export function shorten(text: string, most = TITLE_MAX): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  return letters.slice(0, most - 9).join("") + "…" + letters.slice(-8).join("");
}

export function ServicePicture({ service, endpoints }: { service: Row; endpoints: Endpoint[] }) {
  const drawn = useMemo(() => {
    const { nodes, edges } = graph_of(service, endpoints);
    return layout(nodes, edges);
  }, [service, endpoints]);
  const hidden = endpoints.length - PODS_SHOWN;
  return (
    <Part
      class="picture"
      title="Where it leads"
      note={hidden > 0 ? `${PODS_SHOWN} of ${endpoints.length} endpoints, those that are not ready first` : undefined}
    >
      <div class="picture-scroll" tabIndex={0} role="region" aria-label="Picture: service, slices, pods, nodes">
        <svg
          width={drawn.width + 2 * MARGIN}
          height={drawn.height + 2 * MARGIN}
          viewBox={`${-MARGIN} ${-MARGIN} ${drawn.width + 2 * MARGIN} ${drawn.height + 2 * MARGIN}`}
        >
          {drawn.edges.map((edge) => (
            <path key={edge.key} class={edge.broken ? "edge broken" : "edge"} d={edge.path} />
          ))}
          {drawn.nodes.map((node) => (
            <Box key={node.id} node={node} />
          ))}
        </svg>
      </div>
    </Part>
  );
}

function Box({ node }: { node: Placed }) {
  const body = (
    <>
      <title>{`${node.title}: ${node.note}`}</title>
      <rect width={BOX.width} height={BOX.height} rx={6} />
      <text x={12} y={20} class="box-title">
        {shorten(node.title)}
      </text>
      <text x={12} y={37} class="box-note">
        {shorten(node.note, 28)}
      </text>
    </>
  );
  const link = node.object && object_href(node.object[0], node.object[1] || undefined, node.object[2]);
  return (
    <g class={`box s${node.severity}`} transform={`translate(${node.x} ${node.y})`}>
      {link ? (
        <a href={link} onClick={(event) => follow(event, link)}>
          {body}
        </a>
      ) : (
        body
      )}
    </g>
  );
}

// Links of pictures are no HTML links: the page's listener leaves them alone.
function follow(event: MouseEvent, link: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open_url(link);
}
