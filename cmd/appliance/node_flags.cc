#include "cmd/appliance/node_flags.h"

namespace appliance::cmd {

using Kind = node::Option::Kind;

NodeFlags::NodeFlags(Args& args) {
  for (const auto& option : node::options()) {
    const auto flag = "--" + option.name;
    switch (option.kind) {
      case Kind::kBool:
        args.flag(flag, bools_[option.name], option.help);
        break;
      case Kind::kList:
        args.option(flag, lists_[option.name], option.help);
        break;
      default:
        args.option(flag, texts_[option.name], option.help);
        break;
    }
  }
}

Result<node::Config> NodeFlags::config(const Args& args) const {
  node::Config config;
  TRY(node::apply_environment(config));  // may name the file
  const bool named = args.given("--config");
  if (named) config.config = texts_.at("config");
  const auto path = config.config;
  config = {};
  TRY(node::apply_file(config, path, named));
  TRY(node::apply_environment(config));
  for (const auto& option : node::options()) {
    if (!args.given("--" + option.name)) continue;
    if (option.kind == Kind::kBool) {
      TRY(option.set(config, bools_.at(option.name) ? "true" : "false"));
    } else if (option.kind == Kind::kList) {
      for (const auto& value : lists_.at(option.name)) TRY(option.set(config, value));
    } else {
      TRY_CTX(option.set(config, texts_.at(option.name)), "--" + option.name);
    }
  }
  TRY(node::complete(config));
  return config;
}

std::vector<std::string> NodeFlags::given(const Args& args) const {
  std::vector<std::string> out;
  for (const auto& option : node::options()) {
    const auto flag = "--" + option.name;
    if (!args.given(flag)) continue;
    if (option.kind == Kind::kBool) {
      out.push_back(flag);
    } else if (option.kind == Kind::kList) {
      for (const auto& value : lists_.at(option.name)) out.insert(out.end(), {flag, value});
    } else {
      out.insert(out.end(), {flag, texts_.at(option.name)});
    }
  }
  return out;
}

}  // namespace appliance::cmd
