#include "orchestrator/api/names.h"

#include <arpa/inet.h>

#include <algorithm>

namespace appliance::orchestrator::api {
namespace {

constexpr size_t kLabelMax = 63;
constexpr size_t kSubdomainMax = 253;
constexpr size_t kPortNameMax = 15;

constexpr std::string_view kQualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kQualifiedText =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_letter(c) || is_digit(c); }

std::string regex_text(std::string_view message, std::string_view format,
                       std::initializer_list<std::string_view> examples) {
  std::string out(message);
  if (examples.size() == 0) return out + " (regex used for validation is '" + std::string(format) + "')";
  out += " (e.g. ";
  bool is_first = true;
  for (const auto example : examples) {
    if (!is_first) out += " or ";
    is_first = false;
    out += '\'' + std::string(example) + "', ";
  }
  return out + "regex used for validation is '" + std::string(format) + "')";
}

std::string too_long(size_t max) { return "must be no more than " + std::to_string(max) + " characters"; }

bool is_dns_label(std::string_view text) {
  return !text.empty() && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  size_t from = 0;
  while (true) {
    const size_t dot = text.find('.', from);
    if (!is_dns_label(text.substr(from, dot == std::string_view::npos ? dot : dot - from))) return false;
    if (dot == std::string_view::npos) return true;
    from = dot + 1;
  }
}

bool is_qualified_part(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string_view view(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string().data(), value.get_string().size())
                           : std::string_view();
}

void check_expression(std::vector<FieldError>& errors, const std::string& at, const json::Value& expression) {
  const std::string_view op = json::string_at(expression, {"operator"});
  const auto& values = json::array_at(expression, {"values"});
  if (op == "In" || op == "NotIn") {
    if (values.empty())
      errors.push_back(required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!values.empty())
      errors.push_back(forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else {
    errors.push_back(invalid(at + ".operator", json::String(op), "not a valid selector operator"));
  }
  const std::string_view key = json::string_at(expression, {"key"});
  add_invalid(errors, at + ".key", key, check_qualified_name(key));
  for (size_t i = 0; i < values.size(); ++i)
    add_invalid(errors, at + ".values[" + std::to_string(i) + ']', view(values[i]), check_label_value(view(values[i])));
}

}  // namespace

std::vector<std::string> check_dns_label(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kLabelMax) out.push_back(too_long(kLabelMax));
  if (is_dns_label(text)) return out;
  if (is_dns_subdomain(text)) {
    out.emplace_back("must not contain dots");
    return out;
  }
  out.push_back(regex_text(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
      "with an alphanumeric character",
      "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
  return out;
}

std::vector<std::string> check_dns_subdomain(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kSubdomainMax) out.push_back(too_long(kSubdomainMax));
  if (!is_dns_subdomain(text))
    out.push_back(regex_text(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character",
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", {"example.com"}));
  return out;
}

std::vector<std::string> check_dns_1035_label(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kLabelMax) out.push_back(too_long(kLabelMax));
  if (!is_dns_label(text) || !is_lower(text.front()))
    out.push_back(
        regex_text("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                   "alphabetic character, "
                   "and end with an alphanumeric character",
                   "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  return out;
}

std::vector<std::string> check_path_segment(std::string_view text) {
  if (text == "." || text == "..") return {"may not be '" + std::string(text) + "'"};
  std::vector<std::string> out;
  for (const char c : {'/', '%'})
    if (text.find(c) != std::string_view::npos) out.push_back(std::string("may not contain '") + c + '\'');
  return out;
}

std::vector<std::string> check_qualified_name(std::string_view text) {
  std::vector<std::string> out;
  std::string_view name = text;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      out.push_back("a qualified name " +
                    regex_text(kQualifiedText, kQualifiedFormat, {"MyName", "my.name", "123-abc"}) +
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
      return out;
    }
    const std::string_view prefix = text.substr(0, slash);
    if (prefix.empty()) {
      out.emplace_back("prefix part must be non-empty");
    } else {
      for (const auto& why : check_dns_subdomain(prefix)) out.push_back("prefix part " + why);
    }
  }
  if (name.empty()) {
    out.emplace_back("name part must be non-empty");
  } else if (name.size() > kLabelMax) {
    out.push_back("name part " + too_long(kLabelMax));
  }
  if (!is_qualified_part(name))
    out.push_back("name part " + regex_text(kQualifiedText, kQualifiedFormat, {"MyName", "my.name", "123-abc"}));
  return out;
}

std::vector<std::string> check_label_value(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kLabelMax) out.push_back(too_long(kLabelMax));
  if (!text.empty() && !is_qualified_part(text))
    out.push_back(regex_text(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end with an alphanumeric character",
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  return out;
}

std::vector<std::string> check_env_name(std::string_view text) {
  // Since 1.32 any printable ASCII but '='.
  const bool is_fine =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
  if (is_fine) return {};
  return {regex_text("a valid environment variable name must consist only of printable ASCII characters other than '='",
                     "^[ -<>-~]+$", {})};
}

std::vector<std::string> check_config_key(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kSubdomainMax) out.push_back(too_long(kSubdomainMax));
  const bool is_fine = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (!is_fine)
    out.push_back(regex_text("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                             "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  if (text == ".") out.emplace_back("must not be '.'");
  if (text == "..") {
    out.emplace_back("must not be '..'");
  } else if (text.starts_with("..")) {
    out.emplace_back("must not start with '..'");
  }
  return out;
}

std::vector<std::string> check_port_name(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > kPortNameMax) out.push_back(too_long(kPortNameMax));
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; }))
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!std::any_of(text.begin(), text.end(), is_lower)) out.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos) out.emplace_back("must not contain consecutive hyphens");
  if (!text.empty() && (text.front() == '-' || text.back() == '-'))
    out.emplace_back("must not begin or end with a hyphen");
  return out;
}

std::vector<std::string> check_port(int64_t number) {
  if (number >= 1 && number <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return text.size() < 16 && inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ip(std::string_view text) {
  in6_addr address{};
  return is_ipv4(text) || (text.size() < 46 && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1);
}

void add_invalid(std::vector<FieldError>& errors, const std::string& field, std::string_view value,
                 const std::vector<std::string>& why) {
  for (const auto& one : why) errors.push_back(invalid(field, json::String(value), one));
}

void check_labels(std::vector<FieldError>& errors, const std::string& field, const json::Value* labels) {
  if (labels == nullptr || !labels->is_object()) return;
  for (const auto& label : labels->get_object()) {
    const std::string_view key = {label.key().data(), label.key().size()};
    add_invalid(errors, field, key, check_qualified_name(key));
    add_invalid(errors, field, view(label.value()), check_label_value(view(label.value())));
  }
}

void check_label_selector(std::vector<FieldError>& errors, const std::string& field, const json::Value* selector) {
  if (selector == nullptr || !selector->is_object()) return;
  check_labels(errors, field + ".matchLabels", json::find(*selector, {"matchLabels"}));
  const auto& expressions = json::array_at(*selector, {"matchExpressions"});
  for (size_t i = 0; i < expressions.size(); ++i)
    check_expression(errors, field + ".matchExpressions[" + std::to_string(i) + ']', expressions[i]);
}

}  // namespace appliance::orchestrator::api
