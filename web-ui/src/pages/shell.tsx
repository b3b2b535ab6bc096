export default function Shell() {
  return <p>Not built yet.</p>;
}
