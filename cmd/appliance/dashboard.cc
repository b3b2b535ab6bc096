// appliance dashboard: asks the server for a link that is good once, prints it, and opens it where there is a desktop.
#include <unistd.h>

#include <cstdlib>

#include "base/crypto/x509.h"
#include "base/fs.h"
#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/dashboard_opener.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/bootstrap/kubeconfig_access.h"

namespace appliance::cmd {
namespace {

constexpr const char* kLinks = "/ui/v1/links";
constexpr std::chrono::milliseconds kLook{2000};  // to see whether an address answers on this machine

struct Link {
  std::string url;
  std::string expires;
  std::string as;       // who one will be there, in words
  std::string ca_pem;   // of the cluster
  std::string ca_file;  // where that is on this machine; "" = in `as`'s kubeconfig alone
};

// The node's own address is good from other machines too; a server may listen on fewer.
std::string base_url(const json::Value& status, const std::string& ca_pem) {
  const std::string api(json::string_at(status, {"api"}));
  const std::string address(json::string_at(status, {"address"}));
  const bool six = address.find(':') != std::string::npos;
  const std::string url = "https://" + (six ? '[' + address + ']' : address) + api.substr(api.rfind(':'));
  net::http::Client client({.base_url = url, .ca_pem = ca_pem, .connect_timeout = kLook, .read_timeout = kLook});
  return client.send({.method = "GET", .path = "/ui/"}) ? url : api;
}

Result<Link> over_control(const node::Config& config) {
  ControlClient client(config);
  const auto status = TRY(client.call("GET", "/control/status"));
  if (json::string_at(status, {"role"}) == "worker")
    return fail(
        Error{.code = Code::kFailedPrecondition,
              .message = "this machine is a worker of the cluster at " + std::string(json::string_at(status, {"api"})),
              .errno_value = 0,
              .hint = "run it on the server, or where a kubeconfig of the cluster is"});
  const json::Value nothing = json::Object{};
  const auto made = TRY(client.call("POST", kLinks, &nothing));
  const std::string ca_file = config.pki_dir() + "/ca.crt";
  const auto ca = TRY(base::read_file(ca_file));
  return Link{.url = base_url(status, ca) + std::string(json::string_at(made, {"path"})),
              .expires = std::string(json::string_at(made, {"expires"})),
              .as = "the administrator of the cluster",
              .ca_pem = ca,
              .ca_file = ca_file};
}

Result<Link> over_kubeconfig() {
  const auto target = TRY(node::kubeconfig_target());
  const auto access = TRY(node::kubeconfig_access(target.path));
  net::http::Client client({.base_url = access.server,
                            .ca_pem = access.ca_pem,
                            .certificate_pem = access.certificate_pem,
                            .key_pem = access.key_pem});
  net::http::ClientRequest request{.method = "POST", .path = kLinks, .body = "{}", .content_type = "application/json"};
  if (access.certificate_pem.empty()) request.headers.add("Authorization", "Bearer " + access.token);
  const auto reply = TRY(client.send(std::move(request)));
  const auto document = json::parse(reply.body);
  if (reply.status >= 400 || !document) {
    std::string message(document ? json::string_at(*document, {"message"}) : base::trim(reply.body));
    return fail(net::http::code_of_http(reply.status), access.server + ": " + message);
  }
  return Link{.url = access.server + std::string(json::string_at(*document, {"path"})),
              .expires = std::string(json::string_at(*document, {"expires"})),
              .as = "the user of context \"" + access.context + "\" in " + target.path,
              .ca_pem = access.ca_pem,
              .ca_file = {}};
}

// The server of this machine; for who may not ask it, and on other machines, the kubeconfig.
Result<Link> make_link(const node::Config& config, bool only_this_machine) {
  auto link = over_control(config);
  if (link || only_this_machine) return link;
  const bool not_here = link.error().code == Code::kUnavailable || link.error().code == Code::kFailedPrecondition ||
                        link.error().code == Code::kPermissionDenied;
  if (!not_here) return link;
  auto other = over_kubeconfig();
  if (!other && other.error().code == Code::kNotFound) return link;  // there is none: the first reason is the better
  return other;
}

std::string trust(const Link& link) {
  if (link.ca_pem.empty()) return "";
  std::string out = "Does the browser not trust the certificate? ";
  if (!link.ca_file.empty()) out += "Import " + link.ca_file + " as an authority, or compare: ";
  const auto facts = crypto::parse_certificate(link.ca_pem);
  return out + "the cluster's CA has SHA-256 " + (facts ? facts->sha256 : "?") + "\n";
}

json::Value document_of(const Link& link) {
  const auto facts = crypto::parse_certificate(link.ca_pem);
  return json::Object{{"url", link.url},
                      {"expires", link.expires},
                      {"ca", link.ca_file},
                      {"caSHA256", facts ? facts->sha256 : std::string()}};
}

}  // namespace

int dashboard(Argv argv) {
  if (argv.size() == 1 && argv[0] == kDashboardOpener) return dashboard_opener();
  bool no_open = false;
  std::string output;
  Args args("dashboard", "prints a link to the dashboard that is good once, for a minute, and opens it on a desktop",
            {"sudo appliance dashboard", "appliance dashboard --no-open"});
  args.flag("--no-open", no_open, "only print the link");
  args.option("-o,--output", output, "json or yaml; opens nothing");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (!output.empty() && output != "json" && output != "yaml")
    return usage_error("dashboard", "-o \"" + output + "\": must be json or yaml");
  const auto config = target.config();
  if (!config) return report("dashboard", config.error());
  const auto link = make_link(*config, args.given("--run-dir"));
  if (!link) return report("dashboard", link.error());
  if (!output.empty()) {
    print(output == "json" ? json::serialize_pretty(document_of(*link)) + '\n' : yaml::emit(document_of(*link)));
    return kDone;
  }
  print(link->url + '\n');
  std::fprintf(stderr, "good once, for 60 seconds; you are %s there, until you sign out or 12 hours without use\n%s",
               link->as.c_str(), trust(*link).c_str());
  if (no_open || !has_desktop()) return kDone;
  if (const auto opened = open_in_browser(link->url); !opened)
    std::fprintf(stderr, "not opened: %s\n", opened.error().message.c_str());
  return kDone;
}

}  // namespace appliance::cmd
