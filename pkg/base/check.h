// APP_CHECK: for what cannot happen. Always on, in every build; prints file, line and reason, then aborts (the
// supervisor of each pod lives on, and the server restarts from what is on disk).
#pragma once

#include <string_view>

namespace appliance::base {
[[noreturn]] void check_failed(const char* file, int line, const char* expression, std::string_view detail);
}

#define APP_CHECK(expr)                                               \
  do {                                                                \
    if (!(expr)) [[unlikely]]                                         \
      ::appliance::base::check_failed(__FILE__, __LINE__, #expr, {}); \
  } while (0)
#define APP_CHECK_MSG(expr, detail)                                       \
  do {                                                                    \
    if (!(expr)) [[unlikely]]                                             \
      ::appliance::base::check_failed(__FILE__, __LINE__, #expr, detail); \
  } while (0)
