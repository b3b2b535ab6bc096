export default function Objects() {
  return <p>Not built yet.</p>;
}
