export default function Nodes() {
  return <p>Not built yet.</p>;
}
