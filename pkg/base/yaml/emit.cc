// The writer: block style, two blanks, lists not indented below their key; scalars plain where they may be, single
// quotes where a plain one would be read otherwise, double quotes for what must be escaped, literal blocks for several
// lines.
#include <algorithm>
#include <charconv>

#include "base/yaml/scalar.h"
#include "base/yaml/yaml.h"

namespace appliance::yaml {
namespace {

enum class Style : unsigned char { kPlain, kSingle, kDouble, kLiteral };

bool is_blank_or_end(std::string_view text, size_t at) {
  return at >= text.size() || text[at] == ' ' || text[at] == '\t' || text[at] == '\n';
}

// Characters that the writer may not show as they are: controls, and U+0085, U+2028, U+2029, U+FEFF, which are breaks
// or marks.
bool has_unprintable(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7F) return true;
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
    if (text.substr(i).starts_with("\xE2\x80\xA8") || text.substr(i).starts_with("\xE2\x80\xA9") ||
        text.substr(i).starts_with("\xEF\xBB\xBF"))
      return true;
  }
  return false;
}

bool has_indicator(std::string_view text) {
  if (text.starts_with("---") || text.starts_with("...")) return true;
  if (std::string_view("#,[]{}&*!|>'\"%@`").find(text.front()) != std::string_view::npos) return true;
  if ((text.front() == '-' || text.front() == '?' || text.front() == ':') && is_blank_or_end(text, 1)) return true;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':' && is_blank_or_end(text, i + 1)) return true;
    if (text[i] == '#' && is_blank_or_end(text, i - 1)) return true;
  }
  return false;
}

Style style_of(std::string_view text) {
  const bool has_lines = text.find('\n') != std::string_view::npos;
  if (has_unprintable(text)) return Style::kDouble;
  if (has_lines) {
    // A blank in front of a break, or at the end, can't be seen in a block.
    const bool is_hidden = text.find(" \n") != std::string_view::npos || text.back() == ' ';
    return is_hidden ? Style::kDouble : Style::kLiteral;
  }
  if (text.empty() || must_quote(text)) return Style::kDouble;
  if (text.front() == ' ' || text.back() == ' ' || has_indicator(text)) return Style::kSingle;
  return Style::kPlain;
}

void append_double(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      out += "\\x";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
    } else if (text.substr(i).starts_with("\xEF\xBB\xBF")) {
      out += "\\uFEFF";
      i += 2;
    } else if (text.substr(i).starts_with("\xE2\x80\xA8") || text.substr(i).starts_with("\xE2\x80\xA9")) {
      out += text[i + 2] == '\xA8' ? "\\L" : "\\P";
      i += 2;
    } else if (c == 0xC2 && i + 1 < text.size() && text[i + 1] == '\x85') {
      out += "\\u0085";  // not \N, which yaml-cpp reads as one byte
      ++i;
    } else {
      out += text[i];
    }
  }
  out += '"';
}

void append_single(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

void append_literal(std::string& out, std::string_view text, size_t indent) {
  out += '|';
  if (text.front() == ' ' || text.front() == '\n') out += '2';
  if (text.back() != '\n') {
    out += '-';
  } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
    out += '+';
  }
  size_t from = 0;
  while (from < text.size()) {
    const size_t end = std::min(text.find('\n', from), text.size());
    out += '\n';
    if (end > from) out.append(indent, ' ').append(text.substr(from, end - from));
    from = end + 1;
  }
}

void append_string(std::string& out, std::string_view text, size_t indent) {
  switch (style_of(text)) {
    case Style::kPlain:
      out += text;
      return;
    case Style::kSingle:
      append_single(out, text);
      return;
    case Style::kDouble:
      append_double(out, text);
      return;
    case Style::kLiteral:
      append_literal(out, text, indent);
      return;
  }
}

void append_key(std::string& out, std::string_view key) {
  if (style_of(key) == Style::kLiteral) {
    append_double(out, key);
  } else {
    append_string(out, key, 0);
  }
}

void append_number(std::string& out, const json::Value& value) {
  if (!value.is_double()) {
    out += json::serialize(value);
    return;
  }
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value.get_double()).ptr;
  out.append(text, end);
}

void append(std::string& out, const json::Value& value, size_t indent, bool is_list_item);

void append_object(std::string& out, const json::Object& object, size_t indent, bool is_list_item) {
  std::vector<std::pair<std::string_view, const json::Value*>> members;
  members.reserve(object.size());
  for (const auto& member : object)
    members.emplace_back(std::string_view(member.key().data(), member.key().size()), &member.value());
  // kubectl's order has circles ("01,~5", "01,15", "00S"): std::sort would leave its bounds on them. A stable sort does
  // not, and from one beginning it comes to one end.
  std::ranges::sort(members, {}, [](const auto& member) { return member.first; });
  std::ranges::stable_sort(members, key_less, [](const auto& member) { return member.first; });
  bool is_first = is_list_item;  // stands behind "- "
  for (const auto& [key, value] : members) {
    if (!is_first) out.append(indent, ' ');
    is_first = false;
    append_key(out, key);
    out += ':';
    append(out, *value, indent, false);
  }
}

void append_array(std::string& out, const json::Array& array, size_t indent, bool is_list_item) {
  bool is_first = is_list_item;
  for (const auto& element : array) {
    if (!is_first) out.append(indent, ' ');
    is_first = false;
    out += '-';
    append(out, element, indent + 2, true);
  }
}

// What follows "key:" or "-", up to and with the line's end. `indent` is that of the parent's members.
void append(std::string& out, const json::Value& value, size_t indent, bool is_list_item) {
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += is_list_item ? ' ' : '\n';
    append_object(out, *object, is_list_item ? indent : indent + 2, is_list_item);
    return;
  }
  if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += is_list_item ? ' ' : '\n';
    append_array(out, *array, indent, is_list_item);
    return;
  }
  out += ' ';
  if (value.is_object()) {
    out += "{}";
  } else if (value.is_array()) {
    out += "[]";
  } else if (value.is_string()) {
    append_string(out, {value.get_string().data(), value.get_string().size()}, is_list_item ? indent : indent + 2);
  } else if (value.is_number()) {
    append_number(out, value);
  } else {
    out += json::serialize(value);
  }
  // A literal that keeps its last breaks has written all but one of them.
  out += '\n';
}

}  // namespace

std::string emit(const json::Value& value) {
  std::string out;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    append_object(out, *object, 0, false);
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    append_array(out, *array, 0, false);
  } else {
    append(out, value, 0, false);
    out.erase(0, 1);  // the blank behind a key that isn't there
  }
  return out;
}

}  // namespace appliance::yaml
