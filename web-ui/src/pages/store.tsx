export default function Store() {
  return <p>Not built yet.</p>;
}
