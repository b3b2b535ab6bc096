// Which credentials fit an image: imagePullSecrets (kubernetes.io/dockerconfigjson and dockercfg) against a reference.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"
#include "runtime/image/image_store.h"

namespace appliance::orchestrator::kubelet {

// All entries of the Secret whose registry (and path prefix) covers the image, the longest first.
std::vector<runtime::image::RegistryAuth> auths_for(const json::Value& secret, const runtime::image::Reference& image);

}  // namespace appliance::orchestrator::kubelet
