#include "node/version.h"

// The build passes what only it knows (cmake/appliance.cmake).
#ifndef APP_VERSION
#define APP_VERSION "0.0.0"
#endif
#ifndef APP_COMMIT
#define APP_COMMIT "unknown"
#endif
#ifndef APP_HTTPLIB
#define APP_HTTPLIB "unknown"
#endif
#ifndef APP_OPENSSL
#define APP_OPENSSL "unknown"
#endif
#ifndef APP_BOOST
#define APP_BOOST "unknown"
#endif
#ifndef APP_SQLITE
#define APP_SQLITE "unknown"
#endif

namespace appliance::node {

Version version() {
#if defined(__x86_64__)
  constexpr const char* kPlatform = "linux/amd64";
#elif defined(__aarch64__)
  constexpr const char* kPlatform = "linux/arm64";
#endif
  return {.appliance = APP_VERSION,
          .kubernetes = "v1.33.0+appliance",
          .commit = APP_COMMIT,
          .compiler = "clang " __clang_version__,
          .platform = kPlatform,
          .httplib = APP_HTTPLIB,
          .openssl = APP_OPENSSL,
          .boost = APP_BOOST,
          .sqlite = APP_SQLITE};
}

}  // namespace appliance::node
