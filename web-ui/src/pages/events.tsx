export default function Events() {
  return <p>Not built yet.</p>;
}
