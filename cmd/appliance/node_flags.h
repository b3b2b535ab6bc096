// The flags of `up` and `server`, declared from the one table of options.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cmd/appliance/args.h"
#include "node/config/config.h"

namespace appliance::cmd {

class NodeFlags {
 public:
  explicit NodeFlags(Args& args);
  // Flag over environment over file over default, then completed and checked.
  [[nodiscard]] Result<node::Config> config(const Args& args) const;
  // The flags that were given, as the server is to be called with.
  [[nodiscard]] std::vector<std::string> given(const Args& args) const;

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> lists_;
  std::map<std::string, bool> bools_;
};

}  // namespace appliance::cmd
