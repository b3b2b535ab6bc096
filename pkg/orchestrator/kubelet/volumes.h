// A pod's folder on this node and its volumes:
//
//   <data-dir>/pods/<uid>/volumes/NAME        emptyDir, configMap, secret, downwardAPI, projected
//                        /subpaths/VOL/CONTAINER/N   bind mounts of what subPath resolved to
//                        /etc/{hosts,resolv.conf,hostname}
//                        /containers/NAME/ATTEMPT    termination log
//
// Paths below a volume come from people (subPath): they are resolved with openat2(RESOLVE_BENEATH) and bound by
// descriptor, so that a link planted in the volume can't lead out of it. Blocking.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/kubelet/projection.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

class PodDir {
 public:
  PodDir(const std::string& data_dir, const std::string& uid) : path_(data_dir + "/pods/" + uid) {}
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string volume(const std::string& name) const { return path_ + "/volumes/" + name; }
  [[nodiscard]] std::string etc(const std::string& file) const { return path_ + "/etc/" + file; }
  [[nodiscard]] std::string termination_log(const std::string& container, uint32_t attempt) const {
    return path_ + "/containers/" + container + '/' + std::to_string(attempt);
  }

 private:
  std::string path_;
};

// Makes or refreshes one volume. kUnimplemented for types that are not there (the message names it).
Result<> setup_volume(const PodDir& dir, const json::Value& volume, const ProjectionInput& in, base::WallTime now);

// The host path behind a volume of the pod: its folder, or the path of a hostPath volume.
Result<std::string> volume_host_path(const PodDir& dir, const PodSpec& pod, const std::string& volume);
// The same below it: resolved inside, made when absent, bound to a private place which is returned.
Result<std::string> bind_subpath(const PodDir& dir, const std::string& volume_path, const std::string& volume,
                                 const std::string& container, size_t index, const std::string& sub_path);

Result<> unmount_pod_dir(const PodDir& dir);  // undoes the mounts below the folder
// The same, and removes the folder. Absent is fine.
Result<> remove_pod_dir(const PodDir& dir);

}  // namespace appliance::orchestrator::kubelet
