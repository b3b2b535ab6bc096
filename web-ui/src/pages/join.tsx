export default function Join() {
  return <p>Not built yet.</p>;
}
