#include "node/config/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/fd.h"
#include "base/fs.h"
#include "base/json/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/yaml/yaml.h"

namespace appliance::node {
namespace {

Option text(std::string name, std::string Config::* member, std::string help) {
  return {.name = name,
          .help = std::move(help),
          .kind = Option::Kind::kText,
          .set = [member](Config& c, const std::string& v) -> Result<> {
            c.*member = v;
            return {};
          },
          .get = [member](const Config& c) { return c.*member; }};
}

Option number(std::string name, int Config::* member, int low, int high, std::string help) {
  return {.name = name,
          .help = std::move(help),
          .kind = Option::Kind::kInt,
          .set = [member, low, high, name](Config& c, const std::string& v) -> Result<> {
            const auto n = base::parse_int<int>(v);
            if (!n || *n < low || *n > high)
              return fail(Code::kInvalidArgument, name + ": \"" + v + "\" is not a number from " + std::to_string(low) +
                                                      " to " + std::to_string(high));
            c.*member = *n;
            return {};
          },
          .get = [member](const Config& c) { return std::to_string(c.*member); }};
}

// "40s", "5m", or plain seconds.
Option seconds(std::string name, int Config::* member, std::string help) {
  return {.name = name,
          .help = std::move(help),
          .kind = Option::Kind::kSeconds,
          .set = [member, name](Config& c, const std::string& v) -> Result<> {
            std::string_view digits = v;
            int unit = 1;
            if (digits.ends_with('s')) digits.remove_suffix(1);
            if (digits.ends_with('m')) {
              digits.remove_suffix(1);
              unit = 60;
            }
            const auto n = base::parse_int<int>(digits);
            if (!n || *n < 1 || *n > 86'400)
              return fail(Code::kInvalidArgument, name + ": \"" + v + "\" is not a time such as 40s or 5m");
            c.*member = *n * unit;
            return {};
          },
          .get = [member](const Config& c) { return std::to_string(c.*member) + "s"; }};
}

Option list(std::string name, std::vector<std::string> Config::* member, std::string help) {
  return {.name = name,
          .help = std::move(help),
          .kind = Option::Kind::kList,
          .set = [member](Config& c, const std::string& v) -> Result<> {
            for (const auto part : base::split(v, ','))
              if (!part.empty()) (c.*member).emplace_back(part);
            return {};
          },
          .get = [member](const Config& c) { return base::join(c.*member, ","); }};
}

Option flag(std::string name, bool Config::* member, std::string help) {
  return {.name = name,
          .help = std::move(help),
          .kind = Option::Kind::kBool,
          .set = [member, name](Config& c, const std::string& v) -> Result<> {
            if (v != "true" && v != "false" && v != "1" && v != "0")
              return fail(Code::kInvalidArgument, name + ": \"" + v + "\" is neither true nor false");
            c.*member = v == "true" || v == "1";
            return {};
          },
          .get = [member](const Config& c) { return c.*member ? "true" : "false"; }};
}

std::string env_name(std::string_view option) {
  std::string out = "APPLIANCE_";
  for (const char c : option) out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

// The address that packets to the outside leave from: a connected datagram socket asks the routing table, nothing is
// sent.
std::string default_route_address() {
  base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(0xC6336401);  // 198.51.100.1, a documentation address: stands for "somewhere else"
  sockaddr_in from{};
  socklen_t size = sizeof from;
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&from), &size) != 0)
    return "127.0.0.1";
  char buffer[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &from.sin_addr, buffer, sizeof buffer);
}

bool valid_node_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  return name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
}

Result<> check_address(const std::string& what, const std::string& address) {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) == 1) return {};
  return fail(Code::kInvalidArgument, what + ": \"" + address + "\" is not an IPv4 address");
}

Result<> check_cidr(const std::string& what, const std::string& cidr) {
  const auto slash = cidr.find('/');
  const auto bits = slash == std::string::npos ? std::nullopt : base::parse_int<int>(cidr.substr(slash + 1));
  if (!bits || *bits < 8 || *bits > 28)
    return fail(Code::kInvalidArgument, what + ": \"" + cidr + "\" is not a network such as 10.42.0.0/16 (/8 to /28)");
  return check_address(what, cidr.substr(0, slash));
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> kOptions = {
      text("data-dir", &Config::data_dir, "everything that lasts (/var/lib/appliance)"),
      text("run-dir", &Config::run_dir, "sockets and what a reboot forgets (/run/appliance)"),
      text("config", &Config::config, "configuration file: the same names as the flags (/etc/appliance/config.yaml)"),
      text("node-name", &Config::node_name, "name of this node (the host's name)"),
      text("node-ip", &Config::node_ip, "address of this node (the one of the default route)"),
      text("bind-address", &Config::bind_address, "address to listen on (0.0.0.0)"),
      number("https-listen-port", &Config::https_listen_port, 1, 65535, "port of the API (6443)"),
      number("store-client-port", &Config::store_client_port, 1, 65535,
             "port of the store's clients (2379; not yet served)"),
      number("store-peer-port", &Config::store_peer_port, 1, 65535, "port of the store's peers (2380; not yet served)"),
      number("kubelet-port", &Config::kubelet_port, 1, 65535, "port of the kubelet API (10250)"),
      text("cluster-cidr", &Config::cluster_cidr, "addresses of pods (10.42.0.0/16)"),
      text("service-cidr", &Config::service_cidr, "addresses of services (10.43.0.0/16)"),
      text("cluster-dns", &Config::cluster_dns, "address of the cluster's DNS (10.43.0.10)"),
      text("cluster-domain", &Config::cluster_domain, "DNS zone of the cluster (cluster.local)"),
      text("service-node-port-range", &Config::service_node_port_range, "ports for NodePort services (30000-32767)"),
      list("tls-san", &Config::tls_san, "more names and addresses in the API's certificate"),
      text("datastore-endpoint", &Config::datastore_endpoint, "an external etcd cluster (not yet)"),
      text("write-kubeconfig", &Config::write_kubeconfig, "write the kubeconfig here instead of merging it"),
      text("kubeconfig-mode", &Config::kubeconfig_mode, "mode of that file (0600)"),
      text("log-level", &Config::log_level, "debug, info, warn or error (info)"),
      text("log-format", &Config::log_format, "text or json (text)"),
      seconds("node-monitor-grace-period", &Config::node_monitor_grace_period_seconds,
              "a node silent for so long is NotReady (40s)"),
      seconds("default-unreachable-toleration-seconds", &Config::default_unreachable_toleration_seconds,
              "its pods are replaced after so long (300s)"),
      list("registry-mirror", &Config::registry_mirrors, "HOST=URL: try URL first for images of HOST"),
      flag("no-demo", &Config::no_demo, "do not deploy the demo"),
  };
  return kOptions;
}

std::string Config::cgroup_parent() const {
  if (run_dir == "/run/appliance") return "kubepods";
  char hash[17];
  std::snprintf(hash, sizeof hash, "%08x", static_cast<unsigned>(base::fnv1a64(run_dir)));
  return std::string("kubepods-") + hash;
}

Result<> apply_file(Config& config, const std::string& path, bool must_exist) {
  auto bytes = base::read_file(path);
  if (!bytes) {
    if (bytes.error().code == Code::kNotFound && !must_exist) return {};
    return fail(bytes.error());
  }
  if (base::trim(*bytes).empty()) return {};
  const auto document = TRY_CTX(yaml::parse(*bytes), path);
  if (document.is_null()) return {};
  if (!document.is_object()) return fail(Code::kInvalidArgument, path + ": must be a map of option: value");
  for (const auto& member : document.get_object()) {
    const std::string_view key = member.key();
    const Option* option = nullptr;
    for (const auto& o : options())
      if (o.name == key) option = &o;
    if (option == nullptr) return fail(Code::kInvalidArgument, path + ": " + std::string(key) + ": no such option");
    const auto set = [&](const json::Value& v) -> Result<> {
      const std::string value = v.is_string() ? std::string(v.get_string()) : json::serialize(v);
      TRY_CTX(option->set(config, value), path);
      return {};
    };
    if (const auto* array = member.value().if_array()) {
      for (const auto& element : *array) TRY(set(element));
    } else {
      TRY(set(member.value()));
    }
  }
  return {};
}

Result<> apply_environment(Config& config) {
  for (const auto& option : options()) {
    const auto name = env_name(option.name);
    if (const char* value = std::getenv(name.c_str()); value != nullptr && *value != '\0')
      TRY_CTX(option.set(config, value), name);
  }
  return {};
}

Result<> complete(Config& config) {
  if (config.node_name.empty()) {
    char name[256] = {};
    if (gethostname(name, sizeof name - 1) != 0) return fail_errno("gethostname");
    config.node_name = base::to_lower(name);
  }
  if (!valid_node_name(config.node_name))
    return fail(Code::kInvalidArgument,
                "node-name: \"" + config.node_name + "\" must consist of lower case letters, digits, '-' and '.'");
  if (config.node_ip.empty()) config.node_ip = default_route_address();
  TRY(check_address("node-ip", config.node_ip));
  TRY(check_address("bind-address", config.bind_address));
  TRY(check_address("cluster-dns", config.cluster_dns));
  TRY(check_cidr("cluster-cidr", config.cluster_cidr));
  TRY(check_cidr("service-cidr", config.service_cidr));
  TRY(base::parse_log_level(config.log_level));
  if (config.log_format != "text" && config.log_format != "json")
    return fail(Code::kInvalidArgument, "log-format: must be text or json");
  for (const auto* dir : {&config.data_dir, &config.run_dir})
    if (dir->empty() || dir->front() != '/')
      return fail(Code::kInvalidArgument, "\"" + *dir + "\": folders must be absolute paths");
  if (!config.datastore_endpoint.empty())
    return fail(Code::kUnimplemented, "datastore-endpoint: an external etcd is not supported yet");
  if (config.kubeconfig_mode.size() < 3 || config.kubeconfig_mode.size() > 4 ||
      config.kubeconfig_mode.find_first_not_of("01234567") != std::string::npos)
    return fail(Code::kInvalidArgument,
                "kubeconfig-mode: \"" + config.kubeconfig_mode + "\" is not an octal mode such as 0600");
  const auto range = base::split(config.service_node_port_range, '-');
  const auto low = range.size() == 2 ? base::parse_int<int>(range[0]) : std::nullopt;
  const auto high = range.size() == 2 ? base::parse_int<int>(range[1]) : std::nullopt;
  if (!low || !high || *low < 1 || *high > 65535 || *low > *high)
    return fail(Code::kInvalidArgument, "service-node-port-range: \"" + config.service_node_port_range +
                                            "\" is not a range such as 30000-32767");
  return {};
}

}  // namespace appliance::node
