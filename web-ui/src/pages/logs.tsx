export default function Logs() {
  return <p>Not built yet.</p>;
}
