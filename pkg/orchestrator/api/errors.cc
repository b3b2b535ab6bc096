#include "orchestrator/api/errors.h"

#include <set>

#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {
namespace {

constexpr size_t kCausesMax = 500;  // shown of one object: a 3 MiB body could ask for hundreds of thousands

struct TypeText {
  std::string_view reason;
  std::string_view message;
};

TypeText text_of(FieldError::Type type) {
  switch (type) {
    case FieldError::Type::kRequired:
      return {"FieldValueRequired", "Required value"};
    case FieldError::Type::kInvalid:
      return {"FieldValueInvalid", "Invalid value"};
    case FieldError::Type::kNotSupported:
      return {"FieldValueNotSupported", "Unsupported value"};
    case FieldError::Type::kForbidden:
      return {"FieldValueForbidden", "Forbidden"};
    case FieldError::Type::kDuplicate:
      return {"FieldValueDuplicate", "Duplicate value"};
    case FieldError::Type::kNotFound:
      return {"FieldValueNotFound", "Not found"};
    case FieldError::Type::kTooLong:
      return {"FieldValueTooLong", "Too long"};
    case FieldError::Type::kTooMany:
      return {"FieldValueTooMany", "Too many"};
    case FieldError::Type::kTypeInvalid:
      return {"FieldValueTypeInvalid", "Invalid value"};
  }
  return {"FieldValueInvalid", "Invalid value"};
}

std::string body_of(const FieldError& error) {
  std::string out(text_of(error.type).message);
  if (!error.value.empty()) out += ": " + error.value;
  if (!error.detail.empty()) out += ": " + error.detail;
  return out;
}

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

ApiError error_of(const Kind& kind, int code, std::string reason, std::string_view name, std::string message) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  error.name = name;
  error.group = kind.group;
  error.kind = kind.plural;
  return error;
}

struct CodeStatus {
  Code code;
  int http;
  std::string_view reason;
};

// One row per Code; the first row that fits a Status wins in code_of_status().
constexpr CodeStatus kStatuses[] = {
    {Code::kInvalidArgument, 400, "BadRequest"},
    {Code::kInvalidArgument, 422, "Invalid"},
    {Code::kUnauthenticated, 401, "Unauthorized"},
    {Code::kPermissionDenied, 403, "Forbidden"},
    {Code::kNotFound, 404, "NotFound"},
    {Code::kAlreadyExists, 409, "AlreadyExists"},
    {Code::kAborted, 409, "Conflict"},
    {Code::kOutOfRange, 410, "Expired"},
    {Code::kOutOfRange, 410, "Gone"},
    {Code::kResourceExhausted, 429, "TooManyRequests"},
    {Code::kResourceExhausted, 413, "RequestEntityTooLarge"},
    {Code::kUnimplemented, 405, "MethodNotAllowed"},
    {Code::kUnavailable, 503, "ServiceUnavailable"},
    {Code::kDeadlineExceeded, 504, "Timeout"},
    {Code::kInternal, 500, "InternalError"},
    {Code::kInvalidArgument, 415, "UnsupportedMediaType"},
    {Code::kInvalidArgument, 406, "NotAcceptable"},
};

}  // namespace

FieldError required(std::string field, std::string detail) {
  return {.type = FieldError::Type::kRequired, .field = std::move(field), .value = {}, .detail = std::move(detail)};
}

FieldError invalid(std::string field, const json::Value& value, std::string detail) {
  return {.type = FieldError::Type::kInvalid,
          .field = std::move(field),
          .value = json::serialize(value),
          .detail = std::move(detail)};
}

FieldError forbidden(std::string field, std::string detail) {
  return {.type = FieldError::Type::kForbidden, .field = std::move(field), .value = {}, .detail = std::move(detail)};
}

FieldError not_supported(std::string field, const json::Value& value, std::vector<std::string> supported) {
  std::string detail = "supported values: ";
  for (size_t i = 0; i < supported.size(); ++i) detail += (i == 0 ? "" : ", ") + quoted(supported[i]);
  if (supported.empty()) detail.clear();
  return {.type = FieldError::Type::kNotSupported,
          .field = std::move(field),
          .value = json::serialize(value),
          .detail = std::move(detail)};
}

FieldError duplicate(std::string field, const json::Value& value) {
  return {
      .type = FieldError::Type::kDuplicate, .field = std::move(field), .value = json::serialize(value), .detail = {}};
}

FieldError not_found(std::string field, const json::Value& value) {
  return {
      .type = FieldError::Type::kNotFound, .field = std::move(field), .value = json::serialize(value), .detail = {}};
}

std::string message_of(const FieldError& error) {
  return (error.field.empty() ? std::string("<nil>") : error.field) + ": " + body_of(error);
}

ApiError not_found(const Kind& kind, std::string_view name) {
  return error_of(kind, 404, "NotFound", name, kind.resource() + ' ' + quoted(name) + " not found");
}

ApiError already_exists(const Kind& kind, std::string_view name) {
  return error_of(kind, 409, "AlreadyExists", name, kind.resource() + ' ' + quoted(name) + " already exists");
}

ApiError conflict(const Kind& kind, std::string_view name, std::string_view why) {
  return error_of(kind, 409, "Conflict", name,
                  "Operation cannot be fulfilled on " + kind.resource() + ' ' + quoted(name) + ": " + std::string(why));
}

ApiError conflict_modified(const Kind& kind, std::string_view name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

ApiError invalid(const Kind& kind, std::string_view name, const std::vector<FieldError>& errors) {
  ApiError error = error_of(kind, 422, "Invalid", name, {});
  error.kind = kind.kind;
  std::vector<std::string> messages;
  std::set<std::string> seen;
  for (const auto& one : errors) {
    if (error.causes.size() >= kCausesMax) {
      messages.push_back("and " + std::to_string(errors.size() - kCausesMax) + " more");
      break;
    }
    error.causes.push_back(
        {.reason = std::string(text_of(one.type).reason), .message = body_of(one), .field = one.field});
    auto message = message_of(one);
    if (seen.insert(message).second) messages.push_back(std::move(message));
  }
  std::string joined;
  for (const auto& message : messages) joined += (joined.empty() ? "" : ", ") + message;
  if (messages.size() > 1) joined = '[' + joined + ']';
  error.message = kind.kind + (kind.group.empty() ? "" : '.' + kind.group) + ' ' + quoted(name) + " is invalid";
  if (!joined.empty()) error.message += ": " + joined;
  return error;
}

ApiError bad_request(std::string message) {
  ApiError error;
  error.code = 400;
  error.reason = "BadRequest";
  error.message = std::move(message);
  return error;
}

ApiError forbidden(const Kind& kind, std::string_view name, std::string_view why) {
  const std::string what = name.empty() ? kind.resource() : kind.resource() + ' ' + quoted(name);
  return error_of(kind, 403, "Forbidden", name, what + " is forbidden: " + std::string(why));
}

ApiError internal_error(std::string message) {
  ApiError error;
  error.code = 500;
  error.reason = "InternalError";
  error.message = "Internal error occurred: " + std::move(message);
  error.causes.push_back({.reason = {}, .message = error.message.substr(25), .field = {}});
  return error;
}

ApiError from_error(const Error& error) {
  for (const auto& row : kStatuses) {
    if (row.code != error.code) continue;
    if (row.code == Code::kInternal) break;
    ApiError out;
    out.code = row.http;
    out.reason = row.reason;
    out.message = error.message;
    if (row.http == 429 || row.http == 503) out.retry_after_seconds = 1;
    return out;
  }
  return internal_error(error.message);
}

json::Value to_status(const ApiError& error) {
  json::Object status = {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::Object()}, {"status", "Failure"}};
  status["message"] = error.message;
  if (!error.reason.empty()) status["reason"] = error.reason;
  json::Object details;
  if (!error.name.empty()) details["name"] = error.name;
  if (!error.group.empty()) details["group"] = error.group;
  if (!error.kind.empty()) details["kind"] = error.kind;
  if (!error.uid.empty()) details["uid"] = error.uid;
  if (!error.causes.empty()) {
    json::Array causes;
    for (const auto& cause : error.causes) {
      json::Object one;
      if (!cause.reason.empty()) one["reason"] = cause.reason;
      if (!cause.message.empty()) one["message"] = cause.message;
      if (!cause.field.empty()) one["field"] = cause.field;
      causes.emplace_back(std::move(one));
    }
    details["causes"] = std::move(causes);
  }
  if (error.retry_after_seconds > 0) details["retryAfterSeconds"] = error.retry_after_seconds;
  if (!details.empty()) status["details"] = std::move(details);
  status["code"] = error.code;
  return status;
}

json::Value success_status(const Kind& kind, std::string_view name, std::string_view uid) {
  json::Object details;
  details["name"] = json::String(name);
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.plural;
  if (!uid.empty()) details["uid"] = json::String(uid);
  return json::Object{{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::Object()},
                      {"status", "Success"},
                      {"details", std::move(details)}};
}

Code code_of_status(int http_code, std::string_view reason) {
  if (http_code >= 200 && http_code < 300) return Code::kOk;
  for (const auto& row : kStatuses)
    if (row.reason == reason) return row.code;
  for (const auto& row : kStatuses)
    if (row.http == http_code) return row.code;
  return http_code >= 500 ? Code::kInternal : Code::kUnknown;
}

}  // namespace appliance::orchestrator::api
