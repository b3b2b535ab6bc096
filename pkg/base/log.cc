#include "base/log.h"

#include <unistd.h>

namespace appliance::base {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error"};
constexpr size_t kValueBytesMax = 4096;  // a hostile name must not make a line that no log reader takes

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (unsigned char c : text.substr(0, kValueBytesMax)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
  out += '"';
}

bool plain(std::string_view text) {
  if (text.empty()) return false;
  for (unsigned char c : text)
    if (c <= 0x20 || c == '"' || c == '=' || c == '\\' || c >= 0x7f) return false;
  return true;
}

void append_text(std::string& out, const LogField& field) {
  out += ' ';
  out += field.key;
  out += '=';
  if (!field.quoted || plain(field.value)) {
    out += field.value;
  } else {
    append_quoted(out, field.value);
  }
}

void append_json(std::string& out, const LogField& field) {
  out += ',';
  append_quoted(out, field.key);
  out += ':';
  if (field.quoted) {
    append_quoted(out, field.value);
  } else {
    out += field.value;
  }
}

}  // namespace

void LogSink::write(LogLevel level, std::string_view message, const std::vector<LogField>& common,
                    std::initializer_list<LogField> fields) {
  std::string line;
  line.reserve(256);
  const std::string_view name = kLevelNames[static_cast<size_t>(level)];
  const std::string time = format_rfc3339_micro(clock_.now());
  if (format_ == LogFormat::kJson) {
    line += "{\"time\":\"" + time + "\",\"level\":\"" + std::string(name) + "\",\"msg\":";
    append_quoted(line, message);
    for (const auto& f : common) append_json(line, f);
    for (const auto& f : fields) append_json(line, f);
    line += "}\n";
  } else {
    line += time + ' ' + std::string(name) + ' ';
    line += message;
    for (const auto& f : common) append_text(line, f);
    for (const auto& f : fields) append_text(line, f);
    line += '\n';
  }
  (void)!::write(fd_, line.data(), line.size());  // a log that can't be written must not stop the server
}

Log Log::with(std::initializer_list<LogField> fields) const {
  Log out = *this;
  out.fields_.insert(out.fields_.end(), fields.begin(), fields.end());
  return out;
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i)
    if (kLevelNames[i] == text) return static_cast<LogLevel>(i);
  return fail(Code::kInvalidArgument, "log level \"" + std::string(text) + "\": must be debug, info, warn or error");
}

}  // namespace appliance::base
