#include "cmd/appliance/args.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace appliance::cmd {

struct Args::Core {
  CLI::App app;
  std::string verb;
  std::vector<std::string>* behind_dashes = nullptr;
};

Args::Args(std::string verb, std::string summary, std::vector<std::string> examples) : core_(std::make_unique<Core>()) {
  core_->verb = verb;
  core_->app.name("appliance " + verb);
  core_->app.description(std::move(summary));
  std::string footer = "Examples:";
  for (const auto& example : examples) footer += "\n  " + example;
  core_->app.footer(footer);
  core_->app.set_help_flag("-h,--help", "prints this");
  core_->app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

Args::~Args() = default;

void Args::flag(const std::string& names, bool& value, const std::string& help) {
  core_->app.add_flag(names, value, help);
}
void Args::option(const std::string& names, std::string& value, const std::string& help) {
  core_->app.add_option(names, value, help);
}
void Args::option(const std::string& names, int& value, const std::string& help) {
  core_->app.add_option(names, value, help);
}
void Args::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  core_->app.add_option(names, values, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_size(1)
      ->allow_extra_args(false);
}
void Args::positional(const std::string& name, std::string& value, const std::string& help, bool required) {
  core_->app.add_option(name, value, help)->required(required);
}
void Args::rest(const std::string& name, std::vector<std::string>& values, const std::string& help, bool required) {
  core_->app.add_option(name, values, help)->required(required)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}
void Args::after_dashes(std::vector<std::string>& values) { core_->behind_dashes = &values; }

bool Args::given(const std::string& name) const { return core_->app.count(name) > 0; }

std::optional<int> Args::parse(Argv argv) {
  std::vector<std::string> words;  // CLI11 takes them last first
  for (size_t i = 0; i < argv.size(); ++i) {
    if (core_->behind_dashes != nullptr && argv[i] == "--") {
      core_->behind_dashes->assign(argv.begin() + static_cast<std::ptrdiff_t>(i) + 1, argv.end());
      break;
    }
    words.insert(words.begin(), argv[i]);
  }
  try {
    core_->app.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << core_->app.help() << '\n';
    return kDone;
  } catch (const CLI::ParseError& error) {
    std::cerr << "error: " << core_->verb << ": " << error.what() << "\nhint: appliance " << core_->verb << " --help\n";
    return kUsage;
  }
}

}  // namespace appliance::cmd
