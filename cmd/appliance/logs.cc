// appliance logs: kubectl's arguments for one pod.
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

// "5m", "1h30m", "10s" -> seconds.
std::optional<int64_t> duration_seconds(std::string_view text) {
  int64_t total = 0;
  while (!text.empty()) {
    const size_t digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const auto n = base::parse_int<int64_t>(text.substr(0, digits));
    const char unit = text[digits];
    if (!n || (unit != 's' && unit != 'm' && unit != 'h')) return std::nullopt;
    total += *n * (unit == 's' ? 1 : unit == 'm' ? 60 : 3600);
    text.remove_prefix(digits + 1);
  }
  return total;
}

}  // namespace

int logs(Argv argv) {
  std::string pod;
  std::string ns = "default";
  std::string container;
  std::string since;
  int tail = -1;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  Args args("logs", "prints a container's log, as kubectl logs",
            {"appliance logs web", "appliance logs -f web -c app --tail 20"});
  args.positional("POD", pod, "the pod");
  args.option("-n,--namespace", ns, "namespace (default)");
  args.option("-c,--container", container, "which container");
  args.flag("-f,--follow", follow, "go on with what is written");
  args.flag("-p,--previous", previous, "of the run before this one");
  args.flag("--timestamps", timestamps, "with the time of each line");
  args.option("--tail", tail, "only so many lines from the end");
  args.option("--since", since, "only what is younger: 10s, 5m, 1h");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = target.config();
  if (!config) return report("logs", config.error());
  const auto kind = find_resource("pods");
  if (!kind) return report(kind.error());
  if (pod.starts_with("pod/")) pod.erase(0, 4);
  std::string path = resource_path(**kind, ns, pod, "log") + "?follow=" + (follow ? "true" : "false");
  if (previous) path += "&previous=true";
  if (timestamps) path += "&timestamps=true";
  if (tail >= 0) path += "&tailLines=" + std::to_string(tail);
  if (!container.empty()) path += "&container=" + base::percent_encode(container);
  if (!since.empty()) {
    const auto seconds = duration_seconds(since);
    if (!seconds) return usage_error("logs", "--since \"" + since + "\": must be a time such as 10s, 5m or 1h");
    path += "&sinceSeconds=" + std::to_string(*seconds);
  }
  ControlClient client(*config);
  std::string refusal;
  net::http::ClientRequest request{.method = "GET", .path = path};
  request.on_data = [&](const net::http::Response& head, std::string_view piece) {
    if (head.status >= 400) {
      refusal += piece;
    } else {
      print(piece);
    }
    return true;
  };
  const auto reply = client.raw(std::move(request));
  if (!reply) return report("logs", reply.error());
  if (reply->status < 400) return kDone;
  const auto document = json::parse(refusal);
  return report(Error{.code = Code::kUnknown,
                      .message = document ? std::string(json::string_at(*document, {"message"}, refusal)) : refusal,
                      .errno_value = 0,
                      .hint = {}});
}

}  // namespace appliance::cmd
