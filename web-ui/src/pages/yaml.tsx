export default function Yaml() {
  return <p>Not built yet.</p>;
}
