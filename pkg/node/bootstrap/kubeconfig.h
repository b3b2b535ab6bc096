// kubeconfig files: the admin's own, and the context `appliance` merged into a person's.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"
#include "node/pki/pki.h"

namespace appliance::node {

inline constexpr std::string_view kContextName = "appliance";

// A whole kubeconfig with one cluster, user and context, all named `appliance`.
json::Value admin_kubeconfig(const Pki& pki, const std::string& server_url);

// Pure: `existing` (null when there was no file) with our three entries replaced and current-context set to ours when
// it was unset or `take_over`. Everything else stays as it was.
json::Value merge_kubeconfig(const json::Value& existing, const json::Value& ours, bool take_over);
// Pure: without our entries; current-context is removed when it was ours. Null when nothing else is left.
json::Value remove_from_kubeconfig(const json::Value& existing);

// Whose kubeconfig: $KUBECONFIG's first file, or ~/.kube/config of the person who ran us, through sudo as well.
struct KubeconfigTarget {
  std::string path;
  unsigned uid = 0;
  unsigned gid = 0;
  unsigned mode = 0600;
  bool merge = true;  // false: the file is ours alone (--write-kubeconfig)
};
Result<KubeconfigTarget> kubeconfig_target();
// Out of /etc/passwd, read by ourselves: a static program does not load the host's name services.
Result<std::string> home_of(unsigned uid);

// Writes with the owner's ids, 0600. A folder that we make belongs to them too, and is noted in `note_path`, one in
// each line. True when the file changed.
Result<bool> install_kubeconfig(const KubeconfigTarget& target, const json::Value& ours, const std::string& note_path);
// What uninstall does; a file that we alone filled is removed, and its folder when the note says that we made it and
// nothing else is in it. Call before the note is removed.
Result<bool> uninstall_kubeconfig(const KubeconfigTarget& target, const std::string& note_path);

// Whose files hold our entries, so that whoever uninstalls, a package manager say, finds those of everyone. The list
// has a line for each, "uid gid path"; a line that is none is passed over.
std::string kubeconfig_list(const std::string& data_dir);
Result<> remember_kubeconfig(const KubeconfigTarget& target, const std::string& list_path);  // once is enough
Result<std::vector<KubeconfigTarget>> remembered_kubeconfigs(const std::string& list_path);

}  // namespace appliance::node
