// Versions of this build: ours, the Kubernetes release whose API we answer as, and of the libraries that are linked in.
#pragma once

#include <string>

namespace appliance::node {

struct Version {
  std::string appliance;   // "0.1.0"
  std::string kubernetes;  // "v1.33.0+appliance"
  std::string commit;      // of the tree that was built; "unknown" outside of git
  std::string compiler;    // "clang 19.1.7"
  std::string platform;    // "linux/amd64"
  std::string httplib;     // Debian's version of the source package
  std::string openssl;
  std::string boost;
  std::string sqlite;
};
Version version();

}  // namespace appliance::node
