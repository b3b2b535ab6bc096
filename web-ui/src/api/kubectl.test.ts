import { describe, expect, it } from "vitest";
import * as k from "./kubectl";

const web = { kind: "deployments", ns: "default", name: "web" };

describe("kubectl texts", () => {
  it("name the kind as people type it, and the namespace", () => {
    expect(k.kubectl_of_scale(web, 3)).toBe("kubectl scale deployment/web -n default --replicas=3");
    expect(k.kubectl_of_restart(web)).toBe("kubectl rollout restart deployment/web -n default");
    expect(k.kubectl_of_undo(web)).toBe("kubectl rollout undo deployment/web -n default");
    expect(k.kubectl_of_undo(web, 2)).toBe("kubectl rollout undo deployment/web -n default --to-revision=2");
    expect(k.kubectl_of_cordon("n1", true)).toBe("kubectl cordon n1");
    expect(k.kubectl_of_cordon("n1", false)).toBe("kubectl uncordon n1");
    expect(k.kubectl_of_yaml({ kind: "nodes", name: "n1" })).toBe("kubectl get node n1 -o yaml");
    expect(k.kubectl_of_remove({ kind: "widgets", ns: "a", name: "b" })).toBe("kubectl delete widgets b -n a");
  });
  it("say how a delete and a drain are done", () => {
    const pod = { kind: "pods", ns: "default", name: "p" };
    expect(k.kubectl_of_remove(pod, { grace: 5 })).toBe("kubectl delete pod p -n default --grace-period=5");
    expect(k.kubectl_of_remove(pod, { force: true, grace: 5 })).toBe(
      "kubectl delete pod p -n default --force --grace-period=0",
    );
    expect(k.kubectl_of_drain("n1", { force: true, empty_dir: true, grace: 9 })).toBe(
      "kubectl drain n1 --ignore-daemonsets --delete-emptydir-data --force --grace-period=9",
    );
  });
  it("of logs follow the page", () => {
    const pod = { kind: "pods", ns: "default", name: "p" };
    expect(k.kubectl_of_logs(pod, { container: "c", since: "10m", timestamps: true, follow: true })).toBe(
      "kubectl logs p -n default -c c --since=10m --timestamps -f",
    );
    expect(k.kubectl_of_logs(pod, { container: "c", previous: true, follow: true })).toBe(
      "kubectl logs p -n default -c c --previous",
    );
    expect(k.kubectl_of_logs(web, { all: true })).toBe(
      "kubectl logs deployment/web -n default --all-containers --all-pods",
    );
  });
  it("of what comes from an address are quoted too", () => {
    expect(k.kubectl_of_create("a; rm -rf ~")).toBe("kubectl create -n 'a; rm -rf ~' -f -");
    expect(k.kubectl_of_list("pods", "$(id)")).toBe("kubectl get pods -n '$(id)'");
  });
  it("quote what a shell would take for its own", () => {
    expect(k.quote("it's; rm -rf /")).toBe(`'it'\\''s; rm -rf /'`);
    expect(k.kubectl_of_exec("default", "p", "c", ["sh", "-c", "echo $HOME"])).toBe(
      "kubectl exec -it p -n default -c c -- sh -c 'echo $HOME'",
    );
    expect(k.kubectl_of_evict({ kind: "pods", ns: "default", name: "p" })).toBe(
      `printf %s '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"default"}}' | ` +
        "kubectl create --raw /api/v1/namespaces/default/pods/p/eviction -f -",
    );
  });
});
