// What the dashboard can do to objects. Every verb is one or a few calls of the Kubernetes API, as kubectl makes them; the
// kubectl_of_… text beside each does the same on a command line. Errors are StatusError with the server's Status.
//
//   await scale({kind: "deployments", ns: "default", name: "web"}, 3)
//   await drain("n1", {progress: (pods) => show(pods), signal: cancel.signal})
export { drain, plan_drain, pods_of_node, type DrainPod, type DrainRun } from "./drain";
export * from "./kubectl";
export { what_goes_too, type Going } from "./owned";
export { previous_of, revisions_of, undo, type Revision } from "./revisions";
export { one_of, type Target } from "./target";
export { cordon, evict, pause, remove, restart, resume, scale } from "./verbs";
