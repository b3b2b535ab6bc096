#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace appliance::base {

void check_failed(const char* file, int line, const char* expression, std::string_view detail) {
  std::fprintf(stderr, "CHECK failed: %s:%d: %s %.*s\n", file, line, expression, static_cast<int>(detail.size()),
               detail.data());
  std::abort();
}

}  // namespace appliance::base
