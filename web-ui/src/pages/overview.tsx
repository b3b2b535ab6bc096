export default function Overview() {
  return <p>Not built yet.</p>;
}
