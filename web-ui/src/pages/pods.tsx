import { useCollection } from "../live/collection";

export default function Pods() {
  const pods = useCollection({ kind: "pods" });
  pods.version.value;
  return (
    <ul>
      {[...pods.rows.values()].slice(0, 50).map((row) => (
        <li key={row.u}>
          {row.s}/{row.n} {row.c.join(" ")} {row.w}
        </li>
      ))}
    </ul>
  );
}
