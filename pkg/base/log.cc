#include "base/log.h"

#include <unistd.h>

#include "base/strings.h"

namespace appliance::base {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error"};
constexpr size_t kValueBytesMax = 4096;  // a hostile name must not make a line that no log reader takes

void append_code_point(std::string& out, unsigned value) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(value >> shift) & 15U];
}

// The well-formed UTF-8 sequence that begins `text`, empty when there is none.
std::string_view sequence_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto sequence = text.substr(0, size);
  return sequence.size() == size && valid_utf8(sequence) ? sequence : std::string_view{};
}

// What a terminal would obey or a reader misplace: C1 controls, line and paragraph separators, changes of direction.
bool unruly(std::string_view sequence) {
  if (sequence.size() == 2) return sequence[0] == '\xc2' && sequence[1] < '\xa0';
  return sequence >= "\xe2\x80\xa8" && sequence <= "\xe2\x80\xae";
}

size_t append_wide(std::string& out, std::string_view text) {
  const auto sequence = sequence_of(text);
  const auto byte = [&](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(sequence[i])); };
  if (sequence.empty()) {
    append_code_point(out, 0xfffd);
    return 1;
  }
  if (!unruly(sequence)) {
    out += sequence;
  } else if (sequence.size() == 2) {
    append_code_point(out, byte(1));  // c2 xx is U+00xx
  } else {
    append_code_point(out, 0x2000 | ((byte(1) & 0x3fU) << 6U) | (byte(2) & 0x3fU));
  }
  return sequence.size();
}

// So that the line stays one line, one string and UTF-8 whatever stands in the text.
void append_escaped(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (i >= kValueBytesMax) {
      out += "...(" + std::to_string(text.size() - i) + " more bytes)";
      return;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      i += append_wide(out, text.substr(i));
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      append_code_point(out, c);
    } else {
      out += static_cast<char>(c);
    }
    ++i;
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool plain(std::string_view text) {
  if (text.empty() || text.size() > kValueBytesMax) return false;
  for (unsigned char c : text)
    if (c <= 0x20 || c == '"' || c == '=' || c == '\\' || c >= 0x7f) return false;
  return true;
}

// JSON has no name for what a division by zero makes.
bool bare_in_json(const LogField& field) {
  return !field.quoted && field.value.find_first_of("nN") == std::string::npos;
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
  if (bare_in_json(field)) {
    out += field.value;
  } else {
    append_quoted(out, field.value);
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
    append_escaped(line, message);
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
