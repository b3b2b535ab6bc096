export default function Workloads() {
  return <p>Not built yet.</p>;
}
