#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

std::vector<std::string> problems(std::string_view resource, std::string_view yaml_text) {
  return messages(validate(kind_of(resource), created(resource, yaml_text), nullptr));
}

// An update by merge patch: what the patched object's validation says.
std::vector<std::string> update_problems(std::string_view resource, std::string_view yaml_text,
                                         std::string_view change) {
  const Kind& kind = kind_of(resource);
  json::Value old = created(resource, yaml_text);
  json::Value changed = old;
  for (const auto& member : json_of(change).get_object()) changed.get_object()[member.key()] = member.value();
  prepare_update(kind, changed, old, "");
  return messages(validate(kind, changed, &old));
}

}  // namespace

TEST_CASE("validate: the ten lines of a bad pod, in order") {
  const auto errors = validate(kind_of("pods"), created("pods", R"(
metadata:
  name: Bad_Name
  namespace: kmx
  labels: {"a b": c}
spec:
  restartPolicy: Sometimes
  containers:
  - name: c
    ports: [{containerPort: 99999}]
    env: [{value: x}]
    volumeMounts: [{name: nov, mountPath: /x}]
    resources: {limits: {cpu: "1"}, requests: {cpu: "2"}}
  - name: c
    image: x
    imagePullPolicy: Maybe
)"),
                               nullptr);
  CHECK(
      messages(errors) ==
      std::vector<std::string>{
          R"(metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'))",
          R"(metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'))",
          "spec.containers[0].image: Required value",
          "spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
          "spec.containers[0].env[0].name: Required value",
          R"(spec.containers[0].volumeMounts[0].name: Not found: "nov")",
          R"(spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1)",
          R"(spec.containers[1].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never")",
          R"(spec.containers[1].name: Duplicate value: "c")",
          R"(spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never")"});
}

TEST_CASE("validate: a full pod is fine") {
  CHECK(problems("pods", R"(
metadata: {name: full, namespace: default, labels: {app: full}}
spec:
  initContainers:
  - {name: init, image: "example.test/init:2", command: [sh, -c, "true"]}
  - {name: side, image: example.test/side, restartPolicy: Always, startupProbe: {exec: {command: ["true"]}}}
  containers:
  - name: main
    image: example.test/app
    ports: [{name: m, containerPort: 8080}, {name: u, containerPort: 9090, protocol: UDP}]
    livenessProbe: {httpGet: {path: /live, port: 8080}, initialDelaySeconds: 3}
    readinessProbe: {tcpSocket: {port: m}}
    env:
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: CM, valueFrom: {configMapKeyRef: {name: app-cfg, key: color, optional: true}}}
    envFrom: [{secretRef: {name: sec, optional: true}}]
    volumeMounts: [{name: data, mountPath: /data}, {name: cfg, mountPath: /cfg, readOnly: true}]
  volumes:
  - name: data
  - {name: cfg, configMap: {name: app-cfg}}
  - {name: host, hostPath: {path: /var/log}}
  - {name: proj, projected: {sources: [{downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.name}}]}}]}}
  nodeSelector: {disk: ssd}
  tolerations: [{key: k, operator: Exists}]
)")
            .empty());
}

TEST_CASE("validate: deployments: selector, strategy, immutability") {
  const std::string_view fine = R"(
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}
)";
  CHECK(problems("deployments.apps", fine).empty());
  CHECK(
      problems("deployments.apps", R"(
metadata: {name: web, namespace: default}
spec:
  strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: other}}, spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}
)") ==
      std::vector<std::string>{
          R"(spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`)",
          R"(spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always")",
          "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"});
  const auto changed = update_problems("deployments.apps", fine, R"({"spec":{"selector":{"matchLabels":{"app":"zz"}},
      "template":{"metadata":{"labels":{"app":"zz"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}})");
  CHECK(changed ==
        std::vector<std::string>{R"(spec.selector: Invalid value: {"matchLabels":{"app":"zz"}}: field is immutable)"});
}

TEST_CASE("validate: secrets need the keys of their type") {
  const Kind& kind = kind_of("secrets");
  const auto errors = validate(
      kind, created("secrets", "metadata: {name: badtls, namespace: d}\ntype: kubernetes.io/tls\nstringData: {x: z}\n"),
      nullptr);
  const auto error = invalid(kind, "badtls", errors);
  CHECK(error.message ==
        R"(Secret "badtls" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value])");
  CHECK(error.code == 422);
  CHECK(error.kind == "Secret");
  REQUIRE(error.causes.size() == 2);
  CHECK(error.causes[0].reason == "FieldValueRequired");
  CHECK(error.causes[0].field == "data[tls.crt]");
}

TEST_CASE("validate: immutable config maps and finalizers of dying objects") {
  CHECK(update_problems("configmaps", "metadata: {name: a, namespace: d}\nimmutable: true\ndata: {a: b}\n",
                        R"({"data":{"a":"c"}})") ==
        std::vector<std::string>{"data: Forbidden: field is immutable when `immutable` is set"});
  const Kind& kind = kind_of("configmaps");
  json::Value old = created("configmaps", "metadata: {name: a, namespace: d, finalizers: [example.com/hold]}\n");
  old.at("metadata").get_object()["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  json::Value next = old;
  next.at("metadata").at("finalizers").get_array().emplace_back("example.com/more");
  CHECK(
      messages(validate(kind, next, &old)) ==
      std::vector<std::string>{
          R"(metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"})"});
}

TEST_CASE("validate: services: ports, names, addresses that may not change") {
  CHECK(problems("services", "metadata: {name: web, namespace: d}\nspec: {selector: {app: web}}\n") ==
        std::vector<std::string>{"spec.ports: Required value"});
  CHECK(problems("services", "metadata: {name: web, namespace: d}\nspec: {ports: [{port: 80}, {port: 81}]}\n") ==
        std::vector<std::string>{"spec.ports[0].name: Required value", "spec.ports[1].name: Required value"});
  CHECK(
      problems("services", "metadata: {name: web, namespace: d}\nspec: {type: Odd, ports: [{port: 80}]}\n") ==
      std::vector<std::string>{
          R"(spec.type: Unsupported value: "Odd": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort")"});
  CHECK(problems("services", "metadata: {name: 1web, namespace: d}\nspec: {ports: [{port: 80}]}\n").size() == 1);
  CHECK(
      update_problems(
          "services", "metadata: {name: web, namespace: d}\nspec: {clusterIP: 10.96.0.9, ports: [{port: 80}]}\n",
          R"({"spec":{"clusterIP":"10.96.250.250","clusterIPs":["10.96.250.250"],"type":"ClusterIP","ports":[{"port":80}]}})") ==
      std::vector<std::string>{R"(spec.clusterIPs[0]: Invalid value: ["10.96.250.250"]: may not change once set)"});
}

TEST_CASE("validate: a pod's spec may change in a few fields only") {
  const std::string_view pod = "metadata: {name: p1, namespace: d}\nspec: {containers: [{name: c, image: x}]}\n";
  const auto errors =
      update_problems("pods", pod, R"({"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}})");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].find(
            "spec: Forbidden: pod updates may not change fields other than "
            "`spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n") == 0);
  CHECK(update_problems("pods", pod, R"({"spec":{"containers":[{"name":"c","image":"y","imagePullPolicy":"Always"}]}})")
            .empty());
}

TEST_CASE("validate: ephemeral containers are added through their subresource only") {
  const Kind& kind = kind_of("pods");
  const json::Value old =
      created("pods", "metadata: {name: p1, namespace: d}\nspec: {containers: [{name: c, image: x}]}\n");
  json::Value next = old;
  next.at("spec").get_object()["ephemeralContainers"] =
      json_of(R"([{"name":"dbg","image":"x","imagePullPolicy":"Always","terminationMessagePolicy":"File"}])");
  CHECK(messages(validate(kind, next, &old)).size() == 1);
  CHECK(messages(validate(kind, next, &old, "ephemeralcontainers")).empty());
}

TEST_CASE("validate: hundreds of thousands of errors are cut, and unknown fields are pruned in one pass") {
  std::string body =
      R"({"metadata":{"name":"p","namespace":"d"},"spec":{"containers":[{"name":"c","image":"x","ports":[)";
  for (int i = 0; i < 50000; ++i)
    body += (i == 0 ? "" : ",") + std::string(R"({"containerPort":99999,"protocol":"Odd"})");
  body += "]}]}";
  for (int i = 0; i < 50000; ++i) body += ",\"u" + std::to_string(i) + "\":1";
  const Kind& kind = kind_of("pods");
  auto decoded = decode(kind, body + "}", "application/json", FieldValidation::kIgnore);
  REQUIRE(decoded.has_value());
  CHECK(decoded->object.get_object().size() == 4);
  const auto errors = validate(kind, decoded->object, nullptr);
  CHECK(errors.size() > 100000);
  const auto error = invalid(kind, "p", errors);
  CHECK(error.causes.size() == 500);
  CHECK(error.message.ends_with(" more]"));
}

TEST_CASE("validate: enumerations of the schema that no rule names are checked too") {
  CHECK(problems(
            "pods",
            "metadata: {name: p, namespace: d}\nspec: {preemptionPolicy: Odd, containers: [{name: c, image: x}]}\n") ==
        std::vector<std::string>{
            R"(spec.preemptionPolicy: Unsupported value: "Odd": supported values: "Never", "PreemptLowerPriority")"});
}
