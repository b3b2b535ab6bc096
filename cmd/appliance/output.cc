#include "cmd/appliance/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cmd/appliance/args.h"

namespace appliance::cmd {

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "hint: %s\n", error.hint.c_str());
  return kFailed;
}

int report(std::string_view what, const Error& error) { return report(error.wrap(what)); }

int usage_error(std::string_view verb, std::string_view why) {
  std::fprintf(stderr, "error: %.*s: %.*s\nhint: appliance %.*s --help\n", static_cast<int>(verb.size()), verb.data(),
               static_cast<int>(why.size()), why.data(), static_cast<int>(verb.size()), verb.data());
  return kUsage;
}

Steps::Steps() : terminal_(is_terminal(STDOUT_FILENO)) {}

void Steps::begin(std::string what) {
  what_ = std::move(what);
  start_ = std::chrono::steady_clock::now();
  if (terminal_) {
    std::printf("  ..  %s", what_.c_str());
    std::fflush(stdout);
  }
}

void Steps::done(std::string_view note) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
  std::printf("%s  ok  %-34s %6lld ms  %.*s\n", terminal_ ? "\r" : "", what_.c_str(), static_cast<long long>(ms),
              static_cast<int>(note.size()), note.data());
  std::fflush(stdout);
}

void Steps::skip(std::string_view what, std::string_view note) {
  std::printf("  --  %-34.*s           %.*s\n", static_cast<int>(what.size()), what.data(),
              static_cast<int>(note.size()), note.data());
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(width[i] - row[i].size() + 3, ' ');
    }
    out += line + '\n';
  }
  return out;
}

bool is_terminal(int fd) { return isatty(fd) == 1; }

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n <= 0) return;  // the reader went away: SIGPIPE is ignored, the exit code says it
    text.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace appliance::cmd
