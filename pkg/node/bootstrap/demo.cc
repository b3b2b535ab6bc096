#include "node/bootstrap/demo.h"

#include "base/yaml/yaml.h"

namespace appliance::node {
namespace {

constexpr std::string_view kDeployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata:
  name: demo
  namespace: default
  labels: {app: demo}
spec:
  replicas: 2
  selector:
    matchLabels: {app: demo}
  template:
    metadata:
      labels: {app: demo}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: web
        image: appliance/demo
        imagePullPolicy: IfNotPresent
        ports:
        - {name: http, containerPort: 8080}
        env:
        - name: POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        - name: NODE_NAME
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        readinessProbe:
          httpGet: {path: /healthz, port: http}
          periodSeconds: 5
        resources:
          requests: {cpu: 10m, memory: 16Mi}
          limits: {memory: 64Mi}
)";

constexpr std::string_view kService = R"(
apiVersion: v1
kind: Service
metadata:
  name: demo
  namespace: default
  labels: {app: demo}
spec:
  type: NodePort
  selector: {app: demo}
  ports:
  - {name: http, port: 80, targetPort: http, nodePort: 30080}
)";

json::Value literal(std::string_view text) {
  auto document = yaml::parse(text);
  return document ? *std::move(document) : json::Value(nullptr);  // the test parses both
}

}  // namespace

json::Value demo_deployment() { return literal(kDeployment); }
json::Value demo_service() { return literal(kService); }

}  // namespace appliance::node
