#include "orchestrator/apiserver/bootstrap.h"

#include "orchestrator/apiserver/allocator.h"

namespace appliance::orchestrator::apiserver {
namespace {

Result<> create_missing(client::Client& client, std::string_view resource, std::string_view ns,
                        const json::Value& object) {
  // Asked first: a Service of ours that exists would be refused for its own address.
  if (client.get(resource, {std::string(ns), std::string(json::string_at(object, {"metadata", "name"}))})) return {};
  auto made = client.create(resource, ns, object);
  if (made || made.error().code == Code::kAlreadyExists) return {};
  return fail(made.error().wrap("bootstrap " + std::string(resource) + ' ' +
                                std::string(json::string_at(object, {"metadata", "name"}))));
}

json::Object metadata(std::string_view name) { return {{"name", name}}; }

json::Value kubernetes_service(const std::string& ip, int port) {
  json::Object meta{{"name", "kubernetes"},
                    {"namespace", "default"},
                    {"labels", json::Object{{"component", "apiserver"}, {"provider", "kubernetes"}}}};
  json::Object https{{"name", "https"}, {"protocol", "TCP"}, {"port", 443}, {"targetPort", port}};
  return json::Object{{"apiVersion", "v1"},
                      {"kind", "Service"},
                      {"metadata", std::move(meta)},
                      {"spec", json::Object{{"type", "ClusterIP"},
                                            {"clusterIP", ip},
                                            {"clusterIPs", json::Array{json::Value(ip)}},
                                            {"ports", json::Array{std::move(https)}},
                                            {"sessionAffinity", "None"}}}};
}

json::Value kubernetes_endpoints(const Options& options) {
  json::Object subset{
      {"addresses", json::Array{json::Object{{"ip", options.advertise_address}}}},
      {"ports", json::Array{json::Object{{"name", "https"}, {"port", options.advertise_port}, {"protocol", "TCP"}}}}};
  json::Object meta{{"name", "kubernetes"},
                    {"namespace", "default"},
                    {"labels", json::Object{{"endpointslice.kubernetes.io/skip-mirror", "true"}}}};
  return json::Object{{"apiVersion", "v1"},
                      {"kind", "Endpoints"},
                      {"metadata", std::move(meta)},
                      {"subsets", json::Array{std::move(subset)}}};
}

json::Value kubernetes_slice(const Options& options) {
  json::Object meta{{"name", "kubernetes"},
                    {"namespace", "default"},
                    {"labels", json::Object{{"kubernetes.io/service-name", "kubernetes"}}}};
  json::Object endpoint{{"addresses", json::Array{json::Value(options.advertise_address)}},
                        {"conditions", json::Object{{"ready", true}}}};
  return json::Object{
      {"apiVersion", "discovery.k8s.io/v1"},
      {"kind", "EndpointSlice"},
      {"metadata", std::move(meta)},
      {"addressType", "IPv4"},
      {"endpoints", json::Array{std::move(endpoint)}},
      {"ports", json::Array{json::Object{{"name", "https"}, {"port", options.advertise_port}, {"protocol", "TCP"}}}}};
}

// Creates, or replaces what differs: the address and port of this server may change over a restart.
Result<> put(client::Client& client, std::string_view resource, const json::Value& object) {
  auto made = client.create(resource, "default", object);
  if (made) return {};
  if (made.error().code != Code::kAlreadyExists) return fail(made.error().wrap("bootstrap " + std::string(resource)));
  auto updated =
      client.update(resource, {"default", std::string(json::string_at(object, {"metadata", "name"}))}, object);
  if (!updated) return fail(updated.error().wrap("bootstrap " + std::string(resource)));
  return {};
}

}  // namespace

Result<> bootstrap_objects(client::Client& client, const Options& options) {
  for (const std::string_view name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    TRY(create_missing(client, "namespaces", "",
                       json::Object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", metadata(name)}}));
  }
  const Ipv4Block block = TRY(parse_ipv4_block(options.service_cidr));
  TRY(create_missing(client, "services", "default",
                     kubernetes_service(format_ipv4(block.base + 1), options.advertise_port)));
  TRY(put(client, "endpoints", kubernetes_endpoints(options)));
  TRY(put(client, "endpointslices.discovery.k8s.io", kubernetes_slice(options)));
  return {};
}

}  // namespace appliance::orchestrator::apiserver
