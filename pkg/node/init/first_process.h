// The first process of a machine: keeps one server running, reaps what is orphaned, and turns the machine off when the
// server was told to stop. With console_verbs each line typed on the console is one verb of this binary; there is no
// shell. After its output stands `[exit N]` on a line of its own.
//
//   return init::run_first_process({.server_flags = {"--no-demo"}, .server_log = "/dev/ttyS1"}, log);
//
// Single-threaded; does not return unless it cannot go on (then the kernel panics, which is right: it restarts).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace appliance::node::init {

struct FirstProcess {
  std::vector<std::string> server_flags{};
  std::string server_log{};  // where the server's own lines go; a file or a device
  bool console_verbs = false;
};

Result<> run_first_process(const FirstProcess& options, const base::Log& log);

// Words of a console line: blanks separate, double quotes hold together. kInvalidArgument: a quote that does not end.
Result<std::vector<std::string>> console_words(std::string_view line);

}  // namespace appliance::node::init
