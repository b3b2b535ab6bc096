#include "net/http/message.h"

#include <strings.h>

#include <algorithm>

#include "base/strings.h"

namespace appliance::net::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string_view Headers::get(std::string_view name) const {
  for (const Header& field : fields_)
    if (same_name(field.name, name)) return field.value;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(fields_, [&](const Header& field) { return same_name(field.name, name); });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const Header& field : fields_)
    if (same_name(field.name, name)) out.emplace_back(field.value);
  return out;
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_, [&](const Header& field) { return same_name(field.name, name); });
  add(std::move(name), std::move(value));
}

Query parse_query(std::string_view text) {
  Query out;
  if (text.empty()) return out;
  for (const std::string_view pair : base::split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    out.emplace_back(base::percent_decode(name, true), base::percent_decode(value, true));
  }
  return out;
}

std::string_view Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

bool Request::has_query(std::string_view name) const {
  return std::ranges::any_of(query, [&](const auto& pair) { return pair.first == name; });
}

std::vector<std::string> Request::query_values(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : query)
    if (key == name) out.push_back(value);
  return out;
}

bool Request::query_flag(std::string_view name) const {
  if (!has_query(name)) return false;
  const std::string_view value = query_value(name);
  return value.empty() || value == "1" || value == "true";
}

Response text_response(int status, std::string body, std::string content_type) {
  Response response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body.push_back(Chunk::of(std::move(body)));
  return response;
}

Code code_of_http(int status) {
  switch (status) {
    case 400:
    case 422:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    case 410:
      return Code::kOutOfRange;
    case 429:
      return Code::kResourceExhausted;
    case 501:
      return Code::kUnimplemented;
    case 502:
    case 503:
      return Code::kUnavailable;
    case 408:
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return status >= 500 ? Code::kInternal : Code::kUnknown;
  }
}

}  // namespace appliance::net::http
