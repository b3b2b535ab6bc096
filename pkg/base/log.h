// The structured log. A Log is a cheap value: a sink and the fields that every line of this component carries.
//
//   Log log = root.with({{"component", "scheduler"}});
//   log.info("pod bound", {{"pod", key}, {"node", node}});
//
// Constant message in lower case, data in fields, no secrets ever. error = someone must act; warn = we go on, and how;
// info = state changed; debug = per request. Thread-safe. One line per event, text or JSON, written with one write(2).
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace appliance::base {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarn, kError };
enum class LogFormat : unsigned char { kText, kJson };

struct LogField {
  LogField(std::string_view key, std::string_view value) : key(key), value(value) {}
  LogField(std::string_view key, const char* value) : key(key), value(value) {}
  LogField(std::string_view key, const std::string& value) : key(key), value(value) {}
  LogField(std::string_view key, bool value) : key(key), value(value ? "true" : "false"), quoted(false) {}
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  LogField(std::string_view key, T value) : key(key), value(std::to_string(value)), quoted(false) {}
  LogField(std::string_view key, const Error& error) : key(key), value(error.message) {}

  std::string key;
  std::string value;
  bool quoted = true;  // false: a number or a bool, written bare in JSON
};

class LogSink {
 public:
  LogSink(int fd, LogLevel level, LogFormat format, const Clock& clock)
      : fd_(fd), level_(level), format_(format), clock_(clock) {}
  void write(LogLevel level, std::string_view message, const std::vector<LogField>& common,
             std::initializer_list<LogField> fields);
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= level_; }

 private:
  int fd_;
  LogLevel level_;
  LogFormat format_;
  const Clock& clock_;
};

class Log {
 public:
  Log() = default;  // swallows everything
  explicit Log(std::shared_ptr<LogSink> sink) : sink_(std::move(sink)) {}
  [[nodiscard]] Log with(std::initializer_list<LogField> fields) const;
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kInfo, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kWarn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    put(LogLevel::kError, message, fields);
  }

 private:
  void put(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
    if (sink_ && sink_->enabled(level)) sink_->write(level, message, fields_, fields);
  }
  std::shared_ptr<LogSink> sink_;
  std::vector<LogField> fields_;
};

Result<LogLevel> parse_log_level(std::string_view text);  // debug info warn error

}  // namespace appliance::base
