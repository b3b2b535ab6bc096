// appliance delete: kubectl's arguments; waits until the objects are gone.
#include <poll.h>

#include "base/clock.h"
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/manifests.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

struct DeleteFlags {
  int grace = -1;
  bool force = false;
  bool now = false;
  bool ignore_not_found = false;
  std::string wait = "true";
  std::string cascade = "background";
};

struct Doomed {
  const orchestrator::api::Kind* kind;
  std::string ns;
  std::string name;
  std::string uid;
};

std::string label(const Doomed& d) { return type_label(*d.kind) + " \"" + d.name + '"'; }

// Follows a watch of the one object until it is gone; the server ends each watch after a minute, then we look again.
Result<> wait_gone(ControlClient& client, const Doomed& d) {
  for (;;) {
    const auto live = client.call("GET", resource_path(*d.kind, d.ns, d.name));
    if (!live) return live.error().code == Code::kNotFound ? Result<>() : fail(live.error());
    if (json::string_at(*live, {"metadata", "uid"}) != d.uid) return {};
    net::http::ClientRequest watch{
        .method = "GET",
        .path = resource_path(*d.kind, d.ns) + "?watch=1&timeoutSeconds=30&fieldSelector=metadata.name%3D" +
                base::percent_encode(d.name) +
                "&resourceVersion=" + std::string(json::string_at(*live, {"metadata", "resourceVersion"}))};
    std::string pending;
    bool gone = false;
    watch.on_data = [&](const net::http::Response&, std::string_view piece) {
      pending += piece;
      gone = gone || pending.find("\"type\":\"DELETED\"") != std::string::npos;
      if (const auto line = pending.rfind('\n'); line != std::string::npos) pending.erase(0, line + 1);
      return !gone;
    };
    const auto ended = client.raw(std::move(watch));
    if (gone) return {};
    if (!ended && ended.error().code != Code::kDeadlineExceeded && ended.error().code != Code::kCancelled)
      return fail(ended.error());
  }
}

Result<Doomed> remove_one(ControlClient& client, Doomed d, const DeleteFlags& flags) {
  json::Object options{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  options["propagationPolicy"] = flags.cascade == "orphan"       ? "Orphan"
                                 : flags.cascade == "foreground" ? "Foreground"
                                                                 : "Background";
  if (flags.now) options["gracePeriodSeconds"] = 1;
  if (flags.grace >= 0) options["gracePeriodSeconds"] = flags.grace;
  if (flags.force) options["gracePeriodSeconds"] = std::max(flags.grace, 0);
  const json::Value body = std::move(options);
  const auto live = TRY(client.call("GET", resource_path(*d.kind, d.ns, d.name)));
  d.uid = json::string_at(live, {"metadata", "uid"});
  TRY(client.call("DELETE", resource_path(*d.kind, d.ns, d.name), &body));
  return d;
}

}  // namespace

int remove(Argv argv) {
  std::vector<std::string> words;
  std::vector<std::string> files;
  std::string ns = "default";
  std::string labels;
  bool all = false;
  DeleteFlags flags;
  Args args("delete", "deletes objects, as kubectl delete",
            {"appliance delete pod web", "appliance delete -f web.yaml --wait=false"});
  args.rest("TYPE", words, "what to delete, then names: pod web; deploy/web");
  args.option("-f,--filename", files, "delete the objects of these files");
  args.option("-n,--namespace", ns, "namespace (default)");
  args.option("-l,--selector", labels, "label selector");
  args.flag("--all", all, "all of the type in the namespace");
  args.option("--grace-period", flags.grace, "seconds that pods get to end");
  args.flag("--force", flags.force, "at once, without waiting for the node to confirm");
  args.flag("--now", flags.now, "same as --grace-period=1");
  args.option("--wait", flags.wait, "wait until they are gone (true)");
  args.option("--cascade", flags.cascade, "background, foreground or orphan");
  args.flag("--ignore-not-found", flags.ignore_not_found, "absent is fine");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = target.config();
  if (!config) return report("delete", config.error());
  ControlClient client(*config);

  std::vector<Doomed> doomed;
  if (!files.empty()) {
    const auto manifests = read_manifests(files);
    if (!manifests) return report(manifests.error());
    for (const auto& m : *manifests) {
      const auto kind = find_resource(std::string(json::string_at(m.document, {"kind"})));
      if (!kind) return report(m.source, kind.error());
      doomed.push_back({*kind,
                        std::string(json::string_at(m.document, {"metadata", "namespace"}, ns)),
                        std::string(json::string_at(m.document, {"metadata", "name"})),
                        {}});
    }
  } else {
    if (words.empty()) return usage_error("delete", "must name what to delete, or -f");
    for (size_t i = 0; i < words.size(); ++i) {
      const auto slash = words[i].find('/');
      if (slash == std::string::npos && i > 0 && words[0].find('/') != std::string::npos)
        return usage_error("delete", "mixes TYPE/NAME with plain names");
      if (slash == std::string::npos && i == 0) continue;
      const auto kind = find_resource(slash == std::string::npos ? words[0] : words[i].substr(0, slash));
      if (!kind) return report(kind.error());
      doomed.push_back({*kind, ns, slash == std::string::npos ? words[i] : words[i].substr(slash + 1), {}});
    }
    if (doomed.empty()) {
      if (!all && labels.empty()) return usage_error("delete", "resource(s) were provided, but no name was specified");
      const auto kind = find_resource(words[0]);
      if (!kind) return report(kind.error());
      const auto list = client.call(
          "GET", resource_path(**kind, ns) + (labels.empty() ? "" : "?labelSelector=" + base::percent_encode(labels)));
      if (!list) return report(list.error());
      for (const auto& item : json::array_at(*list, {"items"}))
        doomed.push_back({*kind, ns, std::string(json::string_at(item, {"metadata", "name"})), {}});
      if (doomed.empty()) print("No resources found\n");
    }
  }
  int code = kDone;
  std::vector<Doomed> going;
  for (auto& d : doomed) {
    auto removed = remove_one(client, d, flags);
    if (removed) {
      print(label(d) + (flags.force ? " force deleted\n" : " deleted\n"));
      going.push_back(*removed);
    } else if (!(removed.error().code == Code::kNotFound && flags.ignore_not_found)) {
      code = report(removed.error());
    }
  }
  if (flags.wait == "true" && !flags.force)
    for (const auto& d : going)
      if (auto gone = wait_gone(client, d); !gone) code = report(gone.error());
  return code;
}

}  // namespace appliance::cmd
