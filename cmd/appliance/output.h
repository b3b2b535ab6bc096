// What a person reads: errors, steps with their time, tables. Colours and progress only on a terminal.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::cmd {

// `error: what: why` and, when there is one, `hint: what to do` on standard error. Returns kFailed.
int report(const Error& error);
int report(std::string_view what, const Error& error);
int usage_error(std::string_view verb, std::string_view why);  // returns kUsage

// Lines of `up` and friends: "  ok  store open            12 ms".
class Steps {
 public:
  Steps();
  void begin(std::string what);  // shown at once on a terminal
  void done(std::string_view note = {});
  void skip(std::string_view what, std::string_view note);

 private:
  bool terminal_;
  std::string what_;
  std::chrono::steady_clock::time_point start_;
};

// Columns aligned as kubectl aligns them: three blanks between, no blanks at line ends.
std::string table(const std::vector<std::vector<std::string>>& rows);
bool is_terminal(int fd);
void print(std::string_view text);  // to standard output, all of it

}  // namespace appliance::cmd
