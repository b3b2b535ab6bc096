export default function Network() {
  return <p>Not built yet.</p>;
}
