// Command-line arguments of one verb: declare, then parse. CLI11 stays behind this header.
//
//   Args args("store get", "prints the value of a key", {"appliance store get /registry/pods --prefix"});
//   args.option("--limit", limit, "at most so many keys");
//   if (auto code = args.parse(argv)) return *code;      // --help printed (0), or wrong usage explained (2)
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace appliance::cmd {

using Argv = std::span<const std::string>;

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

class Args {
 public:
  Args(std::string verb, std::string summary, std::vector<std::string> examples);
  ~Args();
  Args(const Args&) = delete;
  Args& operator=(const Args&) = delete;

  // Names as CLI users write them: "-n,--namespace". References must outlive parse().
  void flag(const std::string& names, bool& value, const std::string& help);
  void option(const std::string& names, std::string& value, const std::string& help);
  void option(const std::string& names, int& value, const std::string& help);
  void option(const std::string& names, std::vector<std::string>& values, const std::string& help);  // may be repeated
  void positional(const std::string& name, std::string& value, const std::string& help, bool required = true);
  void rest(const std::string& name, std::vector<std::string>& values, const std::string& help, bool required = false);
  void after_dashes(std::vector<std::string>& values);  // what stands behind `--`
  // nullopt: go on. Otherwise the exit code; the text was printed.
  [[nodiscard]] std::optional<int> parse(Argv argv);
  [[nodiscard]] bool given(const std::string& name) const;  // "--limit" was on the command line

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::cmd
